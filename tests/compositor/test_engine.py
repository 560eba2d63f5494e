"""One frame through the engine, tiny: start images, repeatability, cancellation, the hold, errors."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from compositor.engine import StyleEngine
from compositor.errors import DeviceError, ImageError, LayerError, MemoryShortageError
from compositor.progress import FrameCallbacks, Progress, Snapshot, Stopped
from compositor.settings import DeviceChoice, Optimizer, Precision, Start, StyleSettings
from compositor.stylization.frame_inputs import FrameInputs
from compositor.stylization.temporal import TemporalConstraint
from video.paintings.painting import Painting, paint

Picture = Callable[..., np.ndarray]

TINY = StyleSettings(steps=6, coarsest_size=32, device=DeviceChoice.CPU)
# So slow that the result is the start image.
STANDSTILL = replace(TINY, steps=2, optimizer=Optimizer.ADAM, learning_rate=1e-5)


@pytest.fixture(scope="module")
def content(picture: Picture) -> np.ndarray:
    return picture(64, 48)


@pytest.fixture(scope="module")
def style(picture: Picture) -> np.ndarray:
    return picture(80, 60, Painting.KNIFE)


@pytest.fixture(scope="module")
def engine(style: np.ndarray) -> StyleEngine:
    return StyleEngine(TINY, style)


def test_result_is_an_image_of_the_content_size_with_a_report(
    engine: StyleEngine, content: np.ndarray
) -> None:
    before = content.copy()
    stylized = engine.stylize(FrameInputs(content))
    assert stylized.image.shape == content.shape
    assert stylized.image.dtype == np.float32
    assert stylized.image.min() >= 0.0
    assert stylized.image.max() <= 1.0
    np.testing.assert_array_equal(content, before)
    report = stylized.report
    assert report.steps == 6
    assert report.stopped is Stopped.STEP_LIMIT
    assert report.scales == [(34, 45), (48, 64)]
    assert set(report.losses) == {"content", "contrast", "style", "local", "tv", "total"}
    assert report.device == "cpu"
    assert report.steps_per_second == pytest.approx(6 / report.seconds)


def test_bfloat16_ends_near_the_losses_of_float32() -> None:
    # Two descents of such an objective drift apart: here by 0.5 % (one thread) and 1.5 % (two).
    style, content = paint(Painting.SWIRLS, 72, 72), paint(Painting.KNIFE, 72, 48)
    settings = StyleSettings(steps=40, coarsest_size=72, device=DeviceChoice.CPU)
    single, half = (
        StyleEngine(replace(settings, precision=precision), style)
        for precision in (Precision.FLOAT32, Precision.BFLOAT16)
    )
    exact, rounded = (
        single.stylize(FrameInputs(content)).optimized,
        half.stylize(FrameInputs(content)).optimized,
    )

    def total(image: np.ndarray) -> float:
        return single.content_error(image, content) + settings.style_weight * single.style_error(image)

    assert total(rounded) == pytest.approx(total(exact), rel=0.04)


def test_style_loss_falls_far_below_that_of_the_content(engine: StyleEngine, content: np.ndarray) -> None:
    styled = engine.stylize(FrameInputs(content), steps=10).image
    assert engine.style_error(styled) < 0.6 * engine.style_error(content)


def test_style_picture_has_no_style_error(style: np.ndarray) -> None:
    assert StyleEngine(TINY, style).style_error(style) == pytest.approx(0.0, abs=1e-9)


def test_cold_start_begins_with_the_content_in_all_its_detail(style: np.ndarray, content: np.ndarray) -> None:
    stylized = StyleEngine(STANDSTILL, style).stylize(FrameInputs(content))
    assert len(stylized.report.scales) == 2
    np.testing.assert_allclose(stylized.image, content, atol=1e-3)


def test_cold_start_can_begin_with_noise(style: np.ndarray, content: np.ndarray) -> None:
    settings = replace(STANDSTILL, start=Start.NOISE, coarsest_size=64)
    image = StyleEngine(settings, style).stylize(FrameInputs(content)).image
    assert image.mean() == pytest.approx(0.5, abs=0.01)
    assert image.std() == pytest.approx(0.15, abs=0.01)
    assert abs(np.corrcoef(image.ravel(), content.ravel())[0, 1]) < 0.1


def test_seed_decides_about_the_noise(style: np.ndarray, content: np.ndarray) -> None:
    def with_seed(seed: int) -> np.ndarray:
        settings = replace(STANDSTILL, start=Start.NOISE, seed=seed)
        return StyleEngine(settings, style).stylize(FrameInputs(content)).image

    np.testing.assert_array_equal(with_seed(1), with_seed(1))
    assert np.abs(with_seed(1) - with_seed(2)).mean() > 0.05


def test_given_start_begins_at_full_size(style: np.ndarray, content: np.ndarray) -> None:
    start = content[::-1].copy()
    stylized = StyleEngine(STANDSTILL, style).stylize(FrameInputs(content, warm_start_image=start))
    assert stylized.report.scales == [(48, 64)]
    np.testing.assert_allclose(stylized.image, start, atol=1e-3)


def test_same_input_gives_the_same_bytes_twice(engine: StyleEngine, content: np.ndarray) -> None:
    assert (
        engine.stylize(FrameInputs(content)).image.tobytes()
        == engine.stylize(FrameInputs(content)).image.tobytes()
    )


def test_same_input_gives_the_same_bytes_in_another_process(
    engine: StyleEngine, content: np.ndarray, child_environment: dict[str, str]
) -> None:
    program = """
import hashlib
from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, StyleSettings
from compositor.stylization.frame_inputs import FrameInputs
from video.paintings.painting import Painting, paint
settings = StyleSettings(steps=6, coarsest_size=32, device=DeviceChoice.CPU)
engine = StyleEngine(settings, paint(Painting.KNIFE, 80, 60))
print(hashlib.sha256(engine.stylize(FrameInputs(paint(Painting.DABS, 64, 48))).image.tobytes()).hexdigest())
"""
    command = [sys.executable, "-c", program]
    finished = subprocess.run(
        command, env=child_environment, capture_output=True, check=True, encoding="utf-8"
    )
    assert (
        finished.stdout.strip()
        == hashlib.sha256(engine.stylize(FrameInputs(content)).image.tobytes()).hexdigest()
    )


@pytest.mark.parametrize("given_start", [False, True])
def test_alpha_is_passed_on_unchanged(engine: StyleEngine, content: np.ndarray, given_start: bool) -> None:
    alpha = np.linspace(0.0, 1.0, 64, dtype=np.float32) * np.ones((48, 1), np.float32)
    start = content if given_start else None
    styled = engine.stylize(FrameInputs(np.dstack([content, alpha]), warm_start_image=start), steps=2).image
    assert styled.shape == (48, 64, 4)
    np.testing.assert_array_equal(styled[..., 3], alpha)


def test_opaque_alpha_changes_no_color(engine: StyleEngine, content: np.ndarray) -> None:
    opaque = np.dstack([content, np.ones((48, 64), np.float32)])
    styled = engine.stylize(FrameInputs(opaque), steps=2).image
    np.testing.assert_allclose(
        styled[..., :3], engine.stylize(FrameInputs(content), steps=2).image, atol=1e-3
    )


def test_cancellation_returns_the_image_of_the_moment(engine: StyleEngine, content: np.ndarray) -> None:
    answers = iter([False, False, True])
    stylized = engine.stylize(FrameInputs(content), callbacks=FrameCallbacks(cancelled=lambda: next(answers)))
    assert stylized.report.stopped is Stopped.CANCELLED
    assert stylized.report.steps == 2
    assert stylized.image.shape == content.shape
    assert np.abs(stylized.image - content).max() > 0.01


def test_cancelled_before_the_first_step(engine: StyleEngine, content: np.ndarray) -> None:
    report = engine.stylize(FrameInputs(content), callbacks=FrameCallbacks(cancelled=lambda: True)).report
    assert report.stopped is Stopped.CANCELLED
    assert report.steps == 0


@pytest.mark.parametrize("optimizer", Optimizer)
def test_progress_counts_over_all_scales(
    style: np.ndarray, content: np.ndarray, optimizer: Optimizer
) -> None:
    told: list[Progress] = []
    settings = replace(TINY, optimizer=optimizer)
    report = (
        StyleEngine(settings, style)
        .stylize(FrameInputs(content), callbacks=FrameCallbacks(progress=told.append))
        .report
    )
    assert [each.step for each in told] == [1, 2, 3, 4, 5, 6]
    assert {each.steps for each in told} == {6}
    assert sorted({(each.height, each.width) for each in told}) == report.scales
    assert all(each.steps_per_second > 0.0 for each in told)
    assert told[-1].losses == report.losses


def test_steps_override_those_of_the_settings(engine: StyleEngine, content: np.ndarray) -> None:
    assert engine.stylize(FrameInputs(content), steps=3).report.steps == 3


def test_temporal_loss_holds_the_reliable_half_and_frees_the_other(
    engine: StyleEngine, content: np.ndarray
) -> None:
    reliability = np.zeros((48, 64), np.float32)
    reliability[:, :32] = 1.0
    temporal = TemporalConstraint(content, reliability, 1e6)
    stylized = engine.stylize(FrameInputs(content, warm_start_image=content), temporal=temporal, steps=8)
    moved = np.abs(stylized.image - content).mean(axis=2)
    assert moved[:, :32].mean() < 0.2 * moved[:, 32:].mean()
    assert moved[:, 32:].mean() > 0.02
    assert stylized.report.losses["temporal"] > 0.0


def test_a_temporal_weight_of_zero_ties_nothing(engine: StyleEngine, content: np.ndarray) -> None:
    free = engine.stylize(FrameInputs(content, warm_start_image=content), steps=2)
    temporal = TemporalConstraint(content, np.ones((48, 64), np.float32), 0.0)
    tied = engine.stylize(FrameInputs(content, warm_start_image=content), temporal=temporal, steps=2)
    np.testing.assert_array_equal(tied.image, free.image)
    assert "temporal" not in tied.report.losses


def test_style_scale_changes_what_is_painted(style: np.ndarray, content: np.ndarray) -> None:
    small = StyleEngine(replace(TINY, style_scale=0.5), style).stylize(FrameInputs(content), steps=3).image
    assert np.abs(small - StyleEngine(TINY, style).stylize(FrameInputs(content), steps=3).image).max() > 0.01


def test_a_network_that_memory_cannot_hold_is_told(
    style: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(*arguments: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 16777216 bytes")

    monkeypatch.setattr("compositor.networks.features.Kernel", too_large)
    with pytest.raises(MemoryShortageError, match="the network: close other programs"):
        StyleEngine(StyleSettings(device=DeviceChoice.CPU), style)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda image: image[:15], "64×15 px.*16 px"),
        (lambda image: image[:, :8], "8×48 px"),
        (lambda image: image[..., 0], "shape"),
        (lambda image: image[..., :1], "shape"),
        (lambda image: image[None], "shape"),
        (lambda image: np.where(image > 0.5, np.nan, image), "finite"),
        (lambda image: np.where(image > 0.5, np.inf, image), "finite"),
    ],
)
def test_what_is_no_image_is_refused(
    engine: StyleEngine, content: np.ndarray, spoil: Callable[[np.ndarray], np.ndarray], message: str
) -> None:
    with pytest.raises(ImageError, match=f"content.*{message}"):
        engine.stylize(FrameInputs(spoil(content)))
    with pytest.raises(ImageError, match=f"start image.*{message}"):
        engine.stylize(FrameInputs(content, warm_start_image=spoil(content)))
    with pytest.raises(ImageError, match=f"style picture.*{message}"):
        StyleEngine(TINY, spoil(content))


@pytest.mark.parametrize("name", ["start", "temporal"])
def test_sizes_must_agree(engine: StyleEngine, content: np.ndarray, name: str) -> None:
    small = content[:40]
    inputs = FrameInputs(content, warm_start_image=small if name == "start" else None)
    temporal = TemporalConstraint(small, np.ones((40, 64), np.float32), 1.0) if name == "temporal" else None
    with pytest.raises(ImageError, match=f"{name}.*64×40 px.*64×48 px"):
        engine.stylize(inputs, temporal=temporal)


def test_reliability_must_have_the_size_of_its_target(engine: StyleEngine, content: np.ndarray) -> None:
    temporal = TemporalConstraint(content, np.ones((40, 64), np.float32), 1.0)
    with pytest.raises(ImageError, match="reliability"):
        engine.stylize(FrameInputs(content, warm_start_image=content), temporal=temporal)


def test_unknown_layer_is_refused_before_any_frame(style: np.ndarray) -> None:
    with pytest.raises(LayerError, match="relu6_1"):
        StyleEngine(replace(TINY, style_layers=("relu1_1", "relu6_1")), style)


def test_unavailable_device_is_refused(style: np.ndarray) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(DeviceError, match=r"there is: .*cpu"):
        StyleEngine(replace(TINY, device=DeviceChoice.CUDA), style)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")
def test_cuda_ends_at_the_losses_of_the_cpu(style: np.ndarray, content: np.ndarray) -> None:
    losses = {
        device: StyleEngine(replace(TINY, device=device, steps=10), style)
        .stylize(FrameInputs(content))
        .report.losses
        for device in (DeviceChoice.CPU, DeviceChoice.CUDA)
    }
    assert losses[DeviceChoice.CUDA] == pytest.approx(losses[DeviceChoice.CPU], rel=0.02)


def test_a_snapshot_tells_what_the_result_would_be(style: np.ndarray, content: np.ndarray) -> None:
    settings = replace(TINY, strength=0.4, red_gain=0.5, snapshot_every=1)
    mask = np.zeros(content.shape[:2], np.float32)
    mask[:, :20] = 1.0
    taken: list[Snapshot] = []
    callbacks = FrameCallbacks(snapshot=taken.append)
    stylized = StyleEngine(settings, style).stylize(
        FrameInputs(content, unstyled_mask=mask), callbacks=callbacks
    )
    assert [each.step for each in taken] == [1, 2, 3, 4, 5, 6]
    for snapshot in taken:
        result = snapshot.result()
        np.testing.assert_array_equal(result[:, :20], content[:, :20])
        gains = np.array([0.5, 1.0, 1.0], np.float32)
        expected = 0.6 * content + 0.4 * np.clip(snapshot.image * gains, 0.0, 1.0)
        np.testing.assert_allclose(result[:, 20:], expected[:, 20:], atol=1e-6)
    np.testing.assert_allclose(taken[-1].result(), stylized.image, atol=1e-6)


def test_a_snapshot_of_a_panorama_is_without_margins(style: np.ndarray, content: np.ndarray) -> None:
    settings = replace(TINY, strength=0.0, snapshot_every=3)
    margin = 8
    wide = np.concatenate([content[:, -margin:], content, content[:, :margin]], axis=1)
    taken: list[Snapshot] = []
    callbacks = FrameCallbacks(snapshot=taken.append)
    StyleEngine(settings, style).stylize(FrameInputs(wide, margin=margin), callbacks=callbacks)
    for snapshot in taken:
        np.testing.assert_array_equal(snapshot.result(), content)
