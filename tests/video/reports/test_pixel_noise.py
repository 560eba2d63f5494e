"""Depth edges of planes and steps; outliers and edge noise of pictures with known noise."""

from __future__ import annotations

import numpy as np
import pytest

from video.frames.render_passes import BACKGROUND_DEPTH
from video.reports.depth_edges import DepthEdges
from video.reports.pixel_noise import edge_noise, median_distance, outlier_share

SIZE = 64, 96


def box_depth() -> np.ndarray:
    """A box in front of the background."""
    depth = np.full(SIZE, 10.0 * BACKGROUND_DEPTH, np.float32)
    depth[20:40, 30:50] = 5.0
    return depth


def test_salt_of_a_known_share_is_that_share_of_outliers() -> None:
    image = np.tile(np.linspace(0.1, 0.5, SIZE[1], dtype=np.float32)[None, :, None], (SIZE[0], 1, 3))
    assert outlier_share(median_distance(image)) == 0.0
    salted = image.copy()
    salted[2:-2:4, 2:-2:4, 1] = 1.0
    faint = image.copy()
    faint[2:-2:4, 2:-2:4, 1] += 0.1
    count = salted[2:-2:4, 2:-2:4, 1].size
    assert outlier_share(median_distance(salted)) == pytest.approx(count / (SIZE[0] * SIZE[1]))
    assert outlier_share(median_distance(faint)) == 0.0


def test_edges_are_the_steps_and_say_which_side_is_farther() -> None:
    edges = DepthEdges.of(box_depth())
    across = np.zeros((SIZE[0], SIZE[1] - 1), np.int8)
    across[20:40, 29], across[20:40, 49] = -1, 1
    down = np.zeros((SIZE[0] - 1, SIZE[1]), np.int8)
    down[19, 30:50], down[39, 30:50] = -1, 1
    np.testing.assert_array_equal(edges.across, across)
    np.testing.assert_array_equal(edges.down, down)
    band = np.zeros(SIZE, bool)
    band[18:42, 28:52] = True
    band[22:38, 32:48] = False
    band[[18, 18, 41, 41], [28, 51, 28, 51]] = False  # the corners touch no edge
    np.testing.assert_array_equal(edges.band(2), band)


def test_a_floor_seen_at_a_low_angle_has_no_edge_and_a_wall_on_it_has() -> None:
    rows = np.arange(1, SIZE[0] + 1, dtype=np.float32)[:, None]
    floor = np.broadcast_to(200.0 / rows, SIZE).copy()
    edges = DepthEdges.of(floor)
    assert not edges.across.any()
    assert not edges.down.any()
    floor[10:30, 40:60] = floor[30, 0]
    found = DepthEdges.of(floor)
    assert (found.across[10:25, 39] == -1).all()
    assert (found.down[9, 40:60] == -1).all()
    assert not found.down[29].any(), "where it stands on the floor nothing steps"


def test_a_thin_pole_and_a_step_that_is_spread_over_two_pixels_are_edges() -> None:
    depth = np.full(SIZE, 20.0, np.float32)
    depth[:, 40] = 5.0
    depth[:, 70], depth[:, 71:] = 10.0, 5.0
    steps = DepthEdges.of(depth).across[0]
    assert (steps[39], steps[40]) == (-1, 1)
    assert -1 in steps[69:71]


def test_edge_noise_is_the_mean_distance_in_the_band_alone() -> None:
    edges = DepthEdges.of(box_depth())
    image = np.full((*SIZE, 3), 0.5, np.float32)
    image[2, 2] = 1.0
    assert edge_noise(median_distance(image), edges) == 0.0
    image[20:40:4, 30] += 0.2
    noise = edge_noise(median_distance(image), edges)
    assert noise == pytest.approx(0.2 * 5 / edges.band(2).sum())
    assert edge_noise(median_distance(image), DepthEdges.of(np.ones(SIZE, np.float32))) is None
