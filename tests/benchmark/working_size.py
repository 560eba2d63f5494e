"""Compares frames that are optimized at a smaller size and upsampled with frames optimized at full size.

    python tests/benchmark/working_size.py [--size 640x360] [--factor 3] [--content spheres] [--style swirls]

Two frames of a pan of 4 px, the first alone and the second from the first, with the `standard` preset.
Style and content loss are the engine's at full size, against the style picture as the full size asks for
it. `edges` is the mean steepness of the picture at the steepest 2 % of the render's pixels, its
silhouettes, and `all` that of all pixels, both over the full-size result's; `dB` is the likeness to that
result. `warp` is the warp error of the second frame along the pan's true motion. The rows without a time
are other ways to bring the same small picture up.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch

from compositor.engine import StyleEngine
from compositor.hardware.device import describe_device
from compositor.image_ops.arrays import to_array, to_tensor
from compositor.image_ops.joint_upsampling import joint_upsample
from compositor.image_ops.resize import resize
from compositor.settings import StyleSettings, WorkingDetail
from compositor.stylization.frame_inputs import FrameInputs
from tests.benchmark.contents import contents
from video.driver.sequence_driver import SequenceDriver
from video.frames.sequence import SourceFrame
from video.images.image_files import read_image
from video.motion.warp_error import warp_error
from video.paintings.painting import Painting, paint
from video.settings import MotionSource, Preset, SequenceSettings, with_preset

_PAN = 4
_CPU = torch.device("cpu")


@dataclass(frozen=True)
class Made:
    """Two styled frames, the seconds that each took, and the warp error between them."""

    images: list[np.ndarray]
    seconds: list[float]
    flicker: float


def main() -> None:
    arguments = _arguments()
    width, height = arguments.size
    wide = contents(width + _PAN, height)[arguments.content].clip(0.0, 1.0).astype(np.float32)
    frames = [
        SourceFrame(number + 1, np.ascontiguousarray(wide[:, _PAN * number : _PAN * number + width]))
        for number in range(2)
    ]
    settings, sequence = with_preset(Preset.STANDARD)
    sequence = replace(sequence, motion=MotionSource.DIS, movie=False, contact_sheet=False)
    style = paint(Painting(arguments.style))
    full_settings = replace(settings, working_detail=WorkingDetail.FULL)
    judge = StyleEngine(full_settings, style)
    longer = round(max(width, height) / arguments.factor)
    small_settings = replace(settings, working_size=longer)
    print(f"{width}×{height} px on {describe_device(judge.device)}, optimized at {longer} px")
    print(_HEADINGS)
    full = _run(full_settings, style, frames, sequence)
    print(_row("full size", full.images[0], judge=judge, frames=frames, full=full, made=full), flush=True)
    small = StyleEngine(small_settings, style).stylize(FrameInputs(frames[0].image)).optimized
    for name, image in _other_ways(small, frames[0].image):
        print(_row(name, image, judge=judge, frames=frames, full=full), flush=True)
    for amount in arguments.sharpening:
        made = _run(replace(small_settings, sharpening=amount), style, frames, sequence)
        name = f"smaller, sharpened by {amount:g}"
        print(_row(name, made.images[0], judge=judge, frames=frames, full=full, made=made), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--size", type=_size, default=(640, 360), metavar="WxH")
    parser.add_argument("--factor", type=float, default=3.0, help="how much smaller the frame is painted")
    parser.add_argument("--content", choices=("spheres", "landscape", "portrait"), default="spheres")
    parser.add_argument("--style", choices=[each.value for each in Painting], default="swirls")
    parser.add_argument(
        "--sharpening", type=lambda text: [float(each) for each in text.split(",")], default=[0.0, 0.6, 1.2]
    )
    return parser.parse_args()


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def _run(
    settings: StyleSettings, style: np.ndarray, frames: Sequence[SourceFrame], sequence: SequenceSettings
) -> Made:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        result = SequenceDriver(StyleEngine(settings, style), sequence, Path(folder)).run(frames)
        images = [read_image(each.path) for each in result.frames]
    height, width = images[0].shape[:2]
    motion = np.broadcast_to(np.array([_PAN, 0.0], np.float32), (height, width, 2)).copy()
    inside = np.ones((height, width), np.float32)
    inside[:, -_PAN:] = 0.0
    flicker = warp_error(images[1], images[0], motion, inside)
    return Made(images, [each.seconds for each in result.frames], flicker)


def _other_ways(small: np.ndarray, content: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """The small result at full size: enlarged, enlarged with what the small render had lost, and ours."""
    result, full = to_tensor(small, _CPU), to_tensor(content, _CPU)
    low = resize(full, *small.shape[:2]).clamp(0.0, 1.0)
    enlarged = resize(result, *content.shape[:2])
    detail = full - resize(low, *content.shape[:2])
    ways = (
        ("bicubic", enlarged.clamp(0.0, 1.0)),
        ("bicubic, render's detail", (enlarged + detail).clamp(0.0, 1.0)),
        ("guided and strokes", joint_upsample(result, low, full)),
    )
    return [(name, to_array(image)) for name, image in ways]


_HEADINGS = (
    f"{'':26}{'s first':>8}{'ratio':>7}{'s warm':>8}{'ratio':>7}{'warp':>9}"
    f"{'style':>8}{'content':>9}{'edges':>7}{'all':>6}{'dB':>6}"
)


def _row(
    name: str,
    image: np.ndarray,
    *,
    judge: StyleEngine,
    frames: Sequence[SourceFrame],
    full: Made,
    made: Made | None = None,
) -> str:
    """The losses and the sharpness are of the first frame."""
    content, reference = frames[0].image, full.images[0]
    times = f"{'':39}"
    if made is not None:
        ratios = [mine / whole for mine, whole in zip(made.seconds, full.seconds, strict=True)]
        times = "".join(
            f"{seconds:8.1f}{ratio:7.3f}" for seconds, ratio in zip(made.seconds, ratios, strict=True)
        )
        times += f"{made.flicker:9.5f}"
    steep, wanted, rendered = (_steepness(each) for each in (image, reference, content))
    edges = rendered > np.percentile(rendered, 98)
    error = float(np.square(image - reference).mean())
    likeness = f"{-10.0 * np.log10(error):6.1f}" if error > 0.0 else f"{'':6}"
    return (
        f"{name:26}{times}{judge.style_error(image):8.4f}{judge.content_error(image, content):9.4f}"
        f"{steep[edges].mean() / wanted[edges].mean():7.2f}{steep.mean() / wanted.mean():6.2f}{likeness}"
    )


def _steepness(image: np.ndarray) -> np.ndarray:
    """(H, W), the length of the luma's gradient."""
    gray = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    return np.hypot(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1))


if __name__ == "__main__":
    main()
