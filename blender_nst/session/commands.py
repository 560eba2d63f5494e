"""Starts the engine for a session and makes the commands that it sends."""

from __future__ import annotations

from collections.abc import Callable

import bpy

from ..capture.frame import CapturedFrame
from ..engine.messages import Frame, Stylize
from ..engine.process import EngineEvent, EngineProcess
from ..engine.supervisor import SupervisedEngine
from ..output_folder import ENGINE_LOG
from .plan import SessionPlan

PREVIEW_EVERY = 5
"""Optimization steps between two pictures of an unfinished frame; the engine drops what comes too fast."""


def start_engine(
    plan: SessionPlan, on_event: Callable[[EngineEvent], None] | None, resume_hint: str
) -> SupervisedEngine:
    """Starts the engine that the plan names; its log goes into the output folder.

    Args:
        on_event, resume_hint: see `SupervisedEngine`.

    Raises:
        EngineError: the process cannot be started.
    """
    return SupervisedEngine(
        lambda supervise: EngineProcess(
            plan.engine.python,
            plan.output / ENGINE_LOG,
            on_event=supervise,
            environment=plan.engine.environment,
            memory_limit=plan.engine.memory_limit,
        ),
        on_event=on_event,
        resume_hint=resume_hint,
    )


def stylize_command(plan: SessionPlan, job: str, *, complete: bool) -> Stylize:
    """Opens a job, all of whose frames are sent at once if it is `complete`."""
    return Stylize(
        job=job,
        styles=[str(style) for style in plan.styles],
        output=str(plan.output),
        style_settings=plan.style_settings,
        sequence_settings=plan.sequence_settings,
        total=plan.total,
        style_weights=plan.style_weights,
        preview_every=0 if bpy.app.background else PREVIEW_EVERY,
        regions=plan.regions,
        restart=plan.restart,
        put_aside=plan.put_aside,
        source=plan.source,
        complete=complete,
        pixel_aspect=plan.pixel_aspect,
        views=plan.views,
        stereo=plan.stereo,
    )


def frame_command(job: str, captured: CapturedFrame) -> Frame:
    """Hands over a frame that is on disk."""
    passes = None if captured.passes is None else str(captured.passes)
    return Frame(
        job,
        captured.frame,
        str(captured.content),
        passes,
        captured.movie_frame,
        captured.view,
        dict(captured.own_settings),
    )
