"""Flicker, style and time on scenes that real Blender renders: every frame alone, by DIS, by motion vectors.

    python tests/benchmark/coherence.py [--scenes orbit,pan] [--frames 8] [--width 160] [--work DIR] [--drift]

Every method uses the `standard` preset. The style loss is given twice: as the engine measures it, and as the
mean over four positions of the frame (moved by half a cell of `relu5_1`, which is 16 px, each way). The
deepest maps of a small frame have a few dozen cells, and an optimization can please them where they lie: a
picture that was stylized alone has more than twice the style loss when it is moved by half a cell, and one
that follows a motion cannot keep what was won that way. The warp error is always measured along the motion
vectors, over the pixels that they call reliable. `revealed` is the style loss of the pixels that the frame
before did not show (grown by 3 px) over that of the same pixels in the frame that was stylized alone; `still`
the share of the pixels at rest in the render that changed; `follows` the correlation over time between the
luma of the styled frames and of the render where its light changes and nothing moves (the shadow scene).
`--drift` follows one scene for 48 frames instead.

`--published` says after each scene how long the published method takes over its second frame alone until that
has the style loss of the vectors' frames, and what share of that a warm frame takes.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch

from blender_nst.cli.blenders.runtime import ensure_blender
from blender_nst.cli.commands.render import render_and_stylize
from blender_nst.cli.display import make_display
from blender_nst.cli.inputs.style_choice import choose_styles
from compositor.benchmark.gatys_reference import Reference
from compositor.engine import StyleEngine
from compositor.image_ops.arrays import to_array, to_tensor
from compositor.image_ops.color import luminance
from compositor.networks.weights import load_network
from compositor.settings import StyleSettings
from video.driver.sequence_driver import SequenceDriver
from video.frames.passes_sequence import PassesSequence, open_passes
from video.frames.render_passes import read_passes
from video.frames.sequence import SourceFrame, open_sequence
from video.images.image_files import read_image, write_png
from video.motion.motion_field import Motion, RenderedFrame
from video.motion.motion_vectors import vector_motion
from video.motion.reliability import reliability
from video.motion.static_regions import static_mask
from video.motion.warp_error import warp_error
from video.paintings.painting import Painting, paint
from video.results import FrameResult
from video.settings import MotionSource, Preset, SequenceSettings, with_preset

SCENES = ("orbit", "shadow", "still", "cut", "pan")
METHODS = (MotionSource.NONE, MotionSource.DIS, MotionSource.VECTORS)
_SCENE_SCRIPT = Path(__file__).parent / "coherence_scenes.py"
_CPU = torch.device("cpu")
# Scenes are rendered by a command that stylizes, as fast as it can: this is not looked at.
_LEAST_SIZE = 128
_PUBLISHED_STEPS = 500
_GROWTH = 3
_REVEALED = 0.5
# With less of the frame at rest it is the camera that moves, and pixels rest by chance.
_STILL_CAMERA = 0.3
# Over a cut there is no motion that could be measured: hardly a pixel is trusted.
_SAME_SHOT = 0.2
_MOVED = ((0, 0), (0, 8), (8, 0), (8, 8))


@dataclass(frozen=True)
class Truth:
    """What the passes say about a frame and the one before: motion, reliability, what rests, what is new."""

    motion: Motion
    trusted: np.ndarray
    still: np.ndarray
    revealed: np.ndarray


@dataclass(frozen=True)
class Scene:
    """A rendered scene: its frames, and the truth about all but the first."""

    frames: list[SourceFrame]
    truths: list[Truth]


@dataclass(frozen=True)
class Styled:
    """A method's result: pictures, steps and seconds of its warm frames (of all, when there are none)."""

    images: list[np.ndarray]
    steps: float
    seconds: float


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="coherence-") as scratch:
        work = arguments.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        style = paint(Painting.SWIRLS, 2 * arguments.width, arguments.width * 3 // 2)
        write_png(work / "style.png", style)
        settings, sequence = with_preset(Preset.STANDARD, sequence=SequenceSettings(movie=False))
        engine = StyleEngine(settings, style)
        if arguments.drift:
            _drift(render_scene("orbit", 48, arguments.width, work), engine, sequence, work)
            return
        print(
            f"{'scene':8}{'method':9}{'warp error':>11}{'/ alone':>9}{'style':>9}{'/ alone':>8}{'moved':>8}"
            f"{'revealed':>9}{'still':>7}{'follows':>8}{'steps':>7}{'s/frame':>8}",
            flush=True,
        )
        for name in arguments.scenes:
            scene = render_scene(name, arguments.frames, arguments.width, work)
            results: dict[MotionSource, Styled] = {}
            for method in METHODS:
                results[method] = stylize(scene, method, engine, sequence, work / name / method.value)
                print(_row(name, method, scene, results, engine), flush=True)
            if arguments.published:
                print(_published(scene, results[MotionSource.VECTORS], engine, settings, style), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scenes", type=lambda text: text.split(","), default=list(SCENES))
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--width", type=int, default=160, help="of the frames, which are 16:9")
    parser.add_argument("--work", type=Path, default=None, help="folder to keep everything in")
    parser.add_argument("--published", action="store_true", help="time the published method, too")
    parser.add_argument("--drift", action="store_true", help="48 frames of the orbit, by vectors")
    return parser.parse_args()


def render_scene(name: str, frames: int, width: int, work: Path) -> Scene:
    """Builds and renders a scene, unless the work folder has it, and reads it with its passes."""
    folder = work / f"{name}-{frames}-{width}"
    if not (folder / "done").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        blend, runtime = folder / "scene.blend", ensure_blender()
        size = [str(frames), str(width), str(width * 9 // 16)]
        command = runtime.command(_SCENE_SCRIPT, [name, str(blend.resolve()), *size])
        subprocess.run(command, check=True, capture_output=True, timeout=300)
        quick = (
            replace(StyleSettings(), steps=1, local_weight=0.0, working_size=_LEAST_SIZE),
            SequenceSettings(motion=MotionSource.NONE, movie=False),
        )
        choice = choose_styles([work / "style.png"], None)
        with make_display(as_json=False) as display:
            render_and_stylize(
                blend, choice, folder, frames=None, settings=quick, blender=None, display=display
            )
        (folder / "done").touch()
    sequence = open_sequence(folder / "content")
    files = open_passes(folder / "passes", sequence.numbers)
    sources = list(PassesSequence(sequence, files))
    seen = [
        RenderedFrame(each.number, each.image, each.passes and read_passes(each.passes)) for each in sources
    ]
    return Scene(sources, [_truth(*pair) for pair in pairwise(seen)])


def _truth(before: RenderedFrame, now: RenderedFrame) -> Truth:
    motion = vector_motion(before, now)
    trusted = reliability(motion, before, now)
    kernel = np.ones((2 * _GROWTH + 1,) * 2, np.uint8)
    revealed = cv2.dilate((trusted < _REVEALED).astype(np.float32), kernel)
    return Truth(motion, trusted, static_mask(motion, before, now), revealed)


def stylize(
    scene: Scene, method: MotionSource, engine: StyleEngine, settings: SequenceSettings, out: Path
) -> Styled:
    begun = time.perf_counter()
    driver = SequenceDriver(engine, replace(settings, motion=method), out, restart=True)
    result = driver.run(scene.frames)
    total = time.perf_counter() - begun
    warm: Sequence[FrameResult] = [each for each in result.frames if each.warp_error is not None]
    counted = warm or result.frames
    seconds = sum(each.seconds for each in counted) / len(counted) if warm else total / len(counted)
    steps = sum(each.report.steps for each in counted) / len(counted)
    return Styled([read_image(each.path) for each in result.frames], steps, seconds)


def _row(
    name: str,
    method: MotionSource,
    scene: Scene,
    results: Mapping[MotionSource, Styled],
    engine: StyleEngine,
) -> str:
    styled, alone = results[method], results[MotionSource.NONE]
    error, base = _warp_error(scene, styled), _warp_error(scene, alone)
    style, base_style = style_loss(engine, styled), style_loss(engine, alone)
    return (
        f"{name:8}{'alone' if method is MotionSource.NONE else method.value:9}{error:11.7f}"
        f"{'1/%.3g' % (base / max(error, 1e-12)):>9}{style:9.4f}{style / base_style:8.2f}"
        f"{style_loss(engine, styled, _MOVED) / style_loss(engine, alone, _MOVED):8.2f}"
        f"{_revealed(scene, styled, alone, engine):9.2f}{_unrest(scene, styled):7.3f}"
        f"{_follows(scene, styled):8.2f}"
        f"{styled.steps:7.0f}{styled.seconds:8.2f}"
    )


def _warp_error(scene: Scene, styled: Styled) -> float:
    """The mean over the frames to which there is a motion at all (not over a cut)."""
    errors = [
        warp_error(styled.images[index + 1], styled.images[index], truth.motion.backward, truth.trusted)
        for index, truth in enumerate(scene.truths)
        if float(truth.trusted.mean()) > _SAME_SHOT
    ]
    return float(np.mean(errors))


def style_loss(
    engine: StyleEngine, styled: Styled, positions: Sequence[tuple[int, int]] = ((0, 0),)
) -> float:
    """The mean style loss of all frames but the first, less so many rows and columns at their beginning."""
    parts = [image[rows:, columns:] for image in styled.images[1:] for rows, columns in positions]
    return float(np.mean([engine.style_error(np.ascontiguousarray(part)) for part in parts]))


def _revealed(scene: Scene, styled: Styled, alone: Styled, engine: StyleEngine) -> float:
    """The style loss of newly seen pixels over that of the same pixels in the frame stylized alone."""
    ratios = [
        engine.style_error(styled.images[index + 1], truth.revealed)
        / engine.style_error(alone.images[index + 1], truth.revealed)
        for index, truth in enumerate(scene.truths)
        if truth.revealed.mean() > 0.002 and float(truth.trusted.mean()) > _SAME_SHOT
    ]
    return float(np.mean(ratios)) if ratios else float("nan")


def _unrest(scene: Scene, styled: Styled) -> float:
    """The share of the pixels at rest in the render that changed in the styled frames."""
    changed = [
        float((styled.images[index + 1] != styled.images[index]).any(axis=2)[truth.still].mean())
        for index, truth in enumerate(scene.truths)
        if float(truth.still.mean()) > _STILL_CAMERA
    ]
    return float(np.mean(changed)) if changed else float("nan")


def _follows(scene: Scene, styled: Styled) -> float:
    """How the styled light follows the render's where that changes, over 5 px around each pixel."""
    if any(np.abs(truth.motion.backward).max() > 0.01 for truth in scene.truths):
        return float("nan")
    theirs, ours = (
        np.stack([cv2.GaussianBlur(luminance(each), (0, 0), 2.0) for each in images])
        for images in ([frame.image for frame in scene.frames], styled.images)
    )
    swept = theirs.std(axis=0) > 0.03
    theirs, ours = (each[:, swept] - each[:, swept].mean(axis=0) for each in (theirs, ours))
    spread = theirs.std(axis=0) * np.maximum(ours.std(axis=0), 1e-4)
    return float(((theirs * ours).mean(axis=0) / spread).mean())


def _published(
    scene: Scene, styled: Styled, engine: StyleEngine, settings: StyleSettings, style: np.ndarray
) -> str:
    """A warm frame's time over that of the published method until it has as low a style loss."""
    content, goal = to_tensor(scene.frames[1].image[..., :3], _CPU), style_loss(engine, styled)
    way: list[tuple[float, float]] = []
    watching = 0.0

    def watch(image: torch.Tensor) -> None:
        nonlocal watching
        entered = time.perf_counter()
        way.append((entered - begun - watching, engine.style_error(to_array(image))))
        watching += time.perf_counter() - entered

    reference = Reference(load_network(), content, to_tensor(style, _CPU), settings)
    begun = time.perf_counter()
    reference.minimize(content, _PUBLISHED_STEPS, watch)
    found = [(step, seconds) for step, (seconds, error) in enumerate(way) if error <= goal]
    if not found:
        return f"{'':8}published method: not as low a style loss ({goal:.4f}) in {way[-1][0]:.1f} s"
    step, seconds = found[0]
    return (
        f"{'':8}published method: as low a style loss ({goal:.4f}) after {step} steps, {seconds:.1f} s;"
        f" a warm frame takes {styled.seconds / seconds:.3f} of that"
    )


def _drift(scene: Scene, engine: StyleEngine, settings: SequenceSettings, work: Path) -> None:
    styled = stylize(scene, MotionSource.VECTORS, engine, settings, work / "drift")
    print(f"{'frame':>6}{'style':>9}{'sharpness':>11}{'of the render':>14}")
    for index in [*range(0, len(styled.images) - 1, 4), len(styled.images) - 1]:
        image, content = styled.images[index], scene.frames[index].image
        style = engine.style_error(image)
        print(f"{index + 1:6}{style:9.4f}{_sharpness(image):11.5f}{_sharpness(content):14.5f}")
    print(f"warp error {_warp_error(scene, styled):.7f}, {styled.seconds:.2f} s a frame")


def _sharpness(image: np.ndarray) -> float:
    """The variance of the Laplacian of the luma."""
    gray = cv2.cvtColor(np.ascontiguousarray(image[..., :3]), cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(gray, cv2.CV_32F).var())


if __name__ == "__main__":
    main()
