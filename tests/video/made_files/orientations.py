"""How a picture is stored so that it comes upright by its orientation tag."""

from __future__ import annotations

import numpy as np


def as_stored(upright: np.ndarray, orientation: int) -> np.ndarray:
    """The pixels (H, W, C) as they lie in a file with this orientation.

    Where the first stored row and column lie in the picture: TIFF 6, page 36; EXIF has the same numbers.
    """
    back = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(upright, -1),
    }
    return np.ascontiguousarray(back[orientation])
