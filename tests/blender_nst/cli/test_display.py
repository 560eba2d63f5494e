"""What is shown of a run."""

from __future__ import annotations

import pytest

from blender_nst.cli.display import BarDisplay


def test_the_time_that_is_left_is_known_when_a_frame_takes_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("rich.console.monotonic", lambda: now)
    with BarDisplay() as display:
        display.expect(10)
        for _ in range(3):
            now += 120.0
            display.step("")
        (task,) = display._bars.tasks
        assert task.time_remaining == pytest.approx(7 * 120.0)
