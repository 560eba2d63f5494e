"""RGB and the luma and color differences that a movie stores, both ways, to the same last bit everywhere.

FFmpeg's conversion is not used for this: at the end of a row it may reckon with whatever lies behind it in
memory, so that the same pictures made another movie each time; and it is up to a level of 8 bits too dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from video.color.video_signal import Matrix

# ITU-R BT.709-6, section 3: the weights of red, green and blue in luma.
_RED, _GREEN, _BLUE = (np.float32(weight) for weight in (0.2126, 0.7152, 0.0722))
# The weights of red and blue, by the matrix's code point (H.273, table 4).
_WEIGHTS: dict[int, tuple[float, float]] = {
    Matrix.BT709: (0.2126, 0.0722),
    Matrix.FCC: (0.30, 0.11),
    Matrix.BT470BG: (0.299, 0.114),
    Matrix.SMPTE170M: (0.299, 0.114),
    Matrix.SMPTE240M: (0.212, 0.087),
    Matrix.BT2020: (0.2627, 0.0593),
}
KNOWN_MATRICES = frozenset({*_WEIGHTS, Matrix.YCGCO})
"""Those that `rgb_from_planes` converts."""


@dataclass(frozen=True)
class Sampling:
    """How the planes of a picture are stored.

    Attributes:
        bits: of a value, 8 to 16.
        full_range: values from 0 to the largest; otherwise the narrow range, 16 to 235 and 240 of 8 bits.
        matrix: code point of H.273; one of `KNOWN_MATRICES`.
    """

    bits: int
    full_range: bool
    matrix: int


def rgb_from_planes(planes: Sequence[np.ndarray], sampling: Sampling) -> np.ndarray:
    """Nonlinear RGB, (H, W, 3) float32 in 0..1.

    Args:
        planes: Y′, Cb and Cr as integers, (H, W) and two of (h, w), which may be smaller in either direction.
    """
    unit = np.float32(1 << (sampling.bits - 8))
    largest = np.float32((1 << sampling.bits) - 1)
    offset, luma_span, chroma_span = (
        (np.float32(0.0), largest, largest)
        if sampling.full_range
        else (16.0 * unit, 219.0 * unit, 224.0 * unit)
    )
    luma = (planes[0].astype(np.float32) - offset) / luma_span
    blue, red = (
        _enlarged((plane.astype(np.float32) - 128.0 * unit) / chroma_span, luma.shape)
        for plane in planes[1:3]
    )
    rgb = np.empty((*luma.shape, 3), np.float32)
    if sampling.matrix == Matrix.YCGCO:
        # The first difference is green's, the second orange's.
        rgb[..., 1] = luma + blue
        rgb[..., 0] = luma - blue + red
        rgb[..., 2] = luma - blue - red
    else:
        of_red, of_blue = map(np.float32, _WEIGHTS[sampling.matrix])
        rgb[..., 0] = luma + 2.0 * (1.0 - of_red) * red
        rgb[..., 2] = luma + 2.0 * (1.0 - of_blue) * blue
        rgb[..., 1] = (luma - of_red * rgb[..., 0] - of_blue * rgb[..., 2]) / (1.0 - of_red - of_blue)
    return np.clip(rgb, 0.0, 1.0, out=rgb)


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


def _enlarged(plane: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """(h, w) as (H, W): each value for all the pixels that it belongs to, as most players show it.

    Where it is stored once for four in a row, what lies between is interpolated.
    """
    (height, width), (rows, columns) = size, plane.shape
    down, across = round(height / rows), round(width / columns)
    if max(down, across) > 2:
        return cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR)
    return plane.repeat(down, axis=0).repeat(across, axis=1)[:height, :width]


def _halved(plane: np.ndarray) -> np.ndarray:
    return (plane[0::2, 0::2] + plane[0::2, 1::2] + plane[1::2, 0::2] + plane[1::2, 1::2]) * np.float32(0.25)
