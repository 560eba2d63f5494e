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

from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, LossScale
from compositor.stylization.frame_inputs import FrameInputs
from tests.benchmark.contents import contents
from video.images.image_files import write_png
from video.paintings.painting import Painting, paint
from video.settings import Preset, with_preset


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
        result = engine.stylize(FrameInputs(content)).optimized
        published = StyleEngine(replace(settings, loss_scale=LossScale.GATYS), style)
        (style_loss, content_loss), (equation4, equation1) = (
            (each.style_error(result), each.content_error(result, content)) for each in (engine, published)
        )
        print(
            f"{width:5}×{height:<4}{style_loss:11.4f}{content_loss:14.4f}{equation4:12.3g}{equation1:14.3g}",
            flush=True,
        )
        shown = arguments.sizes[-1], arguments.sizes[-1] * 3 // 4
        sheet.append(cv2.resize(result, shown, interpolation=cv2.INTER_CUBIC))
    write_png(arguments.out, np.clip(np.hstack(sheet), 0.0, 1.0))


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
