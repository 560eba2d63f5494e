"""Styled frames follow the render's light: fades, cuts, resting pixels, runs that go on, the setting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.image_ops.color import luminance
from compositor.settings import Color, DeviceChoice, StyleSettings
from compositor.stylization.frame_inputs import FrameInputs
from video.color.color_space import SceneLinear
from video.driver.sequence_driver import SequenceDriver
from video.frames.sequence import SourceFrame
from video.images.image_files import quantize, read_image
from video.images.picture import Original
from video.paintings.painting import Painting
from video.results import RunCallbacks, SequenceResult
from video.settings import Denoise, FrameFormat, MotionSource, SequenceSettings

Picture = Callable[..., np.ndarray]

HEIGHT, WIDTH = 64, 96
STYLE = StyleSettings(steps=4, coarsest_size=32, device=DeviceChoice.CPU)
SEQUENCE = SequenceSettings(warm_steps=2, movie=False, contact_sheet=False)
FADE = [1.0, 0.8, 0.6, 0.4, 0.2, 0.0]


@pytest.fixture(scope="module")
def engine(picture: Picture) -> StyleEngine:
    return StyleEngine(STYLE, picture(80, 60, Painting.SWIRLS))


@pytest.fixture(scope="module")
def wide(picture: Picture) -> np.ndarray:
    return picture(WIDTH + 40, HEIGHT)


def pan(wide: np.ndarray, gains: list[float]) -> list[SourceFrame]:
    """A camera that moves by 2 px a frame, in a light that changes; frames are numbered from 1."""
    windows = (gain * wide[:, 2 * n : 2 * n + WIDTH] for n, gain in enumerate(gains))
    return [SourceFrame(n, quantize(window)) for n, window in enumerate(windows, start=1)]


def still(wide: np.ndarray, gains: list[float]) -> list[SourceFrame]:
    """A camera that does not move, in a light that changes."""
    return [SourceFrame(n, quantize(gain * wide[:, :WIDTH])) for n, gain in enumerate(gains, start=1)]


def run(
    engine: StyleEngine,
    frames: list[SourceFrame],
    output: Path,
    settings: SequenceSettings = SEQUENCE,
    callbacks: RunCallbacks | None = None,
) -> SequenceResult:
    return SequenceDriver(engine, settings, output, callbacks or RunCallbacks()).run(frames)


def means(images: list[np.ndarray]) -> np.ndarray:
    """The mean luma of each image, as a share of the first one's."""
    values = np.array([float(luminance(image).mean()) for image in images])
    return values / values[0]


def styled(result: SequenceResult) -> list[np.ndarray]:
    return [read_image(frame.path) for frame in result.frames]


@pytest.mark.parametrize("motion", [MotionSource.DIS, MotionSource.NONE])
def test_a_fade_to_black_is_one_of_the_styled_frames(
    motion: MotionSource, engine: StyleEngine, wide: np.ndarray, tmp_path: Path
) -> None:
    frames = pan(wide, FADE)
    result = run(engine, frames, tmp_path, replace(SEQUENCE, motion=motion))
    images = styled(result)
    light, rendered = means(images), means([frame.image for frame in frames])
    assert float(np.polyfit(rendered, light, 1)[0]) == pytest.approx(1.0, abs=0.1)
    assert float(np.corrcoef(rendered, light)[0, 1]) > 0.99
    assert not images[-1].any()
    begins = [len(frame.report.scales) > 1 for frame in result.frames]
    assert begins == [True, *[motion is MotionSource.NONE] * 5]


def test_a_fade_and_its_return_keep_the_strokes(
    engine: StyleEngine, wide: np.ndarray, tmp_path: Path
) -> None:
    frames = still(wide, [1.0, 0.7, 0.4, 0.7, 1.0])
    first, *_, last = styled(run(engine, frames, tmp_path))
    assert float(np.abs(first - last).mean()) < 0.02
    assert float(means([first, last])[1]) == pytest.approx(1.0, abs=0.02)


def test_a_fade_in_begins_black_and_keeps_its_strokes_from_the_first_that_show(
    engine: StyleEngine, wide: np.ndarray, tmp_path: Path
) -> None:
    frames = still(wide, [0.0, 0.02, 0.15, 0.4, 0.7, 1.0])
    result = run(engine, frames, tmp_path)
    images = styled(result)
    assert not images[0].any()
    # With full light a picture's brightest pixels have a luma of 0.8.
    level = float(np.percentile(luminance(frames[-1].image), 99.9))
    expected = np.minimum(np.array([0.02, 0.15, 0.4, 0.7, 1.0]) * level / 0.8, 1.0)
    found = means(images[1:]) * expected[0]
    np.testing.assert_allclose(found[1:] / found[-1], expected[1:] / expected[-1], atol=0.06)
    begins = [len(frame.report.scales) > 1 for frame in result.frames]
    assert begins == [True, True, True, False, False, False]


def test_resting_pixels_stay_unchanged_before_and_after_a_fade(
    engine: StyleEngine, wide: np.ndarray, tmp_path: Path
) -> None:
    frames = still(wide, [1.0, 1.0, 0.6, 0.6, 0.6])
    for frame in frames:
        # Something moves before the ground that rests.
        frame.image[20:30, 8 * frame.number : 8 * frame.number + 10] = 0.2
    images = styled(run(engine, frames, tmp_path))
    ground = slice(40, None)
    np.testing.assert_array_equal(images[1][ground], images[0][ground])
    np.testing.assert_array_equal(images[3][ground], images[2][ground])
    np.testing.assert_array_equal(images[4][ground], images[2][ground])
    assert means([images[0][ground], images[2][ground]])[1] == pytest.approx(0.6, abs=0.03)


def test_in_steady_light_the_setting_changes_no_bit(
    engine: StyleEngine, wide: np.ndarray, tmp_path: Path
) -> None:
    frames = pan(wide, [1.0] * 3)
    on, off = (
        run(engine, frames, tmp_path / str(follow), replace(SEQUENCE, follow_light=follow))
        for follow in (True, False)
    )
    np.testing.assert_array_equal(styled(on), styled(off))


def test_switched_off_every_frame_is_made_as_it_is(
    engine: StyleEngine, wide: np.ndarray, tmp_path: Path
) -> None:
    frames = still(wide, [1.0, 0.4, 0.0])
    settings = replace(SEQUENCE, motion=MotionSource.NONE, follow_light=False)
    images = styled(run(engine, frames, tmp_path, settings))
    for image, frame in zip(images, frames, strict=True):
        np.testing.assert_array_equal(image, quantize(engine.stylize(FrameInputs(frame.image)).image))
    assert images[-1].any()


def test_a_cut_in_a_fade_and_after_it_is_a_cold_start(
    engine: StyleEngine, wide: np.ndarray, picture: Picture, tmp_path: Path
) -> None:
    for motion in (MotionSource.DIS, MotionSource.NONE):
        settings = replace(SEQUENCE, motion=motion)
        other = SourceFrame(4, picture(WIDTH, HEIGHT, Painting.KNIFE))
        alone = run(engine, [other], tmp_path / f"{motion} alone", settings)
        for last in (0.4, 0.0):
            frames = [*pan(wide, [1.0, 0.7, last]), other]
            result = run(engine, frames, tmp_path / f"{motion} {last}", settings)
            assert result.frames[-1].path.read_bytes() == alone.frames[0].path.read_bytes()


def test_what_the_style_leaves_alone_keeps_its_own_light(
    picture: Picture, wide: np.ndarray, tmp_path: Path
) -> None:
    style = replace(STYLE, strength=0.0)
    frames = pan(wide, [1.0, 0.6, 0.04])
    engine = StyleEngine(style, picture(80, 60, Painting.SWIRLS))
    for image, frame in zip(styled(run(engine, frames, tmp_path / "none")), frames, strict=True):
        np.testing.assert_array_equal(image, frame.image)
    keep = np.zeros((HEIGHT, WIDTH), np.float32)
    keep[:, :30] = 1.0
    engine = StyleEngine(STYLE, picture(80, 60, Painting.SWIRLS))
    masked = [replace(frame, keep=keep) for frame in frames]
    settings = replace(SEQUENCE, denoise=Denoise.BILATERAL)
    for image, frame in zip(styled(run(engine, masked, tmp_path / "mask", settings)), frames, strict=True):
        np.testing.assert_array_equal(image[:, :30], frame.image[:, :30])
        assert (image[:, 40:] != frame.image[:, 40:]).any()


@pytest.mark.parametrize("passes", [1, 2])
def test_a_run_that_was_stopped_in_a_fade_ends_with_the_same_bytes(
    passes: int, picture: Picture, wide: np.ndarray, tmp_path: Path
) -> None:
    engine = StyleEngine(replace(STYLE, steps=2, color=Color.MATCH), picture(80, 60, Painting.SWIRLS))
    settings = replace(SEQUENCE, warm_steps=1, pass_count=passes)
    frames = pan(wide, [0.03, 0.3, 1.0, 0.9985, 0.5, 0.0])
    whole = run(engine, frames, tmp_path / "whole", settings)
    steps = 0

    def stop_at(limit: int) -> RunCallbacks:
        def progress(number: int, progress: object) -> None:
            nonlocal steps
            steps += 1

        return RunCallbacks(progress=progress, cancelled=lambda: steps >= limit)

    # The two cold starts at the beginning take three steps each, all other frames one.
    result = run(engine, frames, tmp_path / "stopped", settings, stop_at(7))
    for _ in range(3 + 6 * (passes - 1)):
        assert result.cancelled
        steps = 0
        result = run(engine, frames, tmp_path / "stopped", settings, stop_at(2))
    steps = 0
    result = run(engine, frames, tmp_path / "stopped", settings, stop_at(100))
    for one, other in zip(whole.frames, result.frames, strict=True):
        assert one.path.read_bytes() == other.path.read_bytes()


def test_further_passes_have_the_light_of_the_first(
    engine: StyleEngine, wide: np.ndarray, tmp_path: Path
) -> None:
    frames = still(wide, FADE)
    images = styled(run(engine, frames, tmp_path, replace(SEQUENCE, pass_count=2)))
    np.testing.assert_allclose(means(images), FADE, atol=0.05)


def test_a_styled_exr_of_a_dark_frame_is_dark(engine: StyleEngine, wide: np.ndarray, tmp_path: Path) -> None:
    light = [gain * SceneLinear().from_display(wide[:, :WIDTH]) for gain in (1.0, 0.2)]
    space = SceneLinear()
    frames = [
        SourceFrame(n, space.to_display(each), original=Original(each, space))
        for n, each in enumerate(light, start=1)
    ]
    images = styled(run(engine, frames, tmp_path, replace(SEQUENCE, output_format=FrameFormat.EXR)))
    expected = means([frame.image for frame in frames])
    np.testing.assert_allclose(means(images), expected, atol=0.05)
