"""What the engine has told about a job so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..engine.process import Message


@dataclass(kw_only=True)
class EngineState:
    """Grows with the engine's events; the interface draws it."""

    ready: bool = False
    device: str = ""
    continues: bool | None = None
    """Whether the engine goes on with an earlier run; None until it has opened the job."""
    resumed: list[int] = field(default_factory=list)
    """The frames that the earlier run had finished."""
    planned: str = ""
    """At what size frames are painted, on what, and the memory that this takes."""
    progress: Message | None = None
    visits: int = 0
    """Frames that were begun, each as often as the sequence was gone through."""
    previewed: Path | None = None
    """The latest picture of a frame on its way, or of one that is done."""
    done: list[int] = field(default_factory=list)
    frame_seconds: list[float] = field(default_factory=list)
    """Of the frames that are done."""

    def take_in(self, event: Message) -> None:
        """Notes what an event says."""
        match event["event"]:
            case "ready":
                self.ready = True
                self.device = str(event.get("device", ""))
            case "opened":
                self.continues, self.resumed = event["continues"], event["frames"]
            case "planned":
                self.planned = event["text"]
            case "progress":
                before = self.progress
                if before is None or before["frame"] != event["frame"] or before["step"] > event["step"]:
                    self.visits += 1
                self.progress = event
            case "preview":
                self.previewed = Path(event["path"])
            case "frame_done":
                self.done.append(event["frame"])
                if not event.get("resumed"):
                    self.frame_seconds.append(event["seconds"])
                self.previewed = Path(event["path"])
