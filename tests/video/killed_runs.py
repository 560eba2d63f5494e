"""Runs in real processes, ended by SIGKILL before their n-th change of a file, or at any time."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np

from compositor.engine import StyleEngine
from compositor.settings import StyleSettings, settings_from_json
from video.driver.sequence_driver import SequenceDriver
from video.frames.sequence import SourceFrame
from video.images.image_files import quantize
from video.paintings.painting import Painting, paint
from video.settings import SequenceSettings

FRAMES, CUT, WIDTH, HEIGHT = 12, 7, 48, 32
TINY: dict[str, Any] = {"steps": 2, "coarsest_size": 32, "device": "cpu"}

# A process that is forked from one that has imported PyTorch starts in no time.
forks = multiprocessing.get_context("forkserver")
forks.set_forkserver_preload([__name__])


def frames(transparent: bool) -> Iterable[SourceFrame]:
    """A pan over a painting, with a cut to another one before frame 7; a corner stands still."""
    for number in range(1, FRAMES + 1):
        painting = Painting.DABS if number < CUT else Painting.KNIFE
        wide = quantize(paint(painting, 80, HEIGHT))
        image = wide[:, 2 * number : 2 * number + WIDTH].copy()
        image[:8, :12] = wide[:8, :12]
        if transparent:
            alpha = np.ones((HEIGHT, WIDTH, 1), np.float32)
            alpha[20:, 4 * (number % 6) : 4 * (number % 6) + 12] = 0.4
            image = np.concatenate([image, quantize(alpha)], axis=2)
        yield SourceFrame(number, image)


def stylize(output: Path, style: dict[str, Any], sequence: dict[str, Any], transparent: bool) -> None:
    """One run, to its end."""
    settings = settings_from_json(StyleSettings, TINY | style)
    engine = StyleEngine(settings, paint(Painting.SWIRLS, WIDTH, HEIGHT))
    chosen = settings_from_json(SequenceSettings, {"warm_steps": 1} | sequence)
    SequenceDriver(engine, chosen, output, total=FRAMES).run(frames(transparent))


def start(output: Path, case: dict[str, Any], killed_at: int | None = None) -> BaseProcess:
    """Starts a run in a process of its own, which is killed before its `killed_at`-th change of a file."""
    process = forks.Process(target=_child, args=(str(output), case, killed_at))
    process.start()
    return process


def run_until_killed(output: Path, case: dict[str, Any], killed_at: int) -> bool:
    """Whether the run was killed; otherwise it got to its end."""
    process = start(output, case, killed_at)
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def run_for(output: Path, case: dict[str, Any], seconds: float) -> bool:
    """Whether the run was killed after so many seconds; otherwise it had got to its end."""
    process = start(output, case)
    process.join(seconds)
    process.kill()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def run_to_its_end(output: Path, case: dict[str, Any]) -> float:
    """The seconds that it took."""
    begun = time.monotonic()
    process = start(output, case)
    process.join()
    assert process.exitcode == 0
    return time.monotonic() - begun


def tree(output: Path) -> dict[str, bytes]:
    """Every file below a folder by its name; the journal without times."""
    found = {str(path.relative_to(output)): path.read_bytes() for path in output.rglob("*") if path.is_file()}
    journal = json.loads(found["journal.json"])
    for entry in journal["frames"]:
        del entry["seconds"], entry["report"]["seconds"]
    return found | {"journal.json": json.dumps(journal).encode()}


def _child(output: str, case: dict[str, Any], killed_at: int | None) -> None:
    import torch

    torch.set_num_threads(1)
    if killed_at is not None:
        kill_at(output, killed_at)
    stylize(Path(output), case.get("style", {}), case.get("sequence", {}), case.get("transparent", False))


def kill_at(folder: str, count: int) -> None:
    """Has this process killed before its `count`-th write, rename or removal below a folder."""
    left = count

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        changes = event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir") or (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        )
        if changes and str(arguments[0]).startswith(folder):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
