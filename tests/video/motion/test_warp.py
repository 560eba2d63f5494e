"""Moving a picture along a motion: exact for whole pixels, close for parts of one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.video.moving_pictures import constant_motion, waves
from video.motion.warp import inside_frame, warp, warp_smooth

Picture = Callable[..., np.ndarray]


def test_no_motion_gives_the_identical_picture(picture: Picture) -> None:
    np.testing.assert_array_equal(warp(picture(), np.zeros((48, 64, 2), np.float32)), picture())


def test_shift_by_whole_pixels_is_exact_inside(picture: Picture) -> None:
    # The picture moves 3 px to the right and 2 px up.
    moved = warp(picture(), constant_motion(48, 64, 3.0, -2.0).backward)
    np.testing.assert_array_equal(moved[:-2, 3:], picture()[2:, :-3])


def test_beyond_the_border_the_border_is_repeated(picture: Picture) -> None:
    moved = warp(picture(), constant_motion(48, 64, 3.0).backward)
    np.testing.assert_array_equal(moved[:, :3], picture()[:, :1].repeat(3, axis=1))


@pytest.mark.parametrize(("right", "down"), [(0.5, 0.0), (-1.25, 2.75), (0.3, -0.7)])
def test_shift_by_part_of_a_pixel(right: float, down: float) -> None:
    moved = warp(waves(64, 80), constant_motion(64, 80, right, down).backward)
    inner = (slice(8, -8), slice(8, -8))
    # OpenCV's remap knows 32 places within a pixel.
    assert np.abs(moved - waves(64, 80, right, down))[inner].max() < 0.01


def test_kernel_stays_sharp_over_many_frames(picture: Picture) -> None:
    half = np.full((48, 64, 2), 0.5, np.float32)
    image = picture()
    for frame in range(8):
        image = warp(image, half if frame % 2 else -half)
    inner = (slice(8, -8), slice(8, -8))
    assert image[inner].std() > 0.9 * picture()[inner].std()


def test_result_stays_within_the_range() -> None:
    edge = np.zeros((32, 32, 3), np.float32)
    edge[:, 16:] = 1.0
    moved = warp(edge, np.full((32, 32, 2), 0.4, np.float32))
    assert moved.min() == 0.0
    assert moved.max() == 1.0


def test_fields_are_neither_clipped_nor_made_to_ring() -> None:
    field = np.zeros((32, 32, 2), np.float32)
    field[:, 16:] = [-40.0, 7.0]
    moved = warp_smooth(field, np.full((32, 32, 2), [0.5, 0.0], np.float32))
    assert moved[5, 15].tolist() == [-20.0, 3.5]
    assert moved.min() == -40.0
    assert moved.max() == 7.0


def test_each_pixel_follows_its_own_motion() -> None:
    columns = np.arange(64, dtype=np.float32)[None, :, None].repeat(48, axis=0) / 64.0
    backward = np.zeros((48, 64, 2), np.float32)
    backward[20, 10] = [7.0, -5.0]
    moved = warp_smooth(columns, backward)
    expected = columns[..., 0].copy()
    expected[20, 10] = 17.0 / 64.0
    np.testing.assert_array_equal(moved.reshape(48, 64), expected)


def test_inside_frame_ends_at_the_last_pixel_center() -> None:
    inside = inside_frame(constant_motion(48, 64, 3.0, -2.5).backward)
    expected = np.zeros((48, 64), bool)
    expected[:-3, 3:] = True
    np.testing.assert_array_equal(inside, expected)
    assert inside_frame(np.zeros((48, 64, 2), np.float32)).all()
