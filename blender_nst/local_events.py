"""Events that the Blender side makes itself, beside those of the engine (`engine.messages`).

The command line imports this module too, to read what `headless/main.py` prints: the standard library alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Died:
    """The engine's process has ended unasked; `error` is one line. Finished `frames` are kept."""

    error: str
    job: str | None = None
    frames: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Rendered:
    """Blender has rendered and captured a frame, the `count`-th of `total`."""

    frame: int
    count: int
    total: int


@dataclass(frozen=True)
class Started:
    """The command line's render begins.

    `blender` is a version, `resolution` width and height in pixels, `pixel_aspect` a pixel's width over its
    height; every frame has so many `views`.
    """

    blender: str
    frames: list[int]
    resolution: list[int]
    frame_rate: float
    pixel_aspect: float = 1.0
    views: int = 1


@dataclass(frozen=True)
class Described:
    """The frames of a scene, which is not rendered: first, last and step, and the first frame of each shot,
    where another camera is bound; the settings that its animation gives each frame a value of.
    """

    first: int
    last: int
    step: int
    shots: list[int]
    resolution: list[int]
    frame_rate: float
    animated: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Composited:
    """A styled frame has been through the scene's compositor; `path` is the result."""

    frame: int
    path: str


LocalEvent = Died | Rendered | Started | Described | Composited

LOCAL_EVENTS: dict[str, type] = {
    "died": Died,
    "rendered": Rendered,
    "started": Started,
    "described": Described,
    "composited": Composited,
}
