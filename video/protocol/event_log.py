"""Writes events of the engine to a log, for whoever sends or receives them."""

from __future__ import annotations

import logging

from video.protocol.messages import Cancelled, Done, Event, Failed, FrameDone, Opened, Planned, Ready, Warned


def log_event(logger: logging.Logger, event: Event) -> None:
    """Logs what an event says, unless it is mere progress. A `failed` event is a refusal, so a WARNING."""
    match event:
        case Ready():
            logger.info("ready: version %s, PyTorch %s, %s", event.version, event.torch, event.device)
        case Opened():
            logger.info("opened: continues %s, finished frames %s", event.continues, event.frames)
        case Planned():
            logger.info("planned: %s", event.text)
        case Warned():
            logger.warning("%s", event.text)
        case FrameDone():
            losses = ", ".join(f"{name} {value:.6g}" for name, value in event.losses.items())
            text = "frame %d done: %d steps, %.1f s, warp error %s, losses %s"
            logger.info(text, event.frame, event.steps, event.seconds, event.warp_error, losses)
        case Failed():
            logger.warning("failed: %s", event.error)
        case Done() | Cancelled():
            logger.info("%s: %d frames", type(event).__name__.lower(), len(event.frames))
        case _:
            pass
