"""A long sequence of tiny frames: memory and open files on the way, which must not grow.

    python tests/benchmark/long_run.py --frames 1000

Prints a table, or with `--json` an object of lists. Linux alone: it reads /proc.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, StyleSettings
from video.driver.sequence_driver import SequenceDriver
from video.frames.sequence import SourceFrame
from video.paintings.painting import Painting, paint
from video.results import FrameResult, RunCallbacks
from video.settings import SequenceSettings

WIDTH, HEIGHT = 48, 32
SHOT = 200
"""Frames between two cuts."""


def pan(count: int) -> Iterator[SourceFrame]:
    """Frames of a camera that moves to and fro over two pictures by turns."""
    pictures = [paint(painting, WIDTH + 64, HEIGHT) for painting in (Painting.DABS, Painting.KNIFE)]
    for number in range(1, count + 1):
        left = abs(number % 128 - 64)
        yield SourceFrame(number, pictures[number // SHOT % 2][:, left : left + WIDTH].copy())


def main() -> None:
    """Runs it."""
    parser = argparse.ArgumentParser(description="Memory and open files over a long sequence.")
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--every", type=int, default=50, help="frames between two looks")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    settings = StyleSettings(steps=2, coarsest_size=32, device=DeviceChoice.CPU)
    engine = StyleEngine(settings, paint(Painting.SWIRLS, WIDTH, HEIGHT))
    looks: dict[str, list[float]] = {"frame": [], "resident_mb": [], "open_files": []}

    def frame_done(result: FrameResult) -> None:
        if result.number % chosen.every == 0:
            looks["frame"].append(result.number)
            looks["resident_mb"].append(_resident_mb())
            looks["open_files"].append(len(list(Path("/proc/self/fd").iterdir())))
            if not chosen.json:
                frame, resident, files = (each[-1] for each in looks.values())
                print(f"frame {frame:5.0f}: {resident:7.1f} MB, {files:3.0f} open files", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        driver = SequenceDriver(
            engine, SequenceSettings(warm_steps=1), Path(folder), RunCallbacks(frame_done=frame_done)
        )
        result = driver.run(pan(chosen.frames))
        looks["kept_files"] = [len(list(Path(folder).rglob("*")))]
    if len(result.frames) != chosen.frames:
        sys.exit(f"{len(result.frames)} of {chosen.frames} frames")
    if chosen.json:
        print(json.dumps(looks))


def _resident_mb() -> float:
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in line]
    return int(line.split()[1]) / 1024.0


if __name__ == "__main__":
    main()
