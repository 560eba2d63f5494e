"""Coverage: silhouettes of an antialiased disk whose coverage is known."""

from __future__ import annotations

import numpy as np
import pytest

from tests.video.disks import FAR, HEIGHT, NEAR, WIDTH, Disk, flat, gradient
from video.frames.render_passes import Passes
from video.motion.coverage import Coverage, edge_coverage

RED, BLUE = flat(0.8, 0.2, 0.1), flat(0.3, 0.5, 0.8)
DISK = Disk(40.3, 34.6)


def covered(front: np.ndarray, back: np.ndarray, disk: Disk = DISK) -> Coverage:
    coverage = edge_coverage(disk.over(front, back), disk.passes())
    assert coverage is not None
    return coverage


@pytest.mark.parametrize(("back", "error"), [(BLUE, 0.02), (gradient(), 0.06)])
def test_the_renders_antialiasing_tells_the_coverage(back: np.ndarray, error: float) -> None:
    share = covered(RED, back).share
    difference = np.abs(share - DISK.share)
    assert difference.mean() < 0.1 * error
    # What is nearly pure counts as pure.
    assert difference.max() < max(error, 0.041)


def test_depths_tell_the_coverage_where_colors_do_not() -> None:
    share = covered(RED, RED).share
    difference = np.abs(share - DISK.share)
    assert difference.max() < 0.35
    edge = (DISK.share > 0.0) & (DISK.share < 1.0)
    assert difference[edge].mean() < 0.12
    # Not a staircase: depths alone, which are 0 or 1, are off by far more.
    hard = Disk.passes(DISK).depth == NEAR
    assert difference[edge].mean() < 0.6 * np.abs(hard - DISK.share)[edge].mean()


def test_mixed_pixels_are_those_that_show_both_surfaces() -> None:
    coverage = covered(RED, BLUE)
    clearly = (DISK.share > 0.1) & (DISK.share < 0.9)
    assert coverage.mixed[clearly].all()
    assert not coverage.mixed[(DISK.share == 0.0) | (DISK.share == 1.0)].any()
    np.testing.assert_array_equal(coverage.near[~coverage.mixed], DISK.share[~coverage.mixed] > 0.5)


def test_pure_pixels_keep_their_value_when_mixed_ones_are_composited_anew() -> None:
    coverage, image = covered(RED, BLUE), DISK.over(RED, BLUE)
    noisy = image.copy()
    noise = np.random.default_rng(0).random(image.shape, dtype=np.float32)
    noisy[coverage.mixed] = noise[coverage.mixed]
    result = coverage.recomposed(noisy)
    np.testing.assert_array_equal(result[~coverage.mixed], image[~coverage.mixed])
    assert np.abs(result - image).max() < 0.03


def test_each_layer_shows_one_surface_alone() -> None:
    coverage = covered(RED, BLUE)
    near, far = coverage.layers(DISK.over(RED, BLUE))
    np.testing.assert_allclose(near[coverage.zone], RED[coverage.zone], atol=0.04)
    np.testing.assert_allclose(far[coverage.zone], BLUE[coverage.zone], atol=0.04)
    np.testing.assert_array_equal(near[~coverage.zone], far[~coverage.zone])


def test_a_slope_has_no_silhouette() -> None:
    rows = np.arange(HEIGHT, dtype=np.float32)[:, None]
    depth = np.broadcast_to(1.0 / (0.02 + 0.01 * rows), (HEIGHT, WIDTH)).astype(np.float32)
    assert edge_coverage(BLUE, Passes(depth=depth)) is None


def test_noise_is_no_silhouette() -> None:
    depth = 10.0 * np.random.default_rng(0).uniform(0.85, 1.15, (HEIGHT, WIDTH)).astype(np.float32)
    depth[20:50, 30:60] = NEAR
    image = BLUE.copy()
    image[20:50, 30:60] = RED[20:50, 30:60]
    coverage = edge_coverage(image, Passes(depth=depth))
    assert coverage is not None
    assert coverage.zone[:, 72:].mean() < 0.1
    assert coverage.zone[20:50, 28:32].mean() > 0.9


def test_a_horizon_is_a_silhouette() -> None:
    depth = np.full((HEIGHT, WIDTH), 1e10, np.float32)
    depth[30:] = 1.0 / (0.001 + 0.01 * np.arange(HEIGHT - 30, dtype=np.float32)[:, None])
    image = BLUE.copy()
    image[30:], image[29] = RED[30:], 0.25 * RED[29] + 0.75 * BLUE[29]
    coverage = edge_coverage(image, Passes(depth=depth))
    assert coverage is not None
    np.testing.assert_allclose(coverage.share[29], 0.25, atol=0.01)
    assert coverage.mixed.sum() == WIDTH


def test_a_thin_wire_has_a_coverage() -> None:
    depth = np.full((HEIGHT, WIDTH), FAR, np.float32)
    depth[:, 50] = NEAR
    image = BLUE.copy()
    image[:, 50], image[:, 51] = RED[:, 50], 0.3 * RED[:, 51] + 0.7 * BLUE[:, 51]
    coverage = edge_coverage(image, Passes(depth=depth))
    assert coverage is not None
    np.testing.assert_allclose(coverage.recomposed(image), image, atol=0.05)
    np.testing.assert_allclose(coverage.share[:, 51], 0.3, atol=0.05)


def test_before_nothing_at_all_the_color_is_the_surfaces_alone() -> None:
    # Straight alpha: color is not mixed with the film behind, which is transparent.
    image = np.concatenate([np.where(DISK.share[..., None] > 0.0, RED, 0.0), DISK.share[..., None]], axis=2)
    coverage = edge_coverage(image.astype(np.float32), DISK.passes())
    assert coverage is not None
    assert coverage.share[DISK.share > 0.0].min() > 0.9


@pytest.mark.parametrize(
    "passes",
    [
        None,
        Passes(),
        Passes(depth=np.ones((4, 4), np.float32)),
        Passes(depth=np.full((HEIGHT, WIDTH), FAR, np.float32)),
        Passes(depth=DISK.passes().depth, motion_blur=True),
    ],
)
def test_without_usable_depths_there_is_none(passes: Passes | None) -> None:
    assert edge_coverage(BLUE, passes) is None


def test_a_surface_without_a_pure_pixel_has_no_support() -> None:
    depth = np.full((HEIGHT, WIDTH), FAR, np.float32)
    depth[:, 20], depth[:, 50:70] = NEAR, NEAR
    image = BLUE.copy()
    # A wire whose color changes from pixel to pixel, and a bar with an antialiased edge.
    image[:, 20] = np.random.default_rng(0).random((HEIGHT, 3))
    image[:, 50:70], image[:, 49] = RED[:, 50:70], 0.5 * (RED[:, 49] + BLUE[:, 49])
    coverage = edge_coverage(image, Passes(depth=depth))
    assert coverage is not None
    wire = coverage.mixed[:, 19:22]
    assert wire.mean() > 0.3
    assert coverage.mixed[:, 49].all()
    assert coverage.support[:, 19:22][wire].mean() < 0.8
    assert coverage.support[:, 49].min() == 1.0
    assert coverage.support[~coverage.mixed].min() == 1.0
