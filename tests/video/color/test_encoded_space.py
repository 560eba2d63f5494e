"""Colors described by primaries and a gamma, to sRGB."""

from __future__ import annotations

import numpy as np
import pytest

from video.color.color_space import REC_709
from video.color.encoded_space import EncodedSpace, span_colors

WIDE = {
    "Display P3": (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.3127, 0.3290),
    "Rec. 2020": (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290),
    "ProPhoto": (0.7347, 0.2653, 0.1596, 0.8404, 0.0366, 0.0001, 0.3457, 0.3585),
    "NTSC": (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, 0.310, 0.316),
}


def test_a_gray_is_gray_whatever_the_primaries() -> None:
    grays = np.linspace(0.0, 1.0, 20)[:, None].repeat(3, axis=1).astype(np.float32)
    for chromaticities in WIDE.values():
        shown = EncodedSpace(None, chromaticities).to_display(grays)
        np.testing.assert_allclose(shown, grays, atol=2e-3)


def test_what_srgb_cannot_show_is_clipped() -> None:
    shown = EncodedSpace(None, WIDE["Display P3"]).to_display(np.array([[0.0, 1.0, 0.0]], np.float32))
    np.testing.assert_allclose(shown, [[0.0, 1.0, 0.0]], atol=1e-6)


@pytest.mark.parametrize("name", WIDE)
def test_primaries_in_use_span_colors(name: str) -> None:
    assert span_colors(WIDE[name])
    assert not EncodedSpace(None, WIDE[name]).is_srgb


def test_srgb_is_known_by_its_primaries_and_curve() -> None:
    assert EncodedSpace().is_srgb
    assert not EncodedSpace(1.8).is_srgb


@pytest.mark.parametrize(
    "chromaticities",
    [
        (0.0,) * 8,
        (0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.3127, 0.329),
        (0.64, 0.33, 0.64, 0.33, 0.15, 0.06, 0.3127, 0.329),
        (*REC_709[:6], 0.7, 0.2),
        (*REC_709[:6], 3.0, 0.2),
    ],
)
def test_other_numbers_span_none(chromaticities: tuple[float, ...]) -> None:
    assert not span_colors(chromaticities)
