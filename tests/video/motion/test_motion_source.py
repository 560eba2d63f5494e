"""The registry of motion sources: complete, and all that is needed to add one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, StyleSettings
from tests.video.moving_pictures import constant_motion, rendered, waves
from video.driver.sequence_driver import SequenceDriver
from video.frames.sequence import SourceFrame
from video.motion.motion_field import Motion
from video.motion.motion_source import MOTION_METHODS, MotionFinder, MotionMethod
from video.paintings.painting import Painting
from video.settings import MotionSource, SequenceSettings

Picture = Callable[..., np.ndarray]

HEIGHT, WIDTH = 32, 48


class KnownFlow:
    """An estimator that finds a motion of 2 px to the right; remembers what it ran on."""

    def __init__(self, device: DeviceChoice) -> None:
        self.device = device
        self.threads: set[int] = set()

    def between(self, earlier: np.ndarray, current: np.ndarray) -> Motion:
        self.threads.add(threading.get_ident())
        return constant_motion(earlier.shape[0], earlier.shape[1], 2.0)


@pytest.fixture
def estimators(monkeypatch: pytest.MonkeyPatch) -> list[KnownFlow]:
    """The estimators that are made, of a method that takes the place of DIS."""
    made: list[KnownFlow] = []

    def make(device: DeviceChoice) -> KnownFlow:
        made.append(KnownFlow(device))
        return made[-1]

    method = MotionMethod(make, computes_on_engine_device=True)
    monkeypatch.setitem(MOTION_METHODS, MotionSource.DIS, method)
    return made


def test_every_source_of_the_settings_is_registered() -> None:
    assert MOTION_METHODS.keys() == set(MotionSource)


def test_only_a_source_without_an_estimator_finds_no_motion() -> None:
    assert [each for each in MotionSource if not MotionFinder(each).finds_motion] == [MotionSource.NONE]
    with pytest.raises(ValueError, match="none finds no motion"):
        MotionFinder(MotionSource.NONE).flow(rendered(waves(HEIGHT, WIDTH)), rendered(waves(HEIGHT, WIDTH)))


def test_a_registered_method_is_used_and_given_the_device(estimators: list[KnownFlow]) -> None:
    finder = MotionFinder(MotionSource.DIS, device=DeviceChoice.CPU)
    for number in (2, 3):
        motion = finder.between(
            rendered(waves(HEIGHT, WIDTH), number - 1), rendered(waves(HEIGHT, WIDTH, 2.0), number)
        )
        np.testing.assert_array_equal(motion.forward[16, 24], (2.0, 0.0))
    assert [each.device for each in estimators] == [DeviceChoice.CPU]


def test_what_computes_on_the_engines_device_is_not_prefetched(
    estimators: list[KnownFlow], picture: Picture, tmp_path: Path
) -> None:
    wide = picture(80, HEIGHT)
    frames = [SourceFrame(n + 1, wide[:, 2 * n : 2 * n + WIDTH].copy()) for n in range(3)]
    engine = StyleEngine(
        StyleSettings(steps=1, coarsest_size=32, device=DeviceChoice.CPU), picture(48, 32, Painting.KNIFE)
    )
    settings = SequenceSettings(
        warm_steps=1, motion=MotionSource.DIS, history_length=1, movie=False, contact_sheet=False
    )
    SequenceDriver(engine, settings, tmp_path).run(frames)
    assert [each.device for each in estimators] == [DeviceChoice.CPU]
    assert estimators[0].threads == {threading.get_ident()}
