"""The checkpoint: which frames a resumed run takes over, and that it optimizes no finished frame again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.progress import Progress
from compositor.settings import DeviceChoice, StyleSettings
from video.driver.sequence_driver import SequenceDriver
from video.frames.sequence import SourceFrame
from video.paintings.painting import Painting
from video.results import RunCallbacks
from video.settings import SequenceSettings

Picture = Callable[..., np.ndarray]

SEQUENCE = SequenceSettings(warm_steps=1, history_length=2, movie=False, contact_sheet=False)
# The frames in the order in which three passes optimize them.
ORDER = [1, 2, 3, 4, 4, 3, 2, 1, 1, 2, 3, 4]


@pytest.fixture(scope="module")
def engine(picture: Picture) -> StyleEngine:
    settings = StyleSettings(steps=2, coarsest_size=32, device=DeviceChoice.CPU)
    return StyleEngine(settings, picture(48, 32, Painting.KNIFE))


@pytest.fixture(scope="module")
def pan(picture: Picture) -> list[SourceFrame]:
    wide = picture(80, 32)
    return [SourceFrame(number, wide[:, 2 * number : 2 * number + 48].copy()) for number in range(1, 5)]


@pytest.fixture(scope="module")
def whole(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    output = tmp_path_factory.mktemp("whole")
    assert optimized_frames(engine, pan, output) == (ORDER, [])
    return styled(output)


def optimized_frames(
    engine: StyleEngine,
    frames: list[SourceFrame],
    output: Path,
    passes: int = 3,
    stop_in: int | None = None,
) -> tuple[list[int], list[int]]:
    """Runs three passes.

    Args:
        stop_in: cancel in the optimization of so many-th frame, counted from 0.

    Returns:
        The frames that were optimized, in order, without the one that was cancelled; and the frames that were
        reported as finished before the first.
    """
    begun: list[int] = []
    finished: list[int] = []

    def progress(number: int, progress: Progress) -> None:
        if progress.step == 1:
            begun.append(number)

    callbacks = RunCallbacks(
        progress=progress,
        opened=lambda continues, numbers: finished.extend(numbers),
        cancelled=lambda: stop_in is not None and len(begun) > stop_in,
    )
    settings = replace(SEQUENCE, pass_count=passes)
    result = SequenceDriver(engine, settings, output, callbacks, total=len(frames)).run(frames)
    assert result.cancelled == (stop_in is not None)
    return (begun[:-1] if result.cancelled else begun), finished


def styled(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (output / "styled").iterdir()}


@pytest.mark.parametrize("stop_in", [2, 5, 8, 9])
def test_a_resumed_run_optimizes_exactly_the_frames_that_are_left(
    engine: StyleEngine, pan: list[SourceFrame], whole: dict[str, bytes], tmp_path: Path, stop_in: int
) -> None:
    before, _ = optimized_frames(engine, pan, tmp_path, stop_in=stop_in)
    assert before == ORDER[:stop_in]
    after, finished = optimized_frames(engine, pan, tmp_path)
    assert after == ORDER[stop_in:]
    assert finished == ORDER[8:stop_in]
    assert styled(tmp_path) == whole


def test_a_resumed_single_pass_optimizes_exactly_the_frames_that_are_left(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path
) -> None:
    assert optimized_frames(engine, pan, tmp_path, passes=1, stop_in=2) == ([1, 2], [])
    assert optimized_frames(engine, pan, tmp_path, passes=1) == ([3, 4], [1, 2])
    assert optimized_frames(engine, pan, tmp_path, passes=1) == ([], [1, 2, 3, 4])
