"""What the style engine is given for one frame of a sequence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from compositor.image_ops.light import with_light
from compositor.progress import FrameCallbacks
from compositor.stylization.frame_inputs import FrameInputs
from compositor.stylization.temporal import TemporalConstraint
from video.coherence.warm_start import WarmStart
from video.driver.prepare import PreparedFrame
from video.frames.framing import with_margin
from video.results import RunCallbacks


def frame_inputs(
    prepared: PreparedFrame, initial: np.ndarray | None, start: np.ndarray | None
) -> FrameInputs:
    """The pictures of a frame.

    Args:
        initial: (H, W, 3) float32 in 0..1, what the pyramid of a cold start begins with; without margins.
        start: see `PassPlan.warm_start_image`.
    """
    frame, light = prepared.frame, prepared.light
    return FrameInputs(
        content=frame.image,
        masks=frame.masks,
        unstyled_mask=frame.keep,
        initial_image=None if initial is None else with_margin(initial, frame.margin),
        warm_start_image=start,
        content_light=light.factor,
        styled_light=light.styled,
        margin=frame.margin,
        own_settings=frame.own_settings,
    )


def temporal_constraint(
    warm_start: WarmStart | None, weight: float, style_gain: float
) -> TemporalConstraint | None:
    """What ties a frame with a warm start to the results before."""
    return warm_start and TemporalConstraint(
        warm_start.target,
        warm_start.reliability,
        weight,
        warm_start.correspondence.static_mask,
        style_gain,
    )


def frame_callbacks(
    prepared: PreparedFrame, callbacks: RunCallbacks, cancelled: Callable[[], bool]
) -> FrameCallbacks:
    """The run's callbacks for one frame; its snapshots are given the frame's light."""
    number, light = prepared.frame.number, prepared.light
    return FrameCallbacks(
        progress=lambda progress: callbacks.progress(number, progress),
        snapshot=lambda snapshot: callbacks.snapshot(
            number, replace(snapshot, image=with_light(snapshot.image, light.styled))
        ),
        cancelled=cancelled,
        stage_done=partial(callbacks.stage_done, number),
    )
