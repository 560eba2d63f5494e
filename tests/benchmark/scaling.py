"""How a run's time goes down with the workers: measured with one and two, and by the model of `farm plan`.

    python tests/benchmark/scaling.py measure [--frames 24] [--size 6] [--lead-in 2] [--repeats 3]
    python tests/benchmark/scaling.py film [--minutes 100] [--lead-in 4] [--seconds 30]

`measure` makes the chunks of a pan with one worker and with two, in turns; each worker is pinned to a core
and computes with one thread. Frames an hour are given by the clock, and by the processor's time of the worker
that has the most of it: that is the time on a machine that does nothing else, but for what two processes do
to each other's caches. The model's two parameters, the seconds of a warm frame and those of a start with a
cold frame, come of two chunks of different lengths that are made alone before.

`film` has a film's shots, whose lengths are log-normal (median 3 s, the longest 40 s), and tells by the model
how long it takes on 1 to 10 000 workers in chunks of several lengths; then which length is the best one.
"""

from __future__ import annotations

import argparse
import os
import queue
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import numpy as np

from video.farm.lead_in import LeadIn
from video.farm.plan import FarmPlan, FrameTime, plan_chunks
from video.frames.sequence import FrameRange
from video.images.image_files import quantize, write_png
from video.paintings.painting import Painting, paint
from video.settings import Preset, SequenceSettings, with_preset

RATE = 24
"""Frames a second."""

WORKERS = (1, 10, 100, 1000, 10_000)
SIZES = (4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192)


@dataclass(frozen=True)
class Made:
    """How long chunks took: by the clock, and by the processor's time of the busiest worker."""

    clock: float
    processor: float


def main() -> None:
    arguments = _arguments()
    arguments.run(arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    kinds = parser.add_subparsers(required=True)
    measured = kinds.add_parser("measure")
    measured.set_defaults(run=_measure)
    measured.add_argument("--frames", type=int, default=24)
    measured.add_argument("--size", type=int, default=6)
    measured.add_argument("--lead-in", type=int, default=2)
    measured.add_argument("--width", type=int, default=160, help="of the frames, which are 4:3")
    measured.add_argument("--preset", default=Preset.STANDARD.value)
    measured.add_argument("--repeats", type=int, default=3)
    film = kinds.add_parser("film")
    film.set_defaults(run=_film)
    film.add_argument("--minutes", type=float, default=100.0)
    film.add_argument("--lead-in", type=int, default=4)
    film.add_argument("--seconds", type=float, default=30.0, help="of a frame with a predecessor")
    return parser.parse_args()


def _measure(arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="scaling-") as scratch:
        source = _pan(Path(scratch), arguments.frames, arguments.width)
        plan = _plan(arguments, None)
        short, long = FrameRange(1, 2), FrameRange(1, 2 + arguments.size)
        how = ["--preset", arguments.preset, "--lead-in", str(arguments.lead_in)]
        alone = [_make(source, Path(scratch) / f"alone-{own}", [own], how, 1) for own in (short, long)]
        warm = (alone[1].processor - alone[0].processor) / arguments.size
        frame_time = FrameTime(warm, alone[0].processor - warm)
        print(f"a warm frame {warm:.2f} s, a start with a cold frame {frame_time.cold:.2f} s")
        print(f"{'workers':>8}{'frames/h, clock':>17}{'processor':>11}{'model':>8}")
        spans = [each.span.own for each in plan.chunks]
        expected = _plan(arguments, frame_time)
        for repeat in range(arguments.repeats):
            for workers in (1, 2):
                out = Path(scratch) / f"out-{repeat}-{workers}"
                made = _make(source, out, spans, how, workers)
                model = expected.elapsed(workers) or 0.0
                rates = [3600 * arguments.frames / each for each in (made.clock, made.processor, model)]
                print(f"{workers:8}{rates[0]:17.0f}{rates[1]:11.0f}{rates[2]:8.0f}", flush=True)


def _plan(arguments: argparse.Namespace, frame_time: FrameTime | None) -> FarmPlan:
    frames = FrameRange(1, arguments.frames)
    return plan_chunks(frames, [1], arguments.size, LeadIn(arguments.lead_in), time=frame_time)


def _pan(folder: Path, frames: int, width: int) -> Path:
    """A folder of frames, with a style beside it."""
    height = width * 3 // 4
    wide = quantize(paint(Painting.DABS, width + 2 * frames, height))
    for number in range(1, frames + 1):
        write_png(folder / "frames" / f"f_{number:04}.png", wide[:, 2 * number : 2 * number + width])
    write_png(folder / "style.png", paint(Painting.SWIRLS, 2 * width, 2 * height))
    return folder / "frames"


def _make(source: Path, out: Path, owns: Sequence[FrameRange], how: Sequence[str], workers: int) -> Made:
    """Makes chunks; each worker takes the next one when it is free."""
    waiting: queue.SimpleQueue[FrameRange] = queue.SimpleQueue()
    for own in owns:
        waiting.put(own)
    cores = sorted(os.sched_getaffinity(0))
    used = [0.0] * workers

    def work(place: int) -> None:
        while True:
            try:
                own = waiting.get_nowait()
            except queue.Empty:
                return
            used[place] += _chunk(source, out, own, how, cores[place % len(cores)])

    begun = time.perf_counter()
    threads = [threading.Thread(target=work, args=(place,)) for place in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Made(time.perf_counter() - begun, max(used))


def _chunk(source: Path, out: Path, own: FrameRange, how: Sequence[str], core: int) -> float:
    """The seconds of processor time that a chunk takes."""
    chunk = ["chunk", str(source), "--style", str(source.parent / "style.png"), "--out", str(out)]
    given = [f"--frames={own}", *how, "--shots", "1", "--device", "cpu"]
    command = ["taskset", "-c", str(core), sys.executable, "-m", "blender_nst.cli.app", *chunk, *given]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [*command, "--progress", "json"], env=environment, stdout=subprocess.DEVNULL
    ) as run:
        _, status, usage = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
    if run.returncode:
        raise SystemExit(f"{' '.join(command)}: exit code {run.returncode}")
    return _seconds(usage)


def _seconds(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime


def _film(arguments: argparse.Namespace) -> None:
    shots, frames = _shots(round(arguments.minutes * 60 * RATE))
    lengths = np.diff([*shots, frames.last + 1])
    style, sequence = with_preset(Preset.STANDARD, sequence=SequenceSettings())
    frame_time = FrameTime.of_warm(arguments.seconds, style, sequence)
    lead_in = LeadIn(arguments.lead_in)
    print(f"{len(shots)} shots, {frames.last} frames, the longest shot {max(lengths)}; hours by workers:")
    print(f"{'chunks':28}{'work':>7}" + "".join(f"{count:>10}" for count in WORKERS))
    shown = [
        ("whole shots", None, lead_in),
        *((f"{size} frames, lead-in {lead_in}", size, lead_in) for size in (96, 48, 24, 12, 6)),
        ("24 frames, lead-in shot", 24, LeadIn(None)),
    ]
    ideal = frame_time.warm * frames.last
    for name, size, lead in shown:
        plan = plan_chunks(frames, shots, size, lead, time=frame_time)
        hours = [(plan.elapsed(count) or 0.0) / 3600 for count in WORKERS]
        work = (plan.seconds or 0.0) / ideal
        print(f"{name:28}{work:7.2f}" + "".join(f"{each:10.2f}" for each in hours))
    print("best length of chunks:")
    plans = {size: plan_chunks(frames, shots, size, lead_in, time=frame_time) for size in (*SIZES, None)}
    extra = frame_time.cold / frame_time.warm - 1 + arguments.lead_in
    for count in WORKERS:
        best = min(plans, key=lambda size: plans[size].elapsed(count) or 0.0)
        said = "whole shots" if best is None else str(best)
        print(f"{count:8} workers: {said:12} by the rule {sqrt(extra * frames.last / count):.0f}")


def _shots(total: int) -> tuple[list[int], FrameRange]:
    """The first frames of a film's shots, and all of its frames."""
    generator = np.random.default_rng(1)
    starts, first = [], 1
    while first <= total:
        starts.append(first)
        first += int(np.clip(generator.lognormal(np.log(3.0 * RATE), 0.8), RATE // 2, 40 * RATE))
    return starts, FrameRange(1, first - 1)


if __name__ == "__main__":
    main()
