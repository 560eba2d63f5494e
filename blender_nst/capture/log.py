"""Manifest of the captured frames that belong to the current run: a small file beside them; and their lock.

The folder may also hold frames that an earlier run has captured from another state of the scene. The engine's
lock of the output folder does not keep two renders from capturing into it: a render may begin before its
engine has answered, or without one.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..json_files import read_json
from ..output_folder import CAPTURED, CONTENT
from .frame import CapturedFrame, CaptureError, content_path, passes_path
from .lock import FolderLock, LockedError, try_lock
from .whole_file import whole_file

ORPHAN_PATIENCE = 60.0
"""Seconds to wait for another render: a Blender whose caller was killed ends with its next event."""


class CapturedFramesManifest:
    """The frames that were captured whole, on disk. Every method may be called from any thread."""

    def __init__(self, output: Path) -> None:
        self._output = output
        self._path = output / CONTENT / CAPTURED
        self._lock = threading.Lock()
        self._frames = self._read()
        self._held: FolderLock | None = None

    def hold(self, patience: float = 0.0) -> None:
        """Keeps other renders from capturing into the folder, until `release`; the second time does nothing.

        Raises:
            CaptureError: another one is, for longer than `patience` seconds, or the folder cannot be made.
        """
        folder, deadline = self._path.parent, time.monotonic() + patience
        with self._lock:
            while self._held is None:
                try:
                    folder.mkdir(parents=True, exist_ok=True)
                    self._held = try_lock(folder)
                    self._frames = self._read()
                except LockedError as error:
                    if time.monotonic() >= deadline:
                        raise CaptureError(str(error)) from None
                    time.sleep(0.1)
                except OSError as error:
                    raise CaptureError(f"{folder}: cannot be written to: {error.strerror}") from None

    def release(self) -> None:
        """Nothing more is captured."""
        with self._lock:
            held, self._held = self._held, None
        if held is not None:
            held.release()

    def add(self, frame: int, own_settings: Mapping[str, float] | None = None) -> None:
        """A frame is on disk, with its own settings; raises CaptureError if that cannot be noted."""
        with self._lock:
            self._frames[frame] = own_settings or {}
            self._write()

    def restrict(self, frames: Iterable[int]) -> None:
        """Only these belong to the run; raises CaptureError if that cannot be noted."""
        with self._lock:
            left = set(frames)
            self._frames = {frame: own for frame, own in self._frames.items() if frame in left}
            self._write()

    def captured(self, frame: int, views: Sequence[str] = ()) -> list[CapturedFrame]:
        """A frame's files, of each view if there are several; none unless all were captured and are there."""
        found = [
            CapturedFrame(
                frame,
                content_path(self._output, frame, view),
                passes_path(self._output, frame, view),
                view=view,
                own_settings=self._frames.get(frame, {}),
            )
            for view in views or [""]
        ]
        there = all(each.content.is_file() and each.passes and each.passes.is_file() for each in found)
        return found if frame in self._frames and there else []

    def _read(self) -> dict[int, Mapping[str, float]]:
        try:
            noted = read_json(self._path)
            own = noted.get("settings", {})
            return {int(frame): _numbers(own.get(str(frame), {})) for frame in noted["frames"]}
        except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
            return {}

    def _write(self) -> None:
        try:
            with whole_file(self._path) as unfinished:
                own = {str(frame): own for frame, own in sorted(self._frames.items()) if own}
                noted = {"frames": sorted(self._frames), **({"settings": own} if own else {})}
                unfinished.write_text(json.dumps(noted), "utf-8")
        except OSError as error:
            raise CaptureError(f"{self._path}: cannot be written: {error.strerror}") from None


def _numbers(values: Mapping[str, float]) -> Mapping[str, float]:
    return {name: float(value) for name, value in values.items()}
