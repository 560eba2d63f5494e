"""Large frames with a predecessor: steps at the coarsest octave, strokes of the warped frame kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from compositor.engine import StyleEngine
from compositor.image_ops.arrays import to_array, to_tensor
from compositor.image_ops.resize import reduced, resize
from compositor.losses.temporal_term import TemporalTerm
from compositor.progress import FrameCallbacks, Progress
from compositor.settings import DeviceChoice, Precision, StyleSettings
from compositor.stylization.frame_inputs import FrameInputs
from compositor.stylization.temporal import TemporalConstraint
from video.paintings.painting import Painting

Picture = Callable[..., np.ndarray]

HEIGHT, WIDTH = 64, 640
COARSE = 48, 480
SETTINGS = StyleSettings(device=DeviceChoice.CPU, precision=Precision.FLOAT32)


@pytest.fixture(scope="module")
def content(picture: Picture) -> np.ndarray:
    return picture(WIDTH, HEIGHT, Painting.SWIRLS)


@pytest.fixture(scope="module")
def engine(picture: Picture) -> StyleEngine:
    return StyleEngine(SETTINGS, picture(WIDTH, 160, Painting.KNIFE))


@pytest.fixture(scope="module")
def noise(content: np.ndarray) -> np.ndarray:
    return np.random.default_rng(0).uniform(-0.05, 0.05, content.shape).astype(np.float32)


@pytest.fixture(scope="module")
def start(content: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """A start image with detail that no coarser scale can show."""
    return (0.25 + 0.5 * content + noise).astype(np.float32)


def at_coarse(image: np.ndarray) -> np.ndarray:
    return to_array(reduced(to_tensor(image, torch.device("cpu")), *COARSE))


def detail(image: np.ndarray) -> np.ndarray:
    """What is lost at the coarse scale."""
    tensor = to_tensor(image, torch.device("cpu"))
    return image - to_array(resize(resize(tensor, *COARSE), HEIGHT, WIDTH))


def at_full(image: np.ndarray) -> np.ndarray:
    return to_array(resize(to_tensor(image, torch.device("cpu")), HEIGHT, WIDTH).clamp(0.0, 1.0))


def tied(
    start: np.ndarray, reliability: float = 0.0, still: np.ndarray | None = None, *, weight: float = 600.0
) -> TemporalConstraint:
    return TemporalConstraint(start, np.full((HEIGHT, WIDTH), reliability, np.float32), weight, still)


def test_the_steps_are_taken_at_the_coarsest_octave(
    engine: StyleEngine, content: np.ndarray, start: np.ndarray
) -> None:
    seen: list[Progress] = []
    made = engine.stylize(
        FrameInputs(content, warm_start_image=start),
        temporal=tied(start),
        steps=10,
        callbacks=FrameCallbacks(progress=seen.append),
    )
    assert made.report.scales == [COARSE, (HEIGHT, WIDTH)]
    assert made.report.steps == 4
    assert made.optimized.shape == (HEIGHT, WIDTH, 3)
    assert [(each.height, each.width) for each in seen] == [COARSE] * 4
    assert [(each.step, each.steps) for each in seen] == [(step, 4) for step in range(1, 5)]


def test_what_the_coarse_scale_cannot_show_is_kept_where_it_is_reliable(
    engine: StyleEngine, content: np.ndarray, start: np.ndarray, noise: np.ndarray
) -> None:
    inputs = FrameInputs(content, warm_start_image=start)
    kept = [
        engine.stylize(inputs, temporal=tied(start, reliability, weight=1.0), steps=10).optimized
        for reliability in (1.0, 0.2, 0.0)
    ]
    # The picture has changed, in what the coarse scale shows.
    assert float(np.abs(at_coarse(kept[0] - start)).mean()) > 0.02
    lost = detail(noise).ravel()
    shares = [float(detail(each).ravel() @ lost / (lost @ lost)) for each in kept]
    assert shares == pytest.approx([1.0, 1.0, 0.0], abs=0.1)


def test_what_comes_into_view_has_painted_detail(
    engine: StyleEngine, content: np.ndarray, start: np.ndarray
) -> None:
    smooth = at_full(at_coarse(start))
    made = engine.stylize(FrameInputs(content, warm_start_image=smooth), temporal=tied(smooth), steps=4)
    assert float(np.abs(detail(made.optimized)).mean()) > 1.5 * float(np.abs(detail(smooth)).mean())


def test_pixels_that_stand_still_are_the_start_images_to_the_last_bit(
    engine: StyleEngine, content: np.ndarray, start: np.ndarray
) -> None:
    still = np.zeros((HEIGHT, WIDTH), bool)
    still[:, 201:] = True
    made = engine.stylize(
        FrameInputs(content, warm_start_image=start), temporal=tied(start, still=still), steps=4
    )
    assert np.array_equal(made.optimized[still], start[still])
    assert float(np.abs(made.optimized - start)[:, :190].mean()) > 0.02


def test_reliable_pixels_are_held(engine: StyleEngine, content: np.ndarray, start: np.ndarray) -> None:
    free, held = (
        engine.stylize(
            FrameInputs(content, warm_start_image=start),
            temporal=tied(start, reliability, weight=1e5),
            steps=6,
        )
        for reliability in (0.0, 1.0)
    )
    moved = [float(np.abs(each.optimized - start).mean()) for each in (free, held)]
    assert moved[1] < 0.25 * moved[0]


def test_the_published_objective_stays_at_full_size(
    picture: Picture, content: np.ndarray, start: np.ndarray
) -> None:
    engine = StyleEngine(replace(SETTINGS, local_weight=0.0), picture(160, 120, Painting.KNIFE))
    made = engine.stylize(FrameInputs(content, warm_start_image=start), steps=2)
    assert made.report.scales == [(HEIGHT, WIDTH)]


def test_a_reduced_term_ties_the_means_over_areas() -> None:
    generator = torch.Generator().manual_seed(0)
    term = TemporalTerm(
        torch.rand(1, 3, 8, 12, generator=generator), torch.rand(1, 1, 8, 12, generator=generator), 5.0, 2.0
    )
    small = term.reduced(4, 6)
    torch.testing.assert_close(small.target, torch.nn.functional.avg_pool2d(term.target, 2))
    torch.testing.assert_close(small.reliability, torch.nn.functional.avg_pool2d(term.reliability, 2))
    assert (small.weight, small.style_gain) == (5.0, 2.0)
