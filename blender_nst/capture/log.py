"""Manifest of the captured frames that belong to the current run: a small file beside them.

The folder may also hold frames that an earlier run has captured from another state of the scene.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from ..output_folder import CAPTURED, CONTENT
from .frame import CapturedFrame, CaptureError, content_path, passes_path


class CapturedFramesManifest:
    """The frames that were captured whole, on disk. Every method may be called from any thread."""

    def __init__(self, output: Path) -> None:
        self._output = output
        self._path = output / CONTENT / CAPTURED
        self._lock = threading.Lock()
        self._frames = self._read()

    def add(self, frame: int) -> None:
        """A frame is on disk; raises CaptureError if that cannot be noted."""
        with self._lock:
            self._frames.add(frame)
            self._write()

    def restrict(self, frames: Iterable[int]) -> None:
        """Only these belong to the run; raises CaptureError if that cannot be noted."""
        with self._lock:
            self._frames &= set(frames)
            self._write()

    def captured(self, frame: int, views: Sequence[str] = ()) -> list[CapturedFrame]:
        """A frame's files, of each view if there are several; none unless all were captured and are there."""
        found = [
            CapturedFrame(
                frame,
                content_path(self._output, frame, view),
                passes_path(self._output, frame, view),
                view=view,
            )
            for view in views or [""]
        ]
        there = all(each.content.is_file() and each.passes and each.passes.is_file() for each in found)
        return found if frame in self._frames and there else []

    def _read(self) -> set[int]:
        try:
            return {int(frame) for frame in json.loads(self._path.read_text("utf-8"))["frames"]}
        except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return set()

    def _write(self) -> None:
        unfinished = self._path.with_name(f".{self._path.stem}.{os.getpid()}.tmp.json")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_text(json.dumps({"frames": sorted(self._frames)}), "utf-8")
            unfinished.replace(self._path)
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink()
            raise CaptureError(f"{self._path}: cannot be written: {error.strerror}") from None
