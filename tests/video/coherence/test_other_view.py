"""A warm start from the other eye: the other's where both see the surface, the frame's own where one does."""

from __future__ import annotations

import numpy as np

from compositor.progress import FrameReport, Stopped
from tests.video.moving_pictures import rendered, waves
from video.coherence.frame_history import FrameHistory, correspondence_to_view
from video.coherence.other_view import OtherView
from video.coherence.warm_start import StyledHistory, WarmStart
from video.frames.render_passes import Camera, Passes
from video.motion.motion_field import RenderedFrame
from video.motion.motion_source import MotionFinder
from video.settings import MotionSource

HEIGHT, WIDTH, DISPARITY = 48, 80, 5
FINDER = MotionFinder(MotionSource.AUTO)
REPORT = FrameReport(1, 0.0, {}, Stopped.STEP_LIMIT, [(HEIGHT, WIDTH)], "cpu")


def seen(x: int) -> RenderedFrame:
    """A wall, seen by an orthographic eye that stands so many pixels to the right."""
    world = np.eye(4)
    world[0, 3] = x
    camera = Camera("Camera", world, np.diag([2.0 / WIDTH, 2.0 / HEIGHT, -0.01, 1.0]))
    depth = np.full((HEIGHT, WIDTH), 5.0, np.float32)
    return rendered(waves(HEIGHT, WIDTH, -x), 1, Passes(depth=depth, camera=camera))


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((HEIGHT, WIDTH, 3), dtype=np.float32)


def other_eye(styled: np.ndarray) -> OtherView:
    correspondence = correspondence_to_view(FINDER, seen(0), seen(DISPARITY))
    assert correspondence is not None
    return OtherView(correspondence, styled, None, REPORT)


def own_past(frame: RenderedFrame, styled: np.ndarray) -> WarmStart:
    """Of a frame that is like the one before, but for a change of light that makes nothing static."""
    history, results = FrameHistory(FINDER, 2), StyledHistory(2)
    history.add(rendered(frame.image + np.float32(0.01), 0))
    results.add(styled)
    found = results.warm_start(frame.image, history.correspondence(frame))
    assert found is not None
    return found


def test_the_first_frame_starts_from_the_other_eye() -> None:
    left = noise(1)
    start = other_eye(left).joined(None, seen(DISPARITY).image)
    assert start.begins_shot
    # What this eye has at a place, the other has so many pixels farther right.
    inner = slice(4, WIDTH - DISPARITY - 4)
    assert np.abs(start.start[:, inner] - np.roll(left, -DISPARITY, axis=1)[:, inner]).max() < 1e-3
    assert start.reliability[:, inner].min() > 0.99
    assert start.reliability[:, -DISPARITY + 1 :].max() < 0.01, "the other eye does not see so far"


def test_what_the_other_eye_does_not_see_comes_from_the_past() -> None:
    frame, left, before = seen(DISPARITY), noise(1), noise(2)
    own = own_past(frame, before)
    start = other_eye(left).joined(own, frame.image)
    assert not start.begins_shot
    inner, unseen = slice(4, WIDTH - DISPARITY - 4), slice(WIDTH - DISPARITY + 1, WIDTH - 2)
    assert np.abs(start.target[:, inner] - np.roll(left, -DISPARITY, axis=1)[:, inner]).max() < 0.02
    np.testing.assert_allclose(start.target[:, unseen], own.target[:, unseen], atol=0.02)
    assert np.all(start.reliability >= own.reliability)


def test_what_is_static_stays_as_it_was() -> None:
    frame, before = seen(DISPARITY), noise(2)
    history, results = FrameHistory(FINDER, 2), StyledHistory(2)
    history.add(frame)
    results.add(before)
    own = results.warm_start(frame.image, history.correspondence(frame))
    start = other_eye(noise(1)).joined(own, frame.image)
    np.testing.assert_array_equal(start.start, before)
