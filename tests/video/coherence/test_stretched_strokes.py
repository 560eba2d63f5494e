"""Stretched strokes are held less: by the smaller scale of the map to the earlier frame."""

from __future__ import annotations

import numpy as np
import pytest

from video.coherence.stretched_strokes import held_against_stretch

HEIGHT, WIDTH = 40, 60
ROWS, COLUMNS = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)


def motion(source_columns: np.ndarray, source_rows: np.ndarray = ROWS) -> np.ndarray:
    """The motion that leads from each pixel to a column and a row of the earlier frame."""
    return np.stack([source_columns - COLUMNS, source_rows - ROWS], axis=2)


@pytest.mark.parametrize(
    ("stretch", "held"),
    [(0.5, 1.0), (1.0, 1.0), (1.02, 1.0), (1.1, 1.0), (1.25, 0.64), (1.4, 0.209), (2.0, 0.0), (-1.0, 0.0)],
)
def test_the_more_they_are_stretched_the_less_they_are_held(stretch: float, held: float) -> None:
    """Also in one direction alone, whichever it is."""
    along, down = motion(COLUMNS / stretch), motion(COLUMNS, ROWS / stretch)
    both = motion(COLUMNS / stretch, ROWS / stretch)
    for each in (along, down) if stretch < 0.0 else (along, down, both):
        found = held_against_stretch(each)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, held, atol=0.005)


def test_turned_and_sheared_strokes_keep_their_scale() -> None:
    angle = np.radians(25.0)
    turned = motion(
        np.cos(angle) * COLUMNS - np.sin(angle) * ROWS, np.sin(angle) * COLUMNS + np.cos(angle) * ROWS
    )
    assert (held_against_stretch(turned) == 1.0).all()
    # A shear by 0.5 has the singular values 1.28 and 0.78.
    sheared = held_against_stretch(motion(COLUMNS + 0.5 * ROWS))
    np.testing.assert_allclose(sheared, ((0.7808 - 0.6) / 0.25) ** 2, atol=1e-3)


@pytest.mark.parametrize("parallax", [-7.0, 3.0])
def test_a_silhouette_stretches_nothing(parallax: float) -> None:
    """Nor does a line of one pixel that moves otherwise than what lies behind."""
    beside = motion(COLUMNS + parallax * (COLUMNS >= 30))
    thin = motion(COLUMNS + parallax * (COLUMNS == 30))
    corner = motion(COLUMNS + parallax * ((COLUMNS >= 30) & (ROWS >= 20)))
    for each in (beside, thin, corner):
        assert (held_against_stretch(each) == 1.0).all()


def test_one_pixel_is_no_stretch() -> None:
    assert held_against_stretch(np.zeros((1, 1, 2), np.float32)).tolist() == [[1.0]]
