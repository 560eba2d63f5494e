"""Coding-independent code points: primaries and transfer curves by number (ITU-T H.273)."""

from __future__ import annotations

from collections.abc import Mapping

from video.color.color_space import REC_709
from video.color.encoded_space import EncodedSpace, GammaCurve, SrgbCurve, TransferCurve, encoded_space

_D65, _C = (0.3127, 0.3290), (0.310, 0.316)
_UNSPECIFIED = 2
_SMPTE_170M = (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65)

PRIMARIES: Mapping[int, tuple[float, ...]] = {
    1: REC_709,
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, *_C),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    6: _SMPTE_170M,
    7: _SMPTE_170M,
    8: (0.681, 0.319, 0.243, 0.692, 0.145, 0.049, *_C),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),
    22: (0.630, 0.340, 0.295, 0.605, 0.155, 0.077, *_D65),
}
"""x and y of red, green, blue and white (H.273, table 2)."""

TRANSFERS: Mapping[int, TransferCurve] = {
    # Video is shown as if it were sRGB, as players on a computer's display do.
    **dict.fromkeys((1, 6, 7, 11, 12, 13, 14, 15), SrgbCurve()),
    4: GammaCurve(2.2),
    5: GammaCurve(2.8),
    8: GammaCurve(1.0),
}
"""Transfer curves (H.273, table 3)."""


def cicp_space(primaries: int, transfer: int, *, narrow: bool = False) -> EncodedSpace | None:
    """The space of these code points; None where that is sRGB, or the points are unspecified.

    Args:
        narrow: whether black and white are those of video.

    Raises:
        ValueError: the code points mean nothing that is known here; the message names them.
    """
    chromaticities = REC_709 if primaries == _UNSPECIFIED else PRIMARIES.get(primaries)
    curve = SrgbCurve() if transfer == _UNSPECIFIED else TRANSFERS.get(transfer)
    if chromaticities is None or curve is None:
        raise ValueError(f"the color code points {primaries}, {transfer}")
    return encoded_space(curve, chromaticities, narrow=narrow)
