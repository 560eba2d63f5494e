"""Nothing is drawn while another thread saves."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from blender_nst.compat.drawing_pause import DrawingPause, no_drawing
from blender_nst.state import create_state, drop_state, state_of


@pytest.fixture
def _state() -> Iterator[None]:
    create_state()
    yield
    drop_state()


def test_the_main_thread_waits_until_the_other_has_saved() -> None:
    pause, order = DrawingPause(), list[object]()

    def save() -> None:
        for number in (1, 2):
            with pause.paused() as paused:
                order.append((number, paused))
                time.sleep(0.05)
                order.append(f"saved {number}")

    saving = threading.Thread(target=save)
    saving.start()
    while saving.is_alive():
        pause.wait()
        order.append("drawn")
        time.sleep(0.005)
    steps = [step for step in order if step != "drawn"]
    assert steps == [(1, True), "saved 1", (2, True), "saved 2"]
    for number in (1, 2):
        begun = order.index((number, True))
        assert order[begun + 1] == f"saved {number}", "nothing is drawn between"


def test_a_main_thread_that_does_not_come_is_not_waited_for_without_end() -> None:
    pause = DrawingPause()
    with pause.paused(patience=0.05) as paused:
        assert paused is False
    begun = time.monotonic()
    pause.wait()
    assert time.monotonic() - begun < 1.0, "nobody saves any more"


def test_an_error_in_saving_lets_the_main_thread_go_on() -> None:
    pause, failed = DrawingPause(), threading.Event()

    def save() -> None:
        with pytest.raises(OSError, match="full"), pause.paused():
            raise OSError("full")
        failed.set()

    saving = threading.Thread(target=save)
    saving.start()
    while saving.is_alive():
        pause.wait()
    assert failed.is_set()


@pytest.mark.usefixtures("_state")
def test_only_another_thread_beside_a_window_waits() -> None:
    def save(*, background: bool) -> None:
        with no_drawing(background=background):
            saved.append(background)

    saved: list[bool] = []
    save(background=False)
    without_window, saving = (
        threading.Thread(target=save, kwargs={"background": background}) for background in (True, False)
    )
    for thread in (without_window, saving):
        thread.start()
        thread.join(0.2)
    assert saved == [False, True], "the main thread itself, and without a window; the last one still waits"
    while saving.is_alive():
        state_of(DrawingPause).wait()
    assert saved == [False, True, False]
