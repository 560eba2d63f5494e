"""Frame store: the input frames of a run on disk, for further passes over them, wherever they came from.

Images are stored without loss (`lossless_arrays`). What a file holds in another color space than sRGB is
stored beside its image as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from video.color.color_space import ColorSpace
from video.errors import FileError
from video.frames.sequence import SourceFrame
from video.images.picture import Original
from video.resume.lossless_arrays import load_lossless, save_lossless


@dataclass(frozen=True)
class _Entry:
    number: int
    passes: Path | None
    masks: tuple[str, ...]
    keep: bool
    shot: int
    space: ColorSpace | None
    margin: int
    own_settings: Mapping[str, float]


class FrameStore:
    """The input frames of a run, in order.

    Args:
        folder: that the arrays are written to; the caller removes it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries: list[_Entry] = []
        self._shot = -1

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, frame: SourceFrame, *, begins_shot: bool, again: bool = False) -> None:
        """Stores one more frame; `again` if an earlier run has stored it: what is there as it was stays.

        Raises:
            FileError: the disk does not take it.
        """
        index = len(self._entries)
        if begins_shot:
            self._shot = index
        arrays = {"content": frame.image}
        arrays |= {f"mask{position}": mask for position, mask in enumerate(frame.masks.values())}
        if frame.keep is not None:
            arrays["keep"] = frame.keep
        if frame.original is not None:
            arrays["original"] = frame.original.pixels
        for kind, array in arrays.items():
            path = self._path(kind, index)
            if not (again and _holds(path, array)):
                save_lossless(path, array)
        space = None if frame.original is None else frame.original.space
        self._entries.append(
            _Entry(
                frame.number,
                frame.passes,
                tuple(frame.masks),
                frame.keep is not None,
                self._shot,
                space,
                frame.margin,
                frame.own_settings,
            )
        )

    def frame(self, index: int) -> SourceFrame:
        """The frame as it came; raises FileError if it is lost."""
        entry = self._entries[index]
        masks = {name: self._load(f"mask{place}", index) for place, name in enumerate(entry.masks)}
        keep = self._load("keep", index) if entry.keep else None
        original = None
        if entry.space is not None:
            original = Original(self._load("original", index), entry.space)
        content = self._load("content", index)
        own = entry.own_settings
        return SourceFrame(
            entry.number, content, entry.passes, masks, keep, original, entry.margin, own_settings=own
        )

    def begin_of_shot(self, index: int) -> int:
        """The index of the first frame of the shot that a frame belongs to."""
        return self._entries[index].shot

    def shot_content(self, index: int) -> np.ndarray:
        """The first image of the shot that a frame belongs to."""
        return self._load("content", self._entries[index].shot)

    def _load(self, kind: str, index: int) -> np.ndarray:
        return load_lossless(self._path(kind, index))

    def _path(self, kind: str, index: int) -> Path:
        return self._folder / f"{kind}_{index:06d}.npy"


def _holds(path: Path, array: np.ndarray) -> bool:
    try:
        return np.array_equal(load_lossless(path), array)
    except FileError:
        return False
