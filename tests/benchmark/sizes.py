"""The same content in the same style at several sizes: with the same settings the losses should be alike.

    python tests/benchmark/sizes.py [--sizes 128,256,512] [--content spheres] [--style swirls] [--out F]

The style picture grows with the content, as a painting does that is photographed at another size. Losses are
the engine's relative ones at full size; beside them stand Gatys' (equations 4 and 1). The sheet shows the
results at one size beside each other.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from contents import contents

from compositor import losses
from compositor.arrays import to_tensor
from compositor.engine import StyleEngine
from compositor.features import FeatureNetwork
from compositor.layers import layer_weights
from compositor.settings import DeviceChoice, Pooling, StyleSettings
from compositor.weights import load_network
from video.images import write_png
from video.painting import Painting, paint
from video.settings import Preset, with_preset

_CPU = torch.device("cpu")


def main() -> None:
    arguments = _arguments()
    settings = replace(with_preset(Preset.STANDARD)[0], device=DeviceChoice.CPU)
    sheet: list[np.ndarray] = []
    print(f"{'size':>9}{'style loss':>12}{'content loss':>14}{'eq. 4':>12}{'eq. 1':>14}")
    for width in arguments.sizes:
        height = width * 3 // 4
        content = contents(width, height)[arguments.content]
        style = paint(Painting(arguments.style), width, height)
        engine = StyleEngine(settings, style)
        result = engine.stylize(content).optimised
        style_loss, content_loss = engine.style_error(result), engine.content_error(result, content)
        equation4, equation1 = _published(result, content, style, settings)
        print(
            f"{width:5}×{height:<4}{style_loss:11.4f}{content_loss:14.4f}{equation4:12.3g}{equation1:14.3g}",
            flush=True,
        )
        shown = arguments.sizes[-1], arguments.sizes[-1] * 3 // 4
        sheet.append(cv2.resize(result, shown, interpolation=cv2.INTER_CUBIC))
    write_png(arguments.out, np.clip(np.hstack(sheet), 0.0, 1.0))


def _published(
    result: np.ndarray, content: np.ndarray, style: np.ndarray, settings: StyleSettings
) -> tuple[float, float]:
    """Equations 4 and 1 of Gatys 2016 on the settings' layers."""
    network = FeatureNetwork(load_network(), Pooling.AVERAGE, _CPU)
    style_layers, content_layers = (
        layer_weights(settings.style_layers),
        layer_weights(settings.content_layers),
    )
    with torch.no_grad():
        seen, painted, rendered = (
            network(to_tensor(each, _CPU), [*style_layers, *content_layers])
            for each in (result, style, content)
        )
        equation4 = sum(
            weight * losses.gatys_gram_distance(losses.gram(seen[name]), losses.gram(painted[name]))
            for name, weight in style_layers.items()
        )
        equation1 = sum(
            weight * losses.gatys_content_distance((seen[name] - rendered[name]).square().sum())
            for name, weight in content_layers.items()
        )
    return float(equation4), float(equation1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", type=lambda text: [int(each) for each in text.split(",")])
    parser.add_argument("--content", default="spheres")
    parser.add_argument("--style", default="swirls", choices=[each.value for each in Painting])
    parser.add_argument("--out", type=Path, default=Path("sizes.png"))
    parser.set_defaults(sizes=[128, 256, 512])
    return parser.parse_args()


if __name__ == "__main__":
    main()
