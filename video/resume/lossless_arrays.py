"""Lossless arrays: float32 in 0..1 on disk, in 8 or 16 bits where those are exact."""

from __future__ import annotations

import math
from pathlib import Path
from tokenize import TokenError
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

from video.errors import FileError
from video.files.decode_limits import MAX_PIXELS
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
            np.save(file, np.ascontiguousarray(stored), allow_pickle=False)

    write_atomically(path, write)


def load_lossless(path: Path) -> np.ndarray:
    """The float32 array that was saved; raises FileError where it is gone, damaged or none of these."""
    try:
        with path.open("rb") as file:
            stored = _read_array(file)
    except (OSError, ValueError, EOFError, TokenError, RecursionError) as error:
        raise FileError(path, f"cannot be read: {' '.join(str(error).split())[:200]}") from None
    levels = _LEVELS.get(stored.dtype)
    return stored.astype(np.float32) if levels is None else stored.astype(np.float32) / levels


def _read_array(file: BinaryIO) -> np.ndarray:
    """The array in an open file; raises ValueError before memory is taken for what is not there."""
    version = npy.read_magic(file)
    read_header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
    if read_header is None:
        raise ValueError("it is of another version")
    shape, fortran, dtype = read_header(file)
    if fortran or dtype not in (*_LEVELS, np.dtype(np.float32)):
        raise ValueError(f"it holds numbers of the type {dtype}")
    if not 2 <= len(shape) <= 3 or math.prod(shape[:2]) > MAX_PIXELS or not 1 <= math.prod(shape[2:]) <= 4:
        raise ValueError("it has another shape than a picture")
    size = math.prod(shape) * dtype.itemsize
    data = file.read(size + 1)
    if len(data) != size:
        raise ValueError("it has another length than it says")
    array = np.frombuffer(data, dtype).reshape(shape)
    if not np.isfinite(array).all():
        raise ValueError("it holds values that are no numbers")
    return array
