"""Starts the engine for a session and makes the commands for it, see `video.protocol.messages`."""

from __future__ import annotations

from collections.abc import Callable

import bpy

from ..capture.frame import CapturedFrame
from ..engine.process import EngineProcess, Message
from ..engine.supervisor import SupervisedEngine
from ..properties.schema import SCHEMA
from .plan import SessionPlan

LOG_NAME = "engine.log"

PREVIEW_EVERY = 5
"""Optimization steps between two pictures of a frame on its way; what comes too fast is left out."""


def start_engine(
    plan: SessionPlan, listener: Callable[[Message], None] | None, resume_hint: str
) -> SupervisedEngine:
    """Starts the engine that the plan names; its log goes into the output folder.

    Args:
        resume_hint: see `SupervisedEngine`.

    Raises:
        EngineError: the process cannot be started.
    """
    return SupervisedEngine(
        lambda hear: EngineProcess(
            plan.engine.python,
            plan.output / LOG_NAME,
            protocol=SCHEMA["protocol"],
            listener=hear,
            environment=plan.engine.environment,
            memory_limit=plan.engine.memory_limit,
        ),
        listener=listener,
        resume_hint=resume_hint,
    )


def stylize_command(plan: SessionPlan, job: str) -> Message:
    """Opens a job."""
    return {
        "command": "stylize",
        "job": job,
        "styles": [str(style) for style in plan.styles],
        "style_weights": plan.style_weights,
        "output": str(plan.output),
        "style_settings": plan.style_settings,
        "sequence_settings": plan.sequence_settings,
        "total": plan.total,
        "regions": plan.regions,
        "preview_every": 0 if bpy.app.background else PREVIEW_EVERY,
        "restart": plan.restart,
        "source": plan.source,
    }


def frame_command(job: str, captured: CapturedFrame) -> Message:
    """Hands over a frame that is on disk."""
    command: Message = {
        "command": "frame",
        "job": job,
        "frame": captured.frame,
        "content": str(captured.content),
    }
    if captured.passes is not None:
        command["passes"] = str(captured.passes)
    if captured.movie_frame is not None:
        command["movie_frame"] = captured.movie_frame
    return command
