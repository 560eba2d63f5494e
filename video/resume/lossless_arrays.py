"""Lossless arrays: float32 in 0..1 on disk, in 8 or 16 bits where those are exact."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from video.errors import FileError
from video.images.image_files import quantize, write_atomically

_LEVELS = {np.dtype(np.uint8): np.float32(255.0), np.dtype(np.uint16): np.float32(65535.0)}


def save_lossless(path: Path, array: np.ndarray) -> None:
    """Writes a float32 array: in 8 or 16 bits where those give it back exactly; whole or not at all.

    Raises:
        FileError: the disk does not take it.
    """
    stored = array
    for kind, bits in ((np.uint8, 8), (np.uint16, 16)):
        if np.array_equal(quantize(array, bits), array):
            stored = np.round(array * _LEVELS[np.dtype(kind)]).astype(kind)
            break

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.save(file, stored, allow_pickle=False)

    write_atomically(path, write)


def load_lossless(path: Path) -> np.ndarray:
    """The float32 array that was saved; raises FileError where it is gone or damaged."""
    try:
        stored = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise FileError(path, f"cannot be read: {error}") from None
    levels = _LEVELS.get(stored.dtype)
    return stored.astype(np.float32) if levels is None else stored.astype(np.float32) / levels
