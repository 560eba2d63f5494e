"""RGB to the luma and color differences that a movie stores, to the same last bit wherever it is done.

FFmpeg's conversion is not used for this: at the end of a row it may reckon with whatever lies behind it in
memory, so that the same pictures made another movie each time.
"""

from __future__ import annotations

import numpy as np

# ITU-R BT.709-6, section 3: the weights of red, green and blue in luma.
_RED, _GREEN, _BLUE = (np.float32(weight) for weight in (0.2126, 0.7152, 0.0722))


def ycbcr_planes(rgb: np.ndarray, bits: int, *, halved: bool) -> list[np.ndarray]:
    """The planes Y′, Cb and Cr by ITU-R BT.709, in its narrow range (16 to 235 and 240 of 8 bits).

    Args:
        rgb: (H, W, 3) float32 in 0..1; the sides are even where `halved`.
        bits: of a value, 8 to 16.
        halved: the color differences have half the height and width, each the mean of four.

    Returns:
        (H, W), (h, w), (h, w) uint16.
    """
    red, green, blue = (rgb[..., place].astype(np.float32) for place in range(3))
    luma = _RED * red + _GREEN * green + _BLUE * blue
    differences = [(blue - luma) / (2.0 * (1.0 - _BLUE)), (red - luma) / (2.0 * (1.0 - _RED))]
    if halved:
        differences = [_halved(each) for each in differences]
    unit = np.float32(1 << (bits - 8))
    scaled = [16.0 + 219.0 * luma, *(128.0 + 224.0 * each for each in differences)]
    return [np.round(each * unit).astype(np.uint16) for each in scaled]


def _halved(plane: np.ndarray) -> np.ndarray:
    return (plane[0::2, 0::2] + plane[0::2, 1::2] + plane[1::2, 0::2] + plane[1::2, 1::2]) * np.float32(0.25)
