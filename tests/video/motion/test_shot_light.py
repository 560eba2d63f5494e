"""The light of a shot: known factors, moving objects, noise, the dark, cuts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from tests.video.moving_pictures import waves
from video.images.picture import quantize
from video.motion.motion_field import RenderedFrame
from video.motion.shot_light import LightTracker, ShotLight, as_dark_as, light_at_start
from video.motion.static_regions import unchanged

HEIGHT, WIDTH = 72, 128
GROUND = waves(HEIGHT, WIDTH)


def factors(frames: Iterable[np.ndarray], tracker: LightTracker | None = None) -> list[float]:
    """The light of each frame of one shot, which are rounded to 8 bits."""
    tracker = tracker or LightTracker()
    return [tracker.follow(quantize(frame)).styled for frame in frames]


def test_a_fade_to_black_and_back_is_followed() -> None:
    gains = np.concatenate([np.linspace(1.0, 0.0, 9), np.linspace(0.0, 1.0, 9)])
    np.testing.assert_allclose(factors(gain * GROUND for gain in gains), gains, atol=0.005)


def test_a_fade_during_a_pan_is_followed() -> None:
    gains = np.linspace(1.0, 0.1, 13)
    found = factors(gain * waves(HEIGHT, WIDTH, 4.0 * n) for n, gain in enumerate(gains))
    np.testing.assert_allclose(found, gains, rtol=0.01)


def test_a_slow_fade_is_followed_in_steps_of_less_than_a_level() -> None:
    gains = 1.0 - 0.0005 * np.arange(60)
    found = np.array(factors(gain * GROUND for gain in gains))
    np.testing.assert_allclose(found, gains, atol=0.015)
    assert np.abs(np.diff(found)).max() < 2.0 / 255.0


def test_brighter_light_is_followed() -> None:
    found = factors([0.4 * GROUND, 0.4 * GROUND, 0.8 * GROUND, 0.4 * GROUND])
    assert found == pytest.approx([1.0, 1.0, 2.0, 1.0], rel=0.01)


def test_what_moves_before_still_ground_changes_nothing() -> None:
    def frame(place: int) -> np.ndarray:
        image = GROUND.copy()
        image[20:50, 5 + place : 45 + place] = (1.0, 0.95, 0.9)
        return image

    assert factors(frame(4 * n) for n in range(12)) == [1.0] * 12


def test_a_lamp_that_lights_a_part_changes_nothing() -> None:
    lit = 0.5 * GROUND
    lit[:, :45] *= 1.8
    assert factors([0.5 * GROUND, lit, 0.5 * GROUND]) == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("speed", [0.0, 2.3])
def test_noise_adds_up_to_nothing(speed: float) -> None:
    noise = np.random.default_rng(3)
    frames = (
        (waves(HEIGHT, WIDTH, speed * n) + noise.normal(0.0, 0.03, GROUND.shape)).clip(0.0, 1.0)
        for n in range(30)
    )
    assert factors(frame.astype(np.float32) for frame in frames) == [1.0] * 30


def test_transparent_pixels_do_not_count() -> None:
    alpha = np.zeros((HEIGHT, WIDTH, 1), np.float32)
    alpha[10:50, 20:80] = 1.0

    def frame(gain: float, behind: float) -> np.ndarray:
        return np.dstack([np.where(alpha > 0.0, gain * GROUND, np.float32(behind)), alpha])

    assert factors([frame(1.0, 0.9), frame(1.0, 0.1), frame(0.5, 0.9)]) == pytest.approx(
        [1.0, 1.0, 0.5], rel=0.01
    )
    nothing = np.zeros((HEIGHT, WIDTH, 4), np.float32)
    assert factors([nothing, nothing, frame(1.0, 0.0)]) == [1.0, 1.0, 1.0]


def test_a_fade_in_begins_dark_and_ends_at_full_light() -> None:
    gains = np.linspace(0.0, 1.0, 11)
    found = factors(gain * GROUND for gain in gains)
    level = float(np.percentile(quantize(GROUND) @ np.array([0.299, 0.587, 0.114], np.float32), 99.9))
    assert found[0] == 0.0
    np.testing.assert_allclose(found, np.minimum(gains * level / 0.8, 1.0), atol=0.02)
    assert found[-1] <= 1.0


def test_a_scene_at_night_with_a_few_bright_places_begins_in_full_light() -> None:
    night = 0.05 * GROUND
    night[::20, ::20] = 0.9
    assert factors([night]) == [1.0]
    assert light_at_start(0.1).factor == 1.0
    assert light_at_start(0.04).factor == pytest.approx(0.05)


def test_a_shot_begins_with_its_own_light() -> None:
    tracker, alone = LightTracker(), LightTracker()
    factors([GROUND, 0.5 * GROUND], tracker)
    other = quantize(0.3 * waves(HEIGHT, WIDTH, 50.0, 30.0))
    tracker.follow(other)
    assert tracker.begin_shot() == alone.follow(other)


def test_a_cut_is_seen_and_a_fade_is_none() -> None:
    tracker = LightTracker()
    for gain in (1.0, 0.7, 0.4, 0.1, 0.0, 0.0):
        tracker.follow(quantize(gain * GROUND))
        assert not tracker.sees_cut()
    other = np.ones_like(GROUND) * np.array([0.9, 0.2, 0.1], np.float32)
    for image, cut in ((GROUND, False), (other, True)):
        tracker = LightTracker()
        tracker.follow(quantize(GROUND))
        tracker.follow(quantize(image))
        assert tracker.sees_cut() is cut


def test_a_tracker_that_resumes_finds_the_same() -> None:
    gains = [1.0, 0.9985, 0.997, 0.8, 0.3, 0.05, 0.01, 0.0, 0.02, 0.1, 0.2, 0.5, 0.9]
    frames = [quantize(gain * waves(HEIGHT, WIDTH, 1.5 * n)) for n, gain in enumerate(gains)]
    whole = LightTracker()
    expected = [whole.follow(frame) for frame in frames]
    for place in range(1, len(frames)):
        resumed = LightTracker()
        resumed.resume(frames[place - 1], expected[place - 1])
        assert [resumed.follow(frame) for frame in frames[place:]] == expected[place:]


def test_a_light_that_comes_out_of_the_dark_ends_at_full_light() -> None:
    light = ShotLight(known_level=0.4, known_factor=1.0).by_level(0.0)
    assert light.factor == 0.0
    tracker = LightTracker()
    found = factors([0.4 * GROUND, 0.0 * GROUND, 0.1 * GROUND, GROUND], tracker)
    assert found == pytest.approx([1.0, 0.0, 0.25, 1.0], abs=0.02)


def test_a_bright_frame_right_after_black_begins_in_full_light() -> None:
    tracker, alone = LightTracker(), LightTracker()
    factors([0.7 * GROUND, 0.4 * GROUND, 0.0 * GROUND], tracker)
    other = quantize(0.9 * waves(HEIGHT, WIDTH, 50.0, 30.0))
    assert tracker.follow(other) == alone.follow(other)


def test_an_earlier_frame_is_dimmed_as_the_current_one_is() -> None:
    bright = RenderedFrame(1, GROUND)
    assert as_dark_as(bright, RenderedFrame(2, GROUND, light=0.5)) is bright
    # At a light of 0.02 a frame can be brightened to 0.24 of the reference's.
    dark = RenderedFrame(2, 0.24 * GROUND, light=0.02)
    np.testing.assert_allclose(as_dark_as(bright, dark).image, dark.image, rtol=1e-5)
    black = RenderedFrame(3, 0.0 * GROUND, light=0.0)
    assert not as_dark_as(bright, black).image.any()
    assert as_dark_as(black, dark).light == 0.02


def test_the_steps_of_a_dark_frame_are_no_change() -> None:
    dim = [quantize(0.125 * GROUND), quantize(0.125 * GROUND + 0.002)]
    frames = [RenderedFrame(n, 8.0 * image, light=0.125) for n, image in enumerate(dim)]
    assert np.abs(frames[0].image - frames[1].image).max() > 0.02
    assert unchanged(frames[0], frames[0]).all()
    assert not unchanged(*(RenderedFrame(n, each.image) for n, each in enumerate(frames))).all()
