"""Keeps the frames of a sequence on disk for further passes over it, whatever they came from.

Pictures are kept in 16 bits a channel, which is exact: nothing is read that has more. What a file holds in
another space than sRGB is kept beside them as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from video.colour_space import ColourSpace
from video.errors import FileError
from video.picture import Original
from video.sequence import SourceFrame

_LEVELS = np.float32(65535.0)


@dataclass(frozen=True)
class _Entry:
    number: int
    passes: Path | None
    masks: tuple[str, ...]
    keep: bool
    shot: int
    space: ColourSpace | None


class Shelf:
    """Frames with their results so far, in order.

    Args:
        folder: an existing one that nothing else writes to; whoever made it removes it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries: list[_Entry] = []
        self._shot = -1

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, frame: SourceFrame, optimised: np.ndarray, *, begins_shot: bool) -> None:
        """Keeps one more frame and its result; raises FileError if the disk does not take it."""
        index = len(self._entries)
        if begins_shot:
            self._shot = index
        self._save("content", index, frame.image)
        for position, mask in enumerate(frame.masks.values()):
            self._save(f"mask{position}", index, mask)
        if frame.keep is not None:
            self._save("keep", index, frame.keep)
        if frame.original is not None:
            self._write("original", index, frame.original.pixels)
        space = None if frame.original is None else frame.original.space
        self._entries.append(
            _Entry(frame.number, frame.passes, tuple(frame.masks), frame.keep is not None, self._shot, space)
        )
        self.replace(index, optimised)

    def frame(self, index: int) -> SourceFrame:
        """The frame as it came."""
        entry = self._entries[index]
        masks = {name: self._load(f"mask{place}", index) for place, name in enumerate(entry.masks)}
        keep = self._load("keep", index) if entry.keep else None
        original = None
        if entry.space is not None:
            original = Original(self._read("original", index), entry.space)
        return SourceFrame(entry.number, self._load("content", index), entry.passes, masks, keep, original)

    def shot_content(self, index: int) -> np.ndarray:
        """The first picture of the shot that a frame belongs to."""
        return self._load("content", self._entries[index].shot)

    def optimised(self, index: int) -> np.ndarray:
        """The result that was kept last."""
        return self._load("optimised", index)

    def replace(self, index: int, optimised: np.ndarray) -> None:
        """Keeps a better result of a frame."""
        self._save("optimised", index, optimised)

    def _save(self, kind: str, index: int, array: np.ndarray) -> None:
        self._write(kind, index, np.round(array * _LEVELS).astype(np.uint16))

    def _load(self, kind: str, index: int) -> np.ndarray:
        return self._read(kind, index).astype(np.float32) / _LEVELS

    def _write(self, kind: str, index: int, array: np.ndarray) -> None:
        path = self._path(kind, index)
        try:
            np.save(path, array, allow_pickle=False)
        except OSError as error:
            raise FileError(path, f"cannot be written: {error.strerror}") from None

    def _read(self, kind: str, index: int) -> np.ndarray:
        path = self._path(kind, index)
        try:
            return np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise FileError(path, f"cannot be read: {error}") from None

    def _path(self, kind: str, index: int) -> Path:
        return self._folder / f"{kind}_{index:06d}.npy"
