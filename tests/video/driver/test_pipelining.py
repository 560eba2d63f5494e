"""Pipelining: order, errors and bounds of prefetching and finishing, and that results do not depend on it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, StyleSettings
from video.driver import sequence_driver
from video.driver.pipelining import BackgroundTask, prefetch_one
from video.driver.sequence_driver import SequenceDriver
from video.errors import FileError, FrameError
from video.frames.sequence import SourceFrame
from video.paintings.painting import Painting
from video.results import FrameResult, RunCallbacks
from video.settings import SequenceSettings

Picture = Callable[..., np.ndarray]

PATIENCE = 30.0
HEIGHT, WIDTH = 32, 48


def items(count: int, made: list[int], error_at: int | None = None) -> Iterator[int]:
    for number in range(count):
        if number == error_at:
            raise FrameError(number, "cannot be made")
        made.append(number)
        yield number


def test_one_item_is_made_ahead_and_no_more() -> None:
    made: list[int] = []
    with prefetch_one(items(9, made), waiting=nullcontext, interrupt=lambda: None) as upcoming:
        for number in upcoming:
            assert len(made) <= number + 2
    assert made == list(range(9))


def test_it_is_made_on_another_thread() -> None:
    threads: set[int] = set()

    def seen() -> Iterator[int]:
        for number in range(3):
            threads.add(threading.get_ident())
            yield number

    with prefetch_one(seen(), waiting=nullcontext, interrupt=lambda: None) as upcoming:
        assert list(upcoming) == [0, 1, 2]
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_an_error_comes_when_its_item_would() -> None:
    taken: list[int] = []
    with (
        pytest.raises(FrameError, match="frame 2"),
        prefetch_one(items(9, [], error_at=2), waiting=nullcontext, interrupt=lambda: None) as upcoming,
    ):
        taken.extend(upcoming)
    assert taken == [0, 1]


def test_who_waits_for_an_item_is_interrupted() -> None:
    enough, waits = threading.Event(), threading.Event()

    def endless() -> Iterator[int]:
        yield 0
        waits.set()
        assert enough.wait(PATIENCE)

    with prefetch_one(endless(), waiting=nullcontext, interrupt=enough.set) as upcoming:
        assert next(upcoming) == 0
        assert waits.wait(PATIENCE)


def test_waiting_is_told_of_until_the_item_is_there() -> None:
    begun = threading.Event()

    def late() -> Iterator[int]:
        assert begun.wait(PATIENCE)
        yield 7

    @contextmanager
    def waiting() -> Iterator[None]:
        begun.set()
        yield

    with prefetch_one(late(), waiting=waiting, interrupt=lambda: None) as upcoming:
        assert list(upcoming) == [7]


def test_work_behind_is_done_in_order_and_told_here() -> None:
    notified: list[tuple[int, int]] = []
    here = threading.get_ident()
    with BackgroundTask[int](lambda number: notified.append((number, threading.get_ident()))) as background:
        for number in range(5):
            background.hand_over(lambda number=number: number)
            # What is on its way is the one handed over last.
            assert len(notified) <= number
    assert notified == [(number, here) for number in range(5)]


def test_an_error_behind_comes_with_the_next_word() -> None:
    def fail() -> int:
        raise FileError(Path("a.png"), "the disk is full")

    with BackgroundTask[int](lambda _: None) as background:
        background.hand_over(fail)
        with pytest.raises(FileError, match="the disk is full"):
            background.finish()
        background.hand_over(lambda: 1)


@pytest.fixture(scope="module")
def engine(picture: Picture) -> StyleEngine:
    settings = StyleSettings(steps=2, coarsest_size=32, device=DeviceChoice.CPU)
    return StyleEngine(settings, picture(48, 32, Painting.KNIFE))


def pan(picture: Picture, count: int = 5) -> list[SourceFrame]:
    wide = picture(80, HEIGHT)
    return [SourceFrame(n + 1, wide[:, 3 * n : 3 * n + WIDTH].copy()) for n in range(count)]


class AtOnce(BackgroundTask[sequence_driver.FinishedFrame]):
    """Does the work where it is handed over."""

    def hand_over(self, work: Callable[[], sequence_driver.FinishedFrame]) -> None:
        super().hand_over(work)
        self.finish()


@contextmanager
def _one_after_the_other(frames: Iterator[object], **_: object) -> Iterator[Iterator[object]]:
    yield frames


@pytest.mark.parametrize("pass_count", [1, 2])
def test_the_results_are_those_of_one_thing_after_the_other(
    engine: StyleEngine, picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pass_count: int
) -> None:
    settings = SequenceSettings(warm_steps=1, pass_count=pass_count, movie=False)

    def run(output: Path) -> dict[str, object]:
        SequenceDriver(engine, settings, output).run(pan(picture))
        journal = json.loads((output / "journal.json").read_text("utf-8"))
        for entry in journal["frames"]:
            del entry["seconds"], entry["report"]["seconds"]
        return {path.name: path.read_bytes() for path in sorted((output / "styled").iterdir())} | journal

    beside = run(tmp_path / "beside")
    monkeypatch.setattr(sequence_driver, "prefetch_one", _one_after_the_other)
    monkeypatch.setattr(sequence_driver, "BackgroundTask", AtOnce)
    assert beside == run(tmp_path / "after")
    assert len(beside["frames"]) == 5  # type: ignore[arg-type]


def test_a_frame_is_told_of_before_the_next_one_is_there(
    engine: StyleEngine, picture: Picture, tmp_path: Path
) -> None:
    notified = threading.Event()
    done: list[int] = []

    def frame_done(result: FrameResult) -> None:
        assert result.path.is_file()
        done.append(result.number)
        notified.set()

    def one_by_one() -> Iterator[SourceFrame]:
        for frame in pan(picture, 3):
            yield frame
            assert notified.wait(PATIENCE)
            notified.clear()

    settings = SequenceSettings(warm_steps=1, movie=False, contact_sheet=False)
    SequenceDriver(engine, settings, tmp_path, RunCallbacks(frame_done=frame_done)).run(one_by_one())
    assert done == [1, 2, 3]


def test_the_listener_is_called_on_the_callers_thread_alone(
    engine: StyleEngine, picture: Picture, tmp_path: Path
) -> None:
    threads: set[int] = set()
    damaged = tmp_path / "passes.exr"
    damaged.write_bytes(b"no EXR")
    frames = [SourceFrame(frame.number, frame.image, damaged) for frame in pan(picture, 2)]
    warnings: list[str] = []

    def here(*_: object) -> None:
        threads.add(threading.get_ident())

    def warning(text: str) -> None:
        here()
        warnings.append(text)

    callbacks = RunCallbacks(progress=here, frame_done=here, opened=here, warning=warning, snapshot=here)
    SequenceDriver(engine, SequenceSettings(warm_steps=1, movie=False), tmp_path / "out", callbacks).run(
        frames
    )
    assert threads == {threading.get_ident()}
    assert len(warnings) == 2
    assert "optical flow is used instead" in warnings[0]


def test_a_frame_that_cannot_be_written_ends_the_run_and_the_one_before_stays(
    engine: StyleEngine, picture: Picture, tmp_path: Path
) -> None:
    (tmp_path / "styled" / "styled_0002.png" / "in the way").mkdir(parents=True)
    done: list[int] = []
    callbacks = RunCallbacks(frame_done=lambda result: done.append(result.number))
    settings = SequenceSettings(warm_steps=1, movie=False)
    with pytest.raises(FileError, match="styled_0002"):
        SequenceDriver(engine, settings, tmp_path, callbacks).run(pan(picture))
    assert done == [1]
    journal = json.loads((tmp_path / "journal.json").read_text("utf-8"))
    assert [entry["frame"] for entry in journal["frames"]] == [1]
    assert not any(thread.name.startswith(("prefetch", "finish")) for thread in threading.enumerate())
