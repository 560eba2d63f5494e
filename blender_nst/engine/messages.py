# Generated from video/protocol/messages.py by `python -m blender_nst.cli.packaging.generate`: do not edit.
"""The engine process's messages: one JSON object a line, commands in, events out, images as file paths.

Commands (to the worker's standard input), in the order of their use:

    {"command": "hello", "protocol": 1}
    {"command": "stylize", "job": "a", "styles": ["/p/painting.jpg"], "output": "/p/out", "style_weights": [],
     "style_settings": {...}, "sequence_settings": {...}, "total": 48, "restart": false, "source": {},
     "regions": [{"kind": "object", "names": ["Suzanne"], "style": "/p/drawing.jpg"}]}
    {"command": "frame", "job": "a", "frame": 1, "content": "/p/c_0001.png", "passes": "/p/p_0001.exr"}
    {"command": "finish", "job": "a"}        no more frames come: write the movie, then answer `done`
    {"command": "cancel", "job": "a"}        stop between two steps; finished frames are kept
    {"command": "shutdown"}                  end the process; so does the end of the input

Events (from its standard output): `ready`, `opened`, `planned`, `progress`, `preview`, `warned`,
`frame_done`, `done`, `cancelled`, `failed`; and `heartbeat` every few seconds, whatever goes on.

A job goes on with what an earlier one of the same settings, styles and source has left in the output folder.
The client sends all frames again; those that are done are answered at once by a `frame_done` with `resumed`.
The lines are read and written by `video.protocol.json_lines`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PROTOCOL_VERSION = 4
"""Changes with every change of a message; client and worker must have the same (`hello` and `ready`)."""


@dataclass(frozen=True)
class Hello:
    """The client's first command: which protocol it speaks. Answered by `ready` or `failed`.

    `memory_limit` is in GiB of the GPU's memory; without it the process may take all.
    """

    protocol: int
    memory_limit: float | None = None


@dataclass(frozen=True)
class StyledRegion:
    """A part of every frame with a style of its own; without a style it is left as rendered.

    `kind` is `object` or `material`, and `names` are names of such in the frames' Cryptomatte passes.
    """

    kind: str
    names: list[str]
    style: str | None = None


@dataclass(frozen=True)
class Stylize:
    """Opens a job. `total` is the number of frames that will come, if the client knows it.

    There are one or more styles, and as many positive weights, or none, which makes all styles equal. Where
    regions overlap the earlier one goes first; the styles are for what is in none of them. If there are only
    regions, everything else is left as rendered.

    The settings are those of `compositor.settings.StyleSettings` and `video.settings.SequenceSettings`;
    an absent one has its default. With `preview_every` the engine writes a picture of the unfinished frame
    every so many steps, each reported by a `preview` event. `restart` begins anew where the output folder
    holds finished frames, which stay until they are replaced. With `put_aside` frames that another run has
    finished are moved into `styled.old`, by a restart all, rather than replaced or refused. `source` says
    what the frames are made from, as far as the client knows: where it has changed, the job is refused. With
    `complete` all frames and `finish` are sent at once: the pictures' headers are checked before the first
    frame is stylized. `pixel_aspect` is the width over the height of the frames' pixels; files may say it
    themselves, but the style pictures are brought to it.

    With `views` there are several pictures of every frame, as of two eyes, and these are the suffixes of
    their files, as `_L`: the others are stylized like the first one. `total` counts the frames of one view.
    With `stereo`, the fields of Blender's `Stereo3dFormat`, the styled frames of two views are also put
    together in one picture.

    With `longest_side` frames are reduced to this many pixels on their longer side, for a quick look: their
    passes are not read then, and what is written has that size.
    """

    job: str
    styles: list[str]
    output: str
    style_settings: dict[str, Any] = field(default_factory=dict)
    sequence_settings: dict[str, Any] = field(default_factory=dict)
    total: int | None = None
    style_weights: list[float] = field(default_factory=list)
    preview_every: int = 0
    regions: list[StyledRegion] = field(default_factory=list)
    restart: bool = False
    source: dict[str, str | int | float | None] = field(default_factory=dict)
    complete: bool = False
    pixel_aspect: float = 1.0
    views: list[str] = field(default_factory=list)
    stereo: dict[str, str | bool] = field(default_factory=dict)
    put_aside: bool = False
    longest_side: int = 0


@dataclass(frozen=True)
class Frame:
    """One more frame of the open job: its number, the picture, and the multilayer EXR of its passes.

    `content` may be a movie: `movie_frame`, counted from 1, says which of its pictures is meant. `view` is
    one of the job's views, if it has any; every frame comes once for each. `settings` are values of the
    style's settings for this frame alone, of those that can be animated.
    """

    job: str
    frame: int
    content: str
    passes: str | None = None
    movie_frame: int | None = None
    view: str = ""
    settings: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Finish:
    """No more frames come for the job."""

    job: str


@dataclass(frozen=True)
class Cancel:
    """Stop the job between two optimization steps."""

    job: str


@dataclass(frozen=True)
class Shutdown:
    """End the process."""


@dataclass(frozen=True)
class Ready:
    """The worker can take jobs. `device` is what it computes on, as `cpu` or `cuda: NVIDIA H100`.

    `device_memory` is the GPU's memory in GiB, none without a GPU.
    """

    protocol: int
    version: str
    device: str
    torch: str
    python: str = ""
    device_memory: float | None = None


@dataclass(frozen=True)
class Heartbeat:
    """The process is alive. `busy`: seconds since the work at hand has shown progress; 0 while idle."""

    busy: float


@dataclass(frozen=True)
class Opened:
    """The job is open.

    `continues` if its folder holds a run of the same settings, styles and source, of which `frames` are done.
    """

    job: str
    continues: bool
    frames: list[int]


@dataclass(frozen=True)
class Planned:
    """What the job needs, in one line, sent with its first frame: sizes, device, memory."""

    job: str
    text: str


@dataclass(frozen=True)
class Progress:
    """Step `step` of `steps` of a frame; `losses` are unweighted, see `compositor.losses.terms`."""

    job: str
    frame: int
    step: int
    steps: int
    losses: dict[str, float]
    steps_per_second: float


@dataclass(frozen=True)
class Preview:
    """A picture of the unfinished frame after `step` steps. Always the same file, replaced atomically."""

    job: str
    frame: int
    step: int
    path: str


@dataclass(frozen=True)
class Warned:
    """A warning for a person, in one line: what is used instead of what is missing."""

    text: str
    job: str | None = None


@dataclass(frozen=True)
class FrameDone:
    """A styled frame is on disk. `warp_error` compares it with the previous one warped along the motion.

    `resumed` if an earlier job has made it; the other numbers are those of that job. `view` as in `frame`.
    """

    job: str
    frame: int
    path: str
    seconds: float
    steps: int
    losses: dict[str, float]
    warp_error: float | None = None
    resumed: bool = False
    view: str = ""


@dataclass(frozen=True)
class Done:
    """Every frame of the job is on disk; `movie` and `contact_sheet` where they were asked for."""

    job: str
    frames: list[int]
    seconds: float
    movie: str | None = None
    contact_sheet: str | None = None


@dataclass(frozen=True)
class Cancelled:
    """The job was cancelled; `frames` are finished and kept."""

    job: str
    frames: list[int]


@dataclass(frozen=True)
class Failed:
    """A job or a command failed; `error` is one line for a person. Finished `frames` are kept."""

    error: str
    job: str | None = None
    frame: int | None = None
    frames: list[int] = field(default_factory=list)


Command = Hello | Stylize | Frame | Finish | Cancel | Shutdown
Event = (
    Ready | Heartbeat | Opened | Planned | Progress | Preview | Warned | FrameDone | Done | Cancelled | Failed
)

COMMANDS: dict[str, type] = {
    "hello": Hello,
    "stylize": Stylize,
    "frame": Frame,
    "finish": Finish,
    "cancel": Cancel,
    "shutdown": Shutdown,
}
EVENTS: dict[str, type] = {
    "ready": Ready,
    "heartbeat": Heartbeat,
    "opened": Opened,
    "planned": Planned,
    "progress": Progress,
    "preview": Preview,
    "warned": Warned,
    "frame_done": FrameDone,
    "done": Done,
    "cancelled": Cancelled,
    "failed": Failed,
}
