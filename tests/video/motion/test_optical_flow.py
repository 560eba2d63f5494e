"""Optical flow on textures whose motion is known: its accuracy and its sign."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.video.moving_pictures import waves
from video.motion.optical_flow import DisFlow, FarnebackFlow
from video.motion.warp import warp_smooth

INNER = (slice(12, -12), slice(12, -12))


@pytest.mark.parametrize(("right", "down"), [(0.0, 0.0), (3.0, 0.0), (-2.5, 1.25), (0.4, -0.7), (5.3, 4.0)])
def test_known_shift_is_found_to_a_third_of_a_pixel(right: float, down: float) -> None:
    motion = DisFlow().between(waves(96, 128), waves(96, 128, right, down))
    assert motion.backward.shape == motion.forward.shape == (96, 128, 2)
    assert motion.backward.dtype == np.float32
    assert np.abs(motion.forward[INNER] - [right, down]).max() < 0.3
    assert np.abs(motion.backward[INNER] + [right, down]).max() < 0.3


@pytest.mark.parametrize(("right", "down"), [(0.0, 0.0), (3.0, 0.0), (-2.5, 1.25)])
def test_farneback_finds_a_known_shift_too(right: float, down: float) -> None:
    motion = FarnebackFlow().between(waves(96, 128), waves(96, 128, right, down))
    assert np.abs(motion.forward[INNER] - [right, down]).max() < 0.4
    assert np.abs(motion.backward[INNER] + [right, down]).max() < 0.4


def test_backward_leads_to_where_a_pixel_was_in_the_previous_frame() -> None:
    previous, current = waves(96, 128), waves(96, 128, 4.0, -2.0)
    motion = DisFlow().between(previous, current)
    moved = warp_smooth(previous, motion.backward)
    assert np.abs(moved - current)[INNER].max() < 0.05
    assert np.abs(warp_smooth(current, motion.forward) - previous)[INNER].max() < 0.05


def test_painted_picture(picture: Callable[..., np.ndarray]) -> None:
    wide = picture(128, 96)
    motion = DisFlow().between(wide[:, 4:108], wide[:, 1:105])
    assert np.abs(motion.backward[INNER] - [-3.0, 0.0]).max() < 0.3


def test_alpha_is_ignored() -> None:
    previous, current = waves(48, 64), waves(48, 64, 2.0)
    expected = DisFlow().between(previous, current)
    transparent = DisFlow().between(
        np.dstack([previous, np.zeros((48, 64), np.float32)]),
        np.dstack([current, np.ones((48, 64), np.float32)]),
    )
    np.testing.assert_array_equal(transparent.backward, expected.backward)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (17, 41), (16, 200)])
def test_smallest_frames_have_a_motion_too(height: int, width: int) -> None:
    motion = DisFlow().between(waves(height, width), waves(height, width, 1.0))
    assert motion.backward.shape == (height, width, 2)
    assert np.isfinite(motion.backward).all()
