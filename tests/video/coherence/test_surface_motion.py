"""Warm start at silhouettes: a disk that moves over a background at rest, known exactly."""

from __future__ import annotations

import numpy as np
import pytest

from tests.video.disks import HEIGHT, WIDTH, Disk, flat, gradient
from video.coherence.frame_history import FrameHistory
from video.coherence.warm_start import StyledHistory, WarmStart
from video.motion.motion_field import RenderedFrame
from video.motion.motion_source import MotionFinder
from video.settings import MotionSource

RED, GREEN, PAPER = flat(0.8, 0.2, 0.1), flat(0.2, 0.6, 0.3), flat(0.9, 0.9, 0.7)
DISK = Disk(40.3, 34.6, right=3.5, down=1.25)


def warm_start(frames: list[RenderedFrame], styled: list[np.ndarray]) -> WarmStart:
    """The warm start of the last frame from the results of those before."""
    frame_history, styled_history = FrameHistory(MotionFinder(MotionSource.VECTORS), 4), StyledHistory(4)
    for frame, result in zip(frames, styled, strict=False):
        frame_history.add(frame)
        styled_history.add(result)
    found = styled_history.warm_start(frames[-1].image, frame_history.correspondence(frames[-1]))
    assert found is not None
    return found


def frames(count: int, disk: Disk = DISK) -> list[RenderedFrame]:
    return [disk.frame(number, RED, gradient()) for number in range(1, count + 1)]


def revealed(margin: float = 0.0) -> np.ndarray:
    """(H, W) bool: what the disk covered in frame 1 and does not cover entirely in frame 2."""
    return (DISK.at(1).share > margin) & (DISK.at(2).share < 1.0)


def test_a_disk_that_moved_is_composited_as_the_render_is() -> None:
    # Styled in other colors, so that nothing but coverage and motion makes the picture.
    found = warm_start(frames(2), [DISK.at(1).over(GREEN, PAPER)])
    expected, known = DISK.at(2).over(GREEN, PAPER), ~revealed()
    np.testing.assert_allclose(found.target[known], expected[known], atol=0.04)
    assert np.abs(found.target - expected)[known].mean() < 0.001
    # What is revealed is filled by what is alike: paper before paper.
    np.testing.assert_allclose(found.start, expected, atol=0.06)


def test_strokes_move_with_their_surface_up_to_the_silhouette() -> None:
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)

    def painted(number: int) -> np.ndarray:
        disk = DISK.at(number)
        front = 0.5 + 0.3 * np.sin(0.5 * (columns - disk.x) + 0.3 * (rows - disk.y))
        back = 0.5 + 0.3 * np.cos(0.4 * columns - 0.6 * rows)
        return disk.over(*(np.repeat(each[..., None], 3, axis=2) for each in (front, back)))

    found = warm_start(frames(2), [painted(1)])
    pure = ~revealed() & np.isin(DISK.at(2).share, (0.0, 1.0))
    error = np.abs(found.target - painted(2))[pure]
    # Waves of 12 px, continued beyond the silhouette by a mean of their surroundings.
    assert error.max() < 0.1
    assert error.mean() < 0.002
    assert found.reliability[DISK.at(2).share == 1.0].min() > 0.95


def test_what_is_revealed_is_not_held() -> None:
    found = warm_start(frames(2), [DISK.at(1).over(GREEN, PAPER)])
    now_open = revealed(margin=0.6) & (DISK.at(2).share == 0.0)
    assert now_open.sum() > 50
    assert found.reliability[now_open].max() < 0.05


def test_an_outline_is_not_imprinted_on_what_lies_behind() -> None:
    shot, magenta = frames(4), np.array([1.0, 0.0, 1.0], np.float32)
    results: list[np.ndarray] = []
    for number in range(1, 4):
        result = DISK.over(GREEN, PAPER) if number == 1 else warm_start(shot[:number], results).start
        outline = shot[number - 1].coverage
        assert outline is not None
        result = result.copy()
        result[outline.mixed] = magenta
        results.append(result)
    start = warm_start(shot, results).start
    expected = DISK.at(4).over(GREEN, PAPER)
    np.testing.assert_allclose(start, expected, atol=0.08)


def test_resting_frames_keep_every_bit() -> None:
    resting = Disk(40.3, 34.6)
    noise = np.random.default_rng(0).random((HEIGHT, WIDTH, 3), dtype=np.float32)
    found = warm_start(frames(2, resting), [noise])
    np.testing.assert_array_equal(found.start, noise)
    np.testing.assert_array_equal(found.target, noise)
    assert found.reliability.min() == 1.0


def test_what_comes_back_after_a_frame_is_taken_from_the_frame_that_showed_it() -> None:
    # The disk is at the same place in frames 1 and 3, and elsewhere in frame 2: the background that it hides
    # in frame 2 alone has been seen in frame 1.
    here, there = Disk(40.3, 34.6, right=20.0), Disk(60.3, 34.6, right=20.0)
    back_again = Disk(40.3, 34.6, right=-20.0)
    turning = there.passes()
    assert turning.vector is not None
    turning.vector[..., 2] *= -1.0
    shot = [
        RenderedFrame(1, here.over(RED, gradient()), here.passes()),
        RenderedFrame(2, there.over(RED, gradient()), turning),
        RenderedFrame(3, here.over(RED, gradient()), back_again.passes()),
    ]
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    back = np.repeat((0.5 + 0.3 * np.cos(0.4 * columns - 0.6 * rows))[..., None], 3, axis=2)
    found = warm_start(shot, [here.over(GREEN, back), there.over(GREEN, back)])
    hidden = (there.share > 0.0) & (here.share == 0.0)
    # On the ring where the disk's edge was in frame 1 nothing is known.
    inner = hidden & (np.hypot(columns - here.x, rows - here.y) > 22.0)
    assert inner.sum() > 100
    error = np.abs(found.start - here.over(GREEN, back))[inner]
    assert error.max() < 0.15
    assert error.mean() < 0.01


@pytest.mark.parametrize("number", [2, 3])
def test_every_frame_is_as_sharp_as_the_render(number: int) -> None:
    shot, results = frames(number), [DISK.over(GREEN, PAPER)]
    for length in range(2, number + 1):
        results.append(warm_start(shot[:length], results).start)
    expected = DISK.at(number).over(GREEN, PAPER)
    edge = (DISK.at(number).share > 0.0) & (DISK.at(number).share < 1.0)
    assert np.abs(results[-1] - expected)[edge].mean() < 0.02
