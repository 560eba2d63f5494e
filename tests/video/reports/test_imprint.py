"""Imprint of a box that moves over a plane, whose former outlines are drawn on it or are not."""

from __future__ import annotations

import numpy as np
import pytest

from video.motion.motion_field import Motion
from video.reports.depth_edges import DepthEdges
from video.reports.imprint import SilhouetteTrail

HEIGHT, WIDTH = 80, 160
SPEED = 8
# Slope of the picture along the sides of the box.
SLOPE = 0.005


def box_columns(number: int, shift: int = 0) -> slice:
    return slice(40 + SPEED * number + shift, 70 + SPEED * number + shift)


def depth_of(number: int, shift: int = 0) -> np.ndarray:
    """A box as high as the frame, in front of a wall; both also move by the camera's shift."""
    depth = np.full((HEIGHT, WIDTH), 10.0, np.float32)
    depth[:, box_columns(number, shift)] = 4.0
    return depth


def motion_of(number: int, pan: int = 0) -> Motion:
    """From the frame before; the wall moves by `pan`, the box by `SPEED` more."""
    forward, backward = (np.zeros((HEIGHT, WIDTH, 2), np.float32) for _ in range(2))
    forward[..., 0], backward[..., 0] = pan, -pan
    forward[:, box_columns(number - 1, pan * (number - 1)), 0] += SPEED
    backward[:, box_columns(number, pan * number), 0] -= SPEED
    return Motion(backward, forward, exact=True)


def trail_after(frames: int, pan: int = 0) -> SilhouetteTrail:
    """The trail at the frame of this number, before its own silhouettes are added."""
    trail = SilhouetteTrail()
    for number in range(frames):
        if number:
            trail.move(motion_of(number, pan), depth_of(number, pan * number))
        depth = depth_of(number, pan * number)
        trail.add(DepthEdges.of(depth), depth)
    trail.move(motion_of(frames, pan), depth_of(frames, pan * frames))
    return trail


def ramp() -> np.ndarray:
    """Steeper downwards by `SLOPE` a pixel in each channel."""
    rows = np.arange(HEIGHT, dtype=np.float32)[:, None, None]
    return np.broadcast_to(0.1 + SLOPE * rows, (HEIGHT, WIDTH, 3)).copy()


def imprint_of(trail: SilhouetteTrail, image: np.ndarray, number: int, shift: int = 0) -> float | None:
    depth = depth_of(number, shift)
    return trail.imprint(image, np.zeros_like(image), DepthEdges.of(depth), depth)


@pytest.mark.parametrize("pan", [0, 3])
def test_a_line_at_a_former_silhouette_raises_the_ratio_by_its_gradient(pan: int) -> None:
    trail, shift = trail_after(1, pan), pan
    # The trailing side of the box in frame 0 lay between columns 39 and 40, and moved with the wall.
    image = ramp()
    assert imprint_of(trail, image, 1, shift) == pytest.approx(1.0, abs=1e-4)
    image[:, 40 + shift] += 0.04
    # Four columns are the line; two of them are beside the drawn one, each with half its height for a slope.
    slopes = (2.0 * np.hypot(SLOPE, 0.02) + 2.0 * SLOPE) / (4.0 * SLOPE)
    assert imprint_of(trail, image, 1, shift) == pytest.approx(slopes, rel=0.01)


def test_a_line_elsewhere_does_not() -> None:
    image = ramp()
    image[:, 55] += 0.04
    assert imprint_of(trail_after(1), image, 1) == pytest.approx(1.0, abs=1e-4)
    image = ramp()
    image[:, 44] += 0.04
    beside = imprint_of(trail_after(1), image, 1)
    assert beside is not None
    assert beside < 0.7


def test_what_the_render_shows_as_well_is_no_imprint() -> None:
    trail, depth, image = trail_after(1), depth_of(1), ramp()
    image[:40, 40] += 0.04
    edges, rendered = DepthEdges.of(depth), np.zeros_like(image)
    with_line = trail.imprint(image, rendered, edges, depth)
    rendered[:40, 40] = 0.5
    own = trail.imprint(image, rendered, edges, depth)
    assert with_line is not None
    assert with_line > 1.5
    assert own == pytest.approx(1.0, abs=1e-4)


def test_the_box_itself_and_its_present_outline_are_no_imprint() -> None:
    image = ramp()
    image[:, box_columns(3)] = (0.9, 0.2, 0.1)
    # Frames 0 to 2 left three outlines on the wall at hand, 24, 16 and 8 px behind the box.
    assert imprint_of(trail_after(3), image, 3) == pytest.approx(1.0, abs=1e-4)
    flat = np.zeros_like(image)
    assert imprint_of(trail_after(3), flat, 3) == pytest.approx(1.0)


def test_without_former_silhouettes_in_sight_there_is_none() -> None:
    assert imprint_of(SilhouetteTrail(), ramp(), 0) is None
    trail = trail_after(1)
    covered = np.full((HEIGHT, WIDTH), 2.0, np.float32)
    trail.move(motion_of(2), covered)
    trail.move(motion_of(3), depth_of(3))
    assert imprint_of(trail, ramp(), 3) is None, "what was covered since is new"
    trail = trail_after(1)
    trail.clear()
    assert imprint_of(trail, ramp(), 1) is None
