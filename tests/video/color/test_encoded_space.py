"""Colors described by primaries and a curve: to sRGB as computed by hand, and back."""

from __future__ import annotations

import numpy as np
import pytest

from video.color.cicp import PRIMARIES, TRANSFERS, cicp_space
from video.color.color_space import REC_709
from video.color.encoded_space import EncodedSpace, GammaCurve, SrgbCurve, encoded_space, span_colors

RNG = np.random.default_rng(6)
MUTED = (0.3 + 0.4 * RNG.random((50, 3))).astype(np.float32)
PROPHOTO = (0.7347, 0.2653, 0.1596, 0.8404, 0.0366, 0.0001, 0.3457, 0.3585)


@pytest.mark.parametrize("primaries", PRIMARIES)
@pytest.mark.parametrize("transfer", TRANSFERS)
@pytest.mark.parametrize("narrow", [False, True])
def test_there_and_back_is_where_it_began(primaries: int, transfer: int, narrow: bool) -> None:
    space = cicp_space(primaries, transfer, narrow=narrow)
    if space is None:
        assert not narrow
        return
    np.testing.assert_allclose(space.to_display(space.from_display(MUTED)), MUTED, atol=1e-4)
    # Every space's white is the display's.
    white = np.full((1, 3), 235.0 / 255.0 if narrow else 1.0, np.float32)
    np.testing.assert_allclose(space.to_display(white), 1.0, atol=2e-3)


def test_a_gray_is_gray_whatever_the_primaries() -> None:
    grays = np.linspace(0.0, 1.0, 20)[:, None].repeat(3, axis=1).astype(np.float32)
    for chromaticities in (*PRIMARIES.values(), PROPHOTO):
        shown = EncodedSpace(SrgbCurve(), chromaticities).to_display(grays)
        np.testing.assert_allclose(shown, grays, atol=2e-3)


def test_what_srgb_cannot_show_is_clipped() -> None:
    space = encoded_space(SrgbCurve(), PRIMARIES[12])
    assert space is not None
    shown = space.to_display(np.array([[0.0, 1.0, 0.0]], np.float32))
    np.testing.assert_allclose(shown, [[0.0, 1.0, 0.0]], atol=1e-6)


@pytest.mark.parametrize("chromaticities", [*PRIMARIES.values(), PROPHOTO])
def test_primaries_in_use_span_colors(chromaticities: tuple[float, ...]) -> None:
    assert span_colors(chromaticities)
    assert encoded_space(GammaCurve(1.8), chromaticities) is not None


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
    assert encoded_space(SrgbCurve(), chromaticities) is None
