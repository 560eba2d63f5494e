"""A panorama with margins through the engine: both copies of a column stay one, with either optimizer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.progress import FrameCallbacks, Snapshot
from compositor.settings import DeviceChoice, Optimizer, StyleSettings
from compositor.stylization.frame_inputs import FrameInputs
from compositor.stylization.temporal import TemporalConstraint
from video.paintings.painting import Painting

Picture = Callable[..., np.ndarray]

WIDTH, HEIGHT, MARGIN = 64, 48, 12
SETTINGS = StyleSettings(steps=12, coarsest_size=32, device=DeviceChoice.CPU)


@pytest.fixture(scope="module")
def content(picture: Picture) -> np.ndarray:
    """(H, w + 2 m, 3): a picture whose edges do not meet, with margins of its other side."""
    inner = picture(WIDTH, HEIGHT)
    return np.concatenate([inner[:, -MARGIN:], inner, inner[:, :MARGIN]], axis=1)


@pytest.fixture(scope="module")
def style(picture: Picture) -> np.ndarray:
    return picture(80, 60, Painting.KNIFE)


def check_copies(image: np.ndarray, width: int) -> None:
    margin = (image.shape[1] - width) // 2
    assert image.shape[1] == width + 2 * margin
    np.testing.assert_array_equal(image[:, : 2 * margin], image[:, width:])


@pytest.mark.parametrize("optimizer", list(Optimizer))
def test_copies_stay_equal(content: np.ndarray, style: np.ndarray, optimizer: Optimizer) -> None:
    engine = StyleEngine(replace(SETTINGS, optimizer=optimizer), style)
    stylized = engine.stylize(FrameInputs(content, margin=MARGIN))
    assert stylized.report.scales[-1] == (HEIGHT, WIDTH + 2 * MARGIN)
    check_copies(stylized.optimized, WIDTH)
    check_copies(stylized.image, WIDTH)
    assert np.abs(stylized.image - content).mean() > 0.02


def test_they_do_at_a_smaller_working_size_and_finished(content: np.ndarray, style: np.ndarray) -> None:
    engine = StyleEngine(replace(SETTINGS, working_size=49), style)
    stylized = engine.stylize(FrameInputs(content, margin=MARGIN))
    assert engine.working_size(HEIGHT, WIDTH + 2 * MARGIN, MARGIN) == stylized.optimized.shape[:2] == (37, 67)
    check_copies(stylized.optimized, 49)
    assert stylized.detailed is not None
    check_copies(stylized.detailed, WIDTH)


def test_warm_starts_and_pixels_that_are_fixed_on_one_side(content: np.ndarray, style: np.ndarray) -> None:
    engine = StyleEngine(SETTINGS, style)
    first = engine.stylize(FrameInputs(content, margin=MARGIN)).optimized
    still = np.zeros(first.shape[:2], bool)
    still[:, 2 * MARGIN : WIDTH] = True
    still[:, 0] = True  # of this column only one copy
    reliability = np.ones(first.shape[:2], np.float32)
    stylized = engine.stylize(
        FrameInputs(content, warm_start_image=first, margin=MARGIN),
        temporal=TemporalConstraint(first, reliability, 600.0, still),
        steps=4,
    )
    check_copies(stylized.optimized, WIDTH)
    middle = slice(2 * MARGIN, WIDTH)
    np.testing.assert_array_equal(stylized.optimized[:, middle], first[:, middle])
    assert (stylized.optimized[:, 0] != first[:, 0]).any()


def test_what_is_told_is_about_the_frame_without_margins(content: np.ndarray, style: np.ndarray) -> None:
    engine = StyleEngine(replace(SETTINGS, snapshot_every=6), style)
    assert engine.plan_text(HEIGHT, WIDTH + 2 * MARGIN, MARGIN).startswith(f"{WIDTH}×{HEIGHT}, on CPU")
    taken: list[Snapshot] = []
    engine.stylize(FrameInputs(content, margin=MARGIN), callbacks=FrameCallbacks(snapshot=taken.append))
    assert [snapshot.image.shape for snapshot in taken] == [(HEIGHT, WIDTH, 3)] * 2


def test_the_scales_are_those_of_the_frame_without_margins(content: np.ndarray, style: np.ndarray) -> None:
    engine = StyleEngine(SETTINGS, style)
    without = engine.stylize(FrameInputs(content[:, MARGIN:-MARGIN])).report.scales
    scales = engine.stylize(FrameInputs(content, margin=MARGIN)).report.scales
    assert scales == [(height, width + 2 * round(MARGIN * width / WIDTH)) for height, width in without]
