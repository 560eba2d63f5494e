"""Machine of a run: what else than settings and pictures decides the last bits of what is computed.

The number of threads splits sums of products, and so decides how they are rounded; so do the precision that
`auto` has chosen, the instructions of the processor and the releases of the libraries. The first two are kept
when a run is resumed, wherever that is. Of the others a run says once that they are not what it began with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from compositor.engine import StyleEngine
from compositor.hardware.device import describe_device, torch_version
from compositor.hardware.processor import instructions, thread_count, using_threads
from compositor.settings import Precision
from video.errors import FileError
from video.files.output_folder import JOURNAL, view_folder
from video.resume.journal_file import Machine, read_journal


def machine_here(engine: StyleEngine) -> Machine:
    """What this process computes with."""
    return Machine(
        f"{describe_device(engine.device)} {instructions()}",
        engine.precision,
        thread_count(),
        {"PyTorch": torch_version(), "NumPy": np.__version__, "OpenCV": cv2.__version__},
    )


def machine_of_run(output: Path, suffix: str = "") -> Machine | None:
    """What the run in a folder began with; None if there is none, or its journal does not tell.

    Args:
        suffix: of the files of its first view, if it is one of several views.
    """
    folder = view_folder(output, suffix) if suffix else output
    try:
        return read_journal(folder / JOURNAL).machine
    except FileError:
        return None  # if there is a journal, it is read once more, and refused, by the run


@contextmanager
def computing_as(machine: Machine | None) -> Iterator[Precision | None]:
    """Computes with as many threads as an earlier run; gives the precision of its features, if known."""
    if machine is None:
        yield None
        return
    with using_threads(machine.threads):
        yield machine.precision


def warn_of_another(before: Machine, now: Machine, warn: Callable[[str], None]) -> None:
    """Says in one line what a run is resumed with that it did not begin with, if anything."""
    versions = {name: before.versions.get(name, "") for name in now.versions}
    pairs = [("", before.processor, now.processor)]
    pairs += [(f"{name} ", version, now.versions[name]) for name, version in versions.items()]
    changed = [f"{name}{old or 'unknown'}, now {new}" for name, old, new in pairs if old != new]
    if changed:
        warn(
            f"the frames before were made with another machine ({'; '.join(changed)}):"
            " strokes may differ a little from here on"
        )
