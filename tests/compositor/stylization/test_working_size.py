"""At what size a frame is painted, and what comes of painting it at a smaller one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.errors import ImageError
from compositor.image_ops.color import luminance
from compositor.losses.style_statistics import GramTarget
from compositor.progress import FrameCallbacks, Snapshot
from compositor.settings import DeviceChoice, Optimizer, StyleSettings, WorkingDetail
from compositor.stylization.frame_inputs import FrameInputs
from compositor.stylization.style_library import Style
from compositor.stylization.temporal import DetailConstraint, TemporalConstraint
from compositor.stylization.working_size import LONGEST_SIDES, working_size, working_size_text
from compositor.tiling import memory_plan
from video.paintings.painting import Painting

Picture = Callable[..., np.ndarray]

SETTINGS = StyleSettings(steps=4, coarsest_size=32, device=DeviceChoice.CPU, optimizer=Optimizer.ADAM)
SMALLER = replace(SETTINGS, working_size=48)
HEIGHT, WIDTH = 72, 96


@pytest.fixture(scope="module")
def content(picture: Picture) -> np.ndarray:
    return picture(WIDTH, HEIGHT)


@pytest.fixture(scope="module")
def style(picture: Picture) -> np.ndarray:
    return picture(80, 60, Painting.KNIFE)


@pytest.mark.parametrize(
    ("device", "detail", "painted"),
    [
        ("cpu", WorkingDetail.DRAFT, (360, 640)),
        ("cpu", WorkingDetail.STANDARD, (540, 960)),
        ("cpu", WorkingDetail.FINAL, (720, 1280)),
        ("cpu", WorkingDetail.FULL, (1080, 1920)),
        ("cuda", WorkingDetail.DRAFT, (720, 1280)),
        ("cuda", WorkingDetail.STANDARD, (1080, 1920)),
        ("mps", WorkingDetail.STANDARD, (720, 1280)),
    ],
)
def test_full_hd_is_painted_at_what_detail_and_device_say(
    device: str, detail: WorkingDetail, painted: tuple[int, int]
) -> None:
    assert working_size(1080, 1920, StyleSettings(working_detail=detail), device) == painted


def test_a_size_of_ones_own_goes_before_the_detail() -> None:
    for detail in WorkingDetail:
        settings = StyleSettings(working_detail=detail, working_size=800)
        assert working_size(1920, 1080, settings, "cpu") == (800, 450)


def test_no_frame_is_made_larger_or_too_narrow() -> None:
    for by_detail in LONGEST_SIDES.values():
        assert list(by_detail) == [WorkingDetail.DRAFT, WorkingDetail.STANDARD, WorkingDetail.FINAL]
    settings = StyleSettings(working_size=640)
    assert working_size(360, 640, settings, "cpu") == (360, 640)
    assert working_size(100, 120, settings, "cpu") == (100, 120)
    assert working_size(100, 6400, settings, "cpu") == (32, 2048)
    assert working_size(20, 6400, settings, "cpu") == (20, 6400)


def test_it_is_said() -> None:
    assert working_size_text((1080, 1920), (360, 640)) == "1920×1080, optimized at 640×360 and upsampled"
    assert working_size_text((360, 640), (360, 640)) is None


def test_a_frame_that_is_not_larger_comes_out_the_same_to_the_last_bit(
    content: np.ndarray, style: np.ndarray
) -> None:
    full = StyleEngine(replace(SETTINGS, working_detail=WorkingDetail.FULL), style).stylize(
        FrameInputs(content)
    )
    at_its_size = StyleEngine(replace(SETTINGS, working_size=WIDTH), style).stylize(FrameInputs(content))
    assert np.array_equal(at_its_size.optimized, full.optimized)
    assert np.array_equal(at_its_size.image, full.image)


def test_a_larger_one_is_painted_small_and_comes_out_at_its_size(
    content: np.ndarray, style: np.ndarray
) -> None:
    seen: list[Snapshot] = []
    engine = StyleEngine(replace(SMALLER, snapshot_every=2), style)
    made = engine.stylize(FrameInputs(content), callbacks=FrameCallbacks(snapshot=seen.append))
    assert made.image.shape == content.shape
    assert made.optimized.shape == (36, 48, 3)
    assert made.report.scales[-1] == (36, 48)
    assert [each.step for each in seen] == [2, 4]
    assert {each.image.shape for each in seen} == {content.shape}
    assert not np.array_equal(made.image, content)


def test_it_starts_and_is_held_at_the_size_it_is_painted_at(content: np.ndarray, style: np.ndarray) -> None:
    engine = StyleEngine(SMALLER, style)
    first = engine.stylize(FrameInputs(content))
    again = engine.stylize(FrameInputs(content, warm_start_image=first.optimized), steps=1)
    assert again.optimized.shape == first.optimized.shape
    with pytest.raises(ImageError, match="start image is 96×72 px, the content 48×36 px"):
        engine.stylize(FrameInputs(content, warm_start_image=content))


def test_kept_and_transparent_pixels_are_the_renders_at_full_size(
    content: np.ndarray, style: np.ndarray
) -> None:
    keep = np.zeros((HEIGHT, WIDTH), np.float32)
    # An edge inside of a small pixel.
    keep[:, 31:] = 1.0
    alpha = np.ones((HEIGHT, WIDTH, 1), np.float32)
    alpha[:20] = 0.0
    rgba = np.concatenate([content, alpha], axis=2)
    made = StyleEngine(SMALLER, style).stylize(FrameInputs(rgba, unstyled_mask=keep)).image
    assert np.array_equal(made[:, 31:], rgba[:, 31:])
    assert np.array_equal(made[..., 3:], alpha)
    assert (made[20:, :31, :3] != content[20:, :31]).any(axis=2).mean() > 0.9


def test_a_regions_edge_is_the_masks_at_full_size(content: np.ndarray, style: np.ndarray) -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    mask[:, :51] = 1.0
    engine = StyleEngine(SMALLER, [Style(style, region="left")])
    made = engine.stylize(FrameInputs(content, masks={"left": mask})).image
    assert np.array_equal(made[:, 51:], content[:, 51:])
    assert (made[:, :51] != content[:, :51]).any(axis=2).mean() > 0.9


def test_no_strength_leaves_the_render(content: np.ndarray, style: np.ndarray) -> None:
    made = StyleEngine(replace(SMALLER, strength=0.0), style).stylize(FrameInputs(content))
    assert np.array_equal(made.image, content)


@pytest.mark.parametrize(("size", "scale", "asked"), [(0, 1.0, 30), (0, 0.5, 24), (48, 1.0, 24)])
def test_the_style_shrinks_with_the_frame_so_that_strokes_keep_their_size(
    style: np.ndarray, size: int, scale: float, asked: int
) -> None:
    """A style picture of 60×45 px for a frame of 96 px that is optimized at 48 px."""
    small = np.ascontiguousarray(style[:45, :60])
    halved = StyleEngine(replace(SMALLER, style_size=size, style_scale=scale), small)
    alone = StyleEngine(replace(SETTINGS, style_size=asked), small)
    given = halved._library.targets(None, 48, 0.5)
    wanted = alone._library.targets(None, 48)
    for layer, target in given.statistics.items():
        expected = wanted.statistics[layer]
        assert isinstance(target, GramTarget)
        assert isinstance(expected, GramTarget)
        assert np.allclose(target.gram.numpy(), expected.gram.numpy(), rtol=1e-4, atol=1e-4)


def test_sharpening_acts_on_the_enlarged_frame_alone(content: np.ndarray, style: np.ndarray) -> None:
    soft, sharp = (
        StyleEngine(replace(SMALLER, sharpening=amount), style).stylize(FrameInputs(content))
        for amount in (0.0, 1.2)
    )
    assert soft.detailed is not None
    assert sharp.detailed is not None
    assert np.array_equal(soft.optimized, sharp.optimized)
    assert np.array_equal(sharp.image, sharp.detailed)
    steepness = [float(np.abs(np.diff(luminance(each.image), axis=1)).mean()) for each in (soft, sharp)]
    assert steepness[1] > 1.1 * steepness[0]
    at_its_size = [
        StyleEngine(replace(SETTINGS, sharpening=amount), style).stylize(FrameInputs(content))
        for amount in (0.0, 1.2)
    ]
    assert np.array_equal(at_its_size[0].image, at_its_size[1].image)
    assert at_its_size[0].detailed is None


def test_what_stands_still_keeps_what_the_frame_before_had_at_full_size(
    content: np.ndarray, style: np.ndarray
) -> None:
    engine = StyleEngine(SMALLER, style)
    first = engine.stylize(FrameInputs(content))
    assert first.detailed is not None
    everywhere = np.ones((HEIGHT, WIDTH), np.float32)
    still = np.zeros((HEIGHT, WIDTH), bool)
    still[:, 20:] = True
    again = engine.stylize(
        FrameInputs(content, warm_start_image=first.optimized),
        steps=1,
        temporal=TemporalConstraint(first.optimized, np.ones((36, 48), np.float32), 200.0),
        detail=DetailConstraint(first.detailed, everywhere, still),
    )
    assert np.array_equal(again.image[:, 20:], first.image[:, 20:])
    assert not np.allclose(again.image[:, :20], first.image[:, :20], atol=1e-3)


def test_the_memory_that_is_expected_is_for_the_sizes_that_are_gone_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory_plan, "free_bytes", lambda device: 2**60)
    monkeypatch.setattr(memory_plan, "_taken_bytes", lambda device: 0)
    style = np.random.default_rng(0).random((48, 64, 3), dtype=np.float32)
    small = replace(SETTINGS, working_size=480, device=DeviceChoice.CPU)

    def expected(height: int, width: int, settings: StyleSettings) -> int:
        return StyleEngine(settings, style).memory_plan(height, width).expected_bytes

    full = expected(2160, 3840, replace(small, working_size=0, working_detail=WorkingDetail.FULL))
    painted = expected(270, 480, small)
    assert painted < expected(2160, 3840, small) < 0.5 * full
    assert expected(540, 960, small) == painted


def test_the_plan_is_said_in_one_line() -> None:
    engine = StyleEngine(
        replace(SETTINGS, working_size=64, device=DeviceChoice.CPU), np.zeros((48, 64, 3), np.float32)
    )
    said = engine.plan_text(72, 128)
    assert said.startswith("128×72, optimized at 64×36 and upsampled, on CPU, about ")
    assert " GiB of memory" in said
    assert engine.plan_text(36, 64).startswith("64×36, on CPU, about ")


def enlarged_with(
    engine: StyleEngine, content: np.ndarray, start: np.ndarray, detail: DetailConstraint
) -> np.ndarray:
    """What comes of a small image (h, w, 3) that nothing changes, tied to a frame before at full size."""
    temporal = TemporalConstraint(
        start, np.ones(start.shape[:2], np.float32), 1e9, np.ones(start.shape[:2], bool)
    )
    made = engine.stylize(
        FrameInputs(content, warm_start_image=start), steps=1, temporal=temporal, detail=detail
    )
    assert made.detailed is not None
    return made.detailed


def test_half_of_the_earlier_strokes_are_kept_in_the_tones_of_the_small_picture(
    content: np.ndarray, style: np.ndarray
) -> None:
    engine = StyleEngine(replace(SMALLER, optimizer=Optimizer.LBFGS, sharpening=0.0), style)
    generator = np.random.default_rng(1)
    strokes = generator.uniform(-0.1, 0.1, content.shape).astype(np.float32)
    small = cv2.resize(content, (48, 36), interpolation=cv2.INTER_AREA)
    earlier, darker = 0.25 + 0.5 * content + strokes, 0.1 + 0.5 * small
    reliability = np.ones((HEIGHT, WIDTH), np.float32)
    reliability[:, :24] = 0.0
    still = np.zeros((HEIGHT, WIDTH), bool)
    made = enlarged_with(engine, content, darker, DetailConstraint(earlier, reliability, still))
    rest = made[:, 40:] - (0.1 + 0.5 * content + 0.5 * strokes)[:, 40:]
    assert abs(float(rest.mean())) < 0.01
    assert float(rest.std()) < 0.02
    # What is new has none of them.
    new = made[:, :20] - (0.1 + 0.5 * content[:, :20])
    assert abs(np.corrcoef(new.ravel(), strokes[:, :20].ravel())[0, 1]) < 0.1
