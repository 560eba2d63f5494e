"""Hidden pixels are replaced by the visible ones nearby, and visible ones stay as they are."""

from __future__ import annotations

import numpy as np
import pytest

from compositor.image_ops.hidden_pixels import fill_hidden, visible_part

RNG = np.random.default_rng(4)


def image(height: int, width: int, visible: np.ndarray) -> np.ndarray:
    color = RNG.random((height, width, 3)).astype(np.float32)
    return np.concatenate([color, visible[..., None].astype(np.float32)], axis=2)


@pytest.mark.parametrize("size", [(16, 16), (37, 53), (64, 17)])
def test_visible_pixels_stay_and_hidden_ones_have_colors_of_visible_ones(size: tuple[int, int]) -> None:
    picture = image(*size, RNG.random(size) > 0.9)
    picture[..., :3] = np.where(picture[..., 3:] > 0.0, 0.4 + 0.1 * picture[..., :3], 1.0)
    filled = fill_hidden(picture)
    shown = picture[..., 3] > 0.0
    np.testing.assert_array_equal(filled[shown], picture[shown][:, :3])
    assert filled[~shown].min() >= 0.4 - 1e-5
    assert filled[~shown].max() <= 0.5 + 1e-5


def test_a_hidden_half_continues_the_visible_one() -> None:
    visible = np.zeros((32, 32))
    visible[:, :16] = 1.0
    picture = image(32, 32, visible)
    # Red above, blue below.
    picture[:16, :, :3], picture[16:, :, :3] = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)
    picture[:, 16:, :3] = (0.0, 1.0, 0.0)
    filled = fill_hidden(picture)
    assert (filled[:10, 16:18, 0] > 0.6).all()
    assert (filled[22:, 16:18, 2] > 0.6).all()
    # Nothing of the green that is hidden.
    assert filled[..., 1].max() < 1e-6


def test_faint_pixels_keep_their_color_and_weigh_little() -> None:
    picture = image(16, 16, np.full((16, 16), 0.001))
    np.testing.assert_array_equal(fill_hidden(picture), picture[..., :3])
    shown = visible_part(picture)
    assert shown is not None
    np.testing.assert_array_equal(shown, picture[..., 3])


@pytest.mark.parametrize("alpha", [None, 1.0])
def test_an_opaque_picture_is_as_it_was(alpha: float | None) -> None:
    picture = image(16, 16, np.ones((16, 16)))[..., : 3 if alpha is None else 4]
    assert visible_part(picture) is None
    np.testing.assert_array_equal(fill_hidden(picture), picture[..., :3])
