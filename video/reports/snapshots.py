"""Snapshots of an optimization: images, losses as tables, a strip of all of them, and a live preview."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from compositor.progress import Snapshot
from video.files.output_folder import PREVIEW, SNAPSHOTS_OF_FRAME
from video.frames.sequence import frame_path
from video.images.image_files import read_image, write_atomically, write_png
from video.reports.grid_sheet import GridSheet

STRIP_NAME = "strip.png"

# Pictures in a strip; of more snapshots an even choice with the first and the last.
_LONGEST_STRIP = 10


class SnapshotFolder:
    """The snapshots of one frame.

    `step_00100.png …`, `losses.csv` and `losses.jsonl` are whole after each snapshot; `strip.png` comes at
    the end. The pictures are those of the optimization: before the gains, `strength` and what is kept. What
    an earlier run left in the folder under these names is removed with the first snapshot.

    Args:
        folder: is made with the first snapshot.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept: list[tuple[int, dict[str, float]]] = []

    def take(self, snapshot: Snapshot) -> None:
        """Writes one more snapshot; raises FileError when it cannot be written."""
        if not self._kept:
            self._clear()
        write_png(self._path(snapshot.step), snapshot.image)
        self._kept.append((snapshot.step, dict(snapshot.losses)))
        write_text(self.folder / "losses.csv", self._as_csv())
        write_text(self.folder / "losses.jsonl", self._as_json_lines())

    def finish(self) -> None:
        """Writes the strip; does nothing without snapshots. Raises FileError when it cannot be written."""
        if not self._kept:
            return
        steps = _even_choice([step for step, _ in self._kept], _LONGEST_STRIP)
        sheet = GridSheet([f"step {step}" for step in steps])
        pictures = [sheet.thumbnail(read_image(self._path(step))) for step in steps]
        sheet.write(self.folder / STRIP_NAME, [pictures])

    def _path(self, step: int) -> Path:
        return self.folder / f"step_{step:05}.png"

    def _clear(self) -> None:
        if self.folder.is_dir():
            for path in self.folder.iterdir():
                if re.fullmatch(r"step_\d{5,}\.png|losses\.(csv|jsonl)|strip\.png", path.name):
                    path.unlink(missing_ok=True)

    def _as_csv(self) -> str:
        names = dict.fromkeys(name for _, losses in self._kept for name in losses)
        table = io.StringIO(newline="")
        writer = csv.DictWriter(table, ["step", *names], lineterminator="\n")
        writer.writeheader()
        writer.writerows({"step": step} | losses for step, losses in self._kept)
        return table.getvalue()

    def _as_json_lines(self) -> str:
        return "".join(json.dumps({"step": step} | losses) + "\n" for step, losses in self._kept)


class SequenceSnapshots:
    """The snapshots of a sequence's frames, each frame in a folder of its own: `frame_0001/…`.

    `take` and `finish` fit the driver's callbacks.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._frames: dict[int, SnapshotFolder] = {}

    def take(self, number: int, snapshot: Snapshot) -> None:
        """Writes a snapshot of a frame; raises FileError when it cannot be written."""
        frame = self._frames.setdefault(
            number, SnapshotFolder(frame_path(self._folder / SNAPSHOTS_OF_FRAME, number))
        )
        frame.take(snapshot)

    def finish(self, number: int) -> None:
        """A frame is done: writes its strip, if it has snapshots; raises FileError when it cannot."""
        frame = self._frames.pop(number, None)
        if frame is not None:
            frame.finish()


@dataclass(frozen=True)
class ShownPreview:
    """The preview image of frame `number` after `step` steps."""

    number: int
    step: int
    path: Path


class PreviewFile:
    """A file that always holds what the frame that is being optimized would be if that ended now.

    Args:
        folder: where `preview.png` goes.
        show: called with every new image.
        pause: seconds between two of them at least; what comes earlier is left out.
    """

    def __init__(self, folder: Path, show: Callable[[ShownPreview], None], pause: float = 0.5) -> None:
        self._path = folder / PREVIEW
        self._show = show
        self._pause = pause
        self._shown_at = -pause

    def show(self, number: int, snapshot: Snapshot) -> None:
        """Writes a snapshot, unless the last one is too new; raises FileError when it cannot be written."""
        if time.monotonic() - self._shown_at < self._pause:
            return
        write_png(self._path, snapshot.result())
        self._shown_at = time.monotonic()
        self._show(ShownPreview(number, snapshot.step, self._path))


def write_text(path: Path, text: str) -> None:
    """Writes a text file in UTF-8, whole or not at all; raises FileError when it cannot be written."""
    write_atomically(path, lambda temporary: temporary.write_text(text, "utf-8", newline="\n"))


def _even_choice(steps: list[int], count: int) -> list[int]:
    if len(steps) <= count:
        return steps
    return [steps[round(index * (len(steps) - 1) / (count - 1))] for index in range(count)]
