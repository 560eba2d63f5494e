"""Silhouettes of styled frames: mixed pixels are composited anew, and nothing else is touched."""

from __future__ import annotations

import numpy as np
import pytest

from tests.video.disks import Disk, flat
from video.coherence.silhouettes import composite_silhouettes
from video.frames.render_passes import Passes
from video.motion.coverage import Coverage, edge_coverage

DISK = Disk(40.3, 34.6)
CONTENT = DISK.over(flat(0.8, 0.2, 0.1), flat(0.3, 0.5, 0.8))
STYLED = DISK.over(flat(0.2, 0.6, 0.3), flat(0.9, 0.9, 0.7))


@pytest.fixture
def coverage() -> Coverage:
    found = edge_coverage(CONTENT, DISK.passes())
    assert found is not None
    return found


@pytest.fixture
def jagged(coverage: Coverage) -> np.ndarray:
    """The styled frame with noise on its silhouette."""
    image = STYLED.copy()
    image[coverage.mixed] = np.random.default_rng(0).random((int(coverage.mixed.sum()), 3))
    return image


def test_a_silhouette_is_as_smooth_as_the_renders(coverage: Coverage, jagged: np.ndarray) -> None:
    np.testing.assert_allclose(composite_silhouettes(jagged, CONTENT, coverage), STYLED, atol=0.03)


def test_pure_pixels_and_alpha_stay(coverage: Coverage) -> None:
    rng = np.random.default_rng(1)
    styled = rng.random((*CONTENT.shape[:2], 4), dtype=np.float32)
    content = np.dstack([CONTENT, np.ones(CONTENT.shape[:2], np.float32)])
    result = composite_silhouettes(styled, content, coverage)
    np.testing.assert_array_equal(result[~coverage.mixed], styled[~coverage.mixed])
    np.testing.assert_array_equal(result[..., 3], styled[..., 3])
    assert (result != styled).any(axis=2)[coverage.mixed].mean() > 0.9


def test_what_the_style_left_alone_stays_the_renders(coverage: Coverage) -> None:
    np.testing.assert_array_equal(composite_silhouettes(CONTENT, CONTENT, coverage), CONTENT)


def test_a_part_that_is_kept_as_rendered_stays_up_to_the_styled_one(
    coverage: Coverage, jagged: np.ndarray
) -> None:
    half = CONTENT.copy()
    half[:, 40:] = jagged[:, 40:]
    result = composite_silhouettes(half, CONTENT, coverage)
    np.testing.assert_array_equal(result[:, :40], CONTENT[:, :40])
    assert (result != half).any()


def test_what_two_surfaces_do_not_explain_stays(coverage: Coverage, jagged: np.ndarray) -> None:
    # A third color along the silhouette, such as a rim that glows.
    content = CONTENT.copy()
    content[coverage.mixed] = 0.0, 1.0, 0.0
    np.testing.assert_array_equal(composite_silhouettes(jagged, content, coverage), jagged)


def test_where_the_render_has_no_edge_strokes_stay(jagged: np.ndarray) -> None:
    content = flat(0.5, 0.5, 0.5)
    coverage = edge_coverage(content, DISK.passes())
    assert coverage is not None
    np.testing.assert_array_equal(composite_silhouettes(jagged, content, coverage), jagged)


def test_without_coverage_nothing_changes(jagged: np.ndarray) -> None:
    assert edge_coverage(CONTENT, Passes()) is None
    np.testing.assert_array_equal(composite_silhouettes(jagged, CONTENT, None), jagged)
