"""The warp error of pairs whose difference is known."""

from __future__ import annotations

import numpy as np
import pytest

from tests.video.moving_pictures import constant_motion, waves
from video.motion.warp import inside_frame, warp
from video.motion.warp_error import warp_error

MOTION = constant_motion(48, 64, 3.0, -2.0)
PREVIOUS = 0.2 + 0.6 * waves(48, 64)
STYLED = warp(PREVIOUS, MOTION.backward)
RELIABLE = inside_frame(MOTION.backward).astype(np.float32)


def test_perfectly_moved_pair_has_none() -> None:
    assert warp_error(STYLED, PREVIOUS, MOTION.backward, RELIABLE) == 0.0


def test_constant_offset_is_its_square() -> None:
    assert warp_error(STYLED + 0.1, PREVIOUS, MOTION.backward, RELIABLE) == pytest.approx(0.01, rel=1e-4)


def test_half_of_the_pixels_off_is_half_the_square() -> None:
    styled = STYLED.copy()
    styled[:, ::2] += 0.1
    everywhere = np.ones((48, 64), np.float32)
    assert warp_error(styled, PREVIOUS, MOTION.backward, everywhere) == pytest.approx(0.005, rel=1e-4)


def test_motion_in_the_wrong_direction_is_an_error() -> None:
    wrong = constant_motion(48, 64, -3.0, 2.0)
    assert warp_error(STYLED, PREVIOUS, wrong.backward, RELIABLE) > 1e-3


def test_unreliable_pixels_do_not_count() -> None:
    reliability, styled = RELIABLE.copy(), STYLED + 0.1
    reliability[10:30, 20:40] = 0.4
    styled[10:30, 20:40] = 1.0
    assert warp_error(styled, PREVIOUS, MOTION.backward, reliability) == pytest.approx(0.01, rel=1e-4)


def test_nothing_reliable_is_no_evidence_of_flicker() -> None:
    assert warp_error(STYLED + 0.5, PREVIOUS, MOTION.backward, np.zeros((48, 64), np.float32)) == 0.0


def test_alpha_is_left_out() -> None:
    opaque, clear = np.ones((48, 64), np.float32), np.zeros((48, 64), np.float32)
    error = warp_error(np.dstack([STYLED, opaque]), np.dstack([PREVIOUS, clear]), MOTION.backward, RELIABLE)
    assert error == 0.0
