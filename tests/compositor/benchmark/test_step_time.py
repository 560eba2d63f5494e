"""How long a step takes: one of the frame's own size, however large that is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from compositor.benchmark.step_time import step_timer
from compositor.engine import StyleEngine
from compositor.progress import FrameCallbacks, Progress
from compositor.settings import DeviceChoice, StyleSettings
from compositor.stylization.frame_inputs import FrameInputs
from compositor.stylization.pyramid import Scale

SETTINGS = StyleSettings(device=DeviceChoice.CPU)


@pytest.mark.parametrize("width", [64, 640])
def test_every_round_of_steps_is_timed(
    picture: Callable[..., np.ndarray], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    seen: list[tuple[int, int]] = []
    whole = StyleEngine.stylize

    def watched(self: StyleEngine, inputs: FrameInputs, **named: object) -> object:
        callbacks = named["callbacks"]
        assert isinstance(callbacks, FrameCallbacks)
        watch = callbacks.progress
        assert watch is not None

        def progress(at: Progress) -> None:
            seen.append((at.width, at.height))
            watch(at)

        return whole(self, inputs, **named | {"callbacks": FrameCallbacks(progress=progress)})  # type: ignore[arg-type]

    monkeypatch.setattr(StyleEngine, "stylize", watched)
    seconds = step_timer(picture(width, 48), picture(64, 48), SETTINGS, 12)()
    assert len(seconds) == 2
    assert min(seconds) > 0.0
    assert set(seen) == {(width, 48)}


def test_given_scales_go_before_the_frames_own(picture: Callable[..., np.ndarray]) -> None:
    engine = StyleEngine(SETTINGS, picture(64, 48))
    made = engine.stylize(FrameInputs(picture(64, 48)), scales=[Scale((32, 40), 2), Scale((48, 64), 1)])
    assert made.report.scales == [(32, 40), (48, 64)]
    assert made.report.steps == 3
    assert made.optimized.shape == (48, 64, 3)
