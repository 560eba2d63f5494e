"""What is to be seen where one chunk of a farm's run follows another, by the length of the lead-in.

    python tests/benchmark/seams.py [--scenes orbit,pan] [--frames 16] [--width 256] [--preset standard]
                                    [--seams 7,13] [--lead-ins 0,1,2,4,8] [--length 2] [--work DIR]

A scene is stylized as a whole. For each seam and lead-in, a chunk begins at the seam's frame: it stylizes
its lead-in and `--length` frames. `seam` is the warp error from the whole run's frame before the seam to the
chunk's first one, `inside` that of the whole run at the same frame, along the render's motion vectors, over
the pixels that they call reliable; `worst` the largest ratio of the two over the seams. `next` is the warp
error from the chunk's first frame to its second. `local` and `outliers` are the local style distance
(relu3_1) and the outliers of the chunk's first frame, over those of the same frame in the whole run.

With `--work` a picture is left there for each seam and lead-in: as many frames before it as behind it.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from compositor.engine import StyleEngine
from compositor.settings import Preset
from tests.benchmark.coherence import Scene, Truth, render_scene
from video.driver.sequence_driver import SequenceDriver
from video.farm.lead_in import LeadIn, chunk_span
from video.frames.sequence import FrameRange
from video.images.image_files import read_image, write_png
from video.motion.warp_error import warp_error
from video.paintings.painting import Painting, paint
from video.reports.pixel_noise import median_distance, outlier_share
from video.settings import SequenceSettings, with_preset


@dataclass(frozen=True)
class Seam:
    """What was measured of one seam; see the module."""

    seam: float
    inside: float
    following: float
    local: float
    outliers: float


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="seams-") as scratch:
        work = arguments.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        style = paint(Painting.SWIRLS, 2 * arguments.width, arguments.width * 3 // 2)
        write_png(work / "style.png", style)
        sequence = SequenceSettings(movie=False, contact_sheet=False)
        settings, sequence = with_preset(Preset(arguments.preset), sequence=sequence)
        engine = StyleEngine(settings, style)
        print(
            f"{'scene':8}{'lead-in':>8}{'seam':>10}{'inside':>10}{'ratio':>7}{'worst':>7}{'next':>10}"
            f"{'local':>7}{'outliers':>9}",
            flush=True,
        )
        for name in arguments.scenes:
            scene = render_scene(name, arguments.frames, arguments.width, work)
            whole = _stylize(scene, engine, sequence, FrameRange(1, arguments.frames), work / name / "whole")
            for lead_in in arguments.lead_ins:
                seams = [
                    _seam(scene, whole, (engine, sequence), (frame, lead_in, arguments.length), work / name)
                    for frame in arguments.seams
                ]
                print(_row(name, lead_in, seams), flush=True)


def _arguments() -> argparse.Namespace:
    def numbers(text: str) -> list[int]:
        return [int(each) for each in text.split(",")]

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scenes", type=lambda text: text.split(","), default=["orbit", "pan"])
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--width", type=int, default=256, help="of the frames, which are 16:9")
    parser.add_argument("--preset", default=Preset.STANDARD.value)
    parser.add_argument("--seams", type=numbers, default=[7, 13], help="first frames of chunks")
    parser.add_argument("--lead-ins", type=numbers, default=[0, 1, 2, 4, 8])
    parser.add_argument("--length", type=int, default=2, help="frames of a chunk, two at least")
    parser.add_argument("--work", type=Path, default=None, help="folder to keep everything in")
    return parser.parse_args()


def _stylize(
    scene: Scene, engine: StyleEngine, settings: SequenceSettings, frames: FrameRange, out: Path
) -> dict[int, np.ndarray]:
    """The styled frames by number; what an earlier call has finished is taken."""
    numbers = frames.numbers()
    driver = SequenceDriver(engine, settings, out, total=len(numbers))
    result = driver.run(frame for frame in scene.frames if frame.number in numbers)
    return {each.number: read_image(each.path) for each in result.frames}


def _seam(
    scene: Scene,
    whole: dict[int, np.ndarray],
    how: tuple[StyleEngine, SequenceSettings],
    where: tuple[int, int, int],
    work: Path,
) -> Seam:
    (engine, settings), (frame, lead_in, length) = how, where
    own = FrameRange(frame, min(frame + length - 1, max(whole)))
    span = chunk_span(own, LeadIn(lead_in), FrameRange(1, max(whole)))
    chunk = _stylize(scene, engine, settings, span.run, work / f"{frame}-{lead_in}")
    before = [whole[each] for each in range(max(1, frame - length), frame)]
    behind = [chunk[each] for each in own.numbers()]
    rows = [np.concatenate(row, axis=1)[..., :3] for row in (before[-len(behind) :], behind)]
    if rows[0].shape == rows[1].shape:
        write_png(work / f"seam-{frame}-{lead_in}.png", np.concatenate(rows))
    first, same = chunk[frame], whole[frame]
    return Seam(
        _error(scene.truths[frame - 2], first, whole[frame - 1]),
        _error(scene.truths[frame - 2], same, whole[frame - 1]),
        _error(scene.truths[frame - 1], chunk[frame + 1], first),
        _local(engine, first) / _local(engine, same),
        _outliers(first) / _outliers(same),
    )


def _error(truth: Truth, now: np.ndarray, before: np.ndarray) -> float:
    return warp_error(now, before, truth.motion.backward, truth.trusted)


def _local(engine: StyleEngine, image: np.ndarray) -> float:
    distances = engine.window_distances(image)
    summary = None if distances is None else distances.summary()
    if summary is None:
        raise SystemExit("the style has no local term to measure")
    return summary["relu3_1"].mean


def _outliers(image: np.ndarray) -> float:
    return max(outlier_share(median_distance(image)), 1e-4)


def _row(name: str, lead_in: int, seams: list[Seam]) -> str:
    def mean(values: list[float]) -> float:
        return float(np.mean(values))

    seam, inside = mean([each.seam for each in seams]), mean([each.inside for each in seams])
    worst = max(each.seam / each.inside for each in seams)
    return (
        f"{name:8}{lead_in:8d}{seam:10.6f}{inside:10.6f}{seam / inside:7.1f}{worst:7.1f}"
        f"{mean([each.following for each in seams]):10.6f}{mean([each.local for each in seams]):7.2f}"
        f"{mean([each.outliers for each in seams]):9.2f}"
    )


if __name__ == "__main__":
    main()
