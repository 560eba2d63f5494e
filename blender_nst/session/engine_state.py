"""Where a session is in its life, and what the engine has reported about its job so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from ..engine.messages import Done, Event, Failed, FrameDone, Opened, Planned, Preview, Progress, Ready


class State(Enum):
    """The life cycle of a session."""

    RENDERING = "rendering"
    WAITING = "waiting"  # the render is over, the engine works for another session
    STYLIZING = "stylizing"  # the render is over, the engine still works
    ENDED = "ended"


@dataclass
class EngineState:
    """Updated by each of the engine's events; the interface draws it."""

    ready: bool = False
    device: str = ""
    continues: bool | None = None
    """Whether the engine goes on with an earlier run; None until it has opened the job."""
    resumed: list[int] = field(default_factory=list)
    """The frames that the earlier run had finished."""
    planned: str = ""
    """At what size frames are optimized, on what device, and the memory that this takes."""
    progress: Progress | None = None
    frames_begun: int = 0
    """Frames that were begun, counted again in each pass over the sequence."""
    previewed: Path | None = None
    """The latest picture of an unfinished frame, or of one that is done."""
    done: list[int] = field(default_factory=list)
    frame_seconds: list[float] = field(default_factory=list)
    """Of the frames that this run has finished itself."""
    files: list[Path] = field(default_factory=list)
    """The styled frames, in the order in which they were done."""
    movie: Path | None = None
    """Of all styled frames, once they are all done."""

    def update(self, event: Event) -> None:
        """Takes over what an event says."""
        match event:
            case Ready():
                self.ready, self.device = True, event.device
            case Opened():
                self.continues, self.resumed = event.continues, event.frames
            case Planned():
                self.planned = event.text
            case Progress():
                before = self.progress
                if before is None or before.frame != event.frame or before.step > event.step:
                    self.frames_begun += 1
                self.progress = event
            case Preview():
                self.previewed = Path(event.path)
            case FrameDone():
                self.done.append(event.frame)
                self.files.append(Path(event.path))
                if not event.resumed:
                    self.frame_seconds.append(event.seconds)
                self.previewed = Path(event.path)
            case Done():
                self.movie = None if event.movie is None else Path(event.movie)


def error_with_frame(event: Failed) -> str:
    """The error, with the frame's number in front unless it names it."""
    if event.frame is None or f"frame {event.frame}" in event.error:
        return event.error
    return f"frame {event.frame}: {event.error}"
