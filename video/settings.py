"""What an artist can set about a whole sequence, and the presets over all settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from compositor.settings import StyleSettings, WorkingDetail, check_ranges, setting


class MotionSource(StrEnum):
    """Where the motion between neighboring frames comes from."""

    AUTO = "auto"
    """The render's motion vectors where there are any, DIS elsewhere."""
    VECTORS = "vectors"
    """The render's motion vectors alone (Blender's Vector pass)."""
    DIS = "dis"
    """Dense inverse search on the rendered frames."""
    FARNEBACK = "farneback"
    """Farnebäck's polynomial expansion: smoother, blurred at silhouettes."""
    RAFT = "raft"
    """A neural network, torchvision's RAFT, whose weights must be there."""
    NONE = "none"
    """No motion: every frame is stylized alone, and flickers."""


class Denoise(StrEnum):
    """How the noise that the optimization leaves is taken away."""

    NONE = "none"
    BILATERAL = "bilateral"
    """Averages neighbors of a similar color: fast."""
    NLM = "nlm"
    """Non-local means: averages places that look alike, and keeps more of the strokes."""


class FrameFormat(StrEnum):
    """The files of the styled frames."""

    PNG = "png"
    """8 bits a channel."""
    PNG16 = "png16"
    """16 bits a channel."""
    EXR = "exr"
    """OpenEXR: scene-linear light in half precision."""

    @property
    def bits(self) -> int:
        """To so many bits the styled picture, in sRGB, is rounded before anything is made of it.

        What the next frame starts from is the rounded picture. A PNG gives it back; an EXR does not, being
        made from it: whoever goes on from a finished EXR must have kept the rounded picture beside it.
        """
        return 8 if self is FrameFormat.PNG else 16

    @property
    def suffix(self) -> str:
        """Of the files."""
        return ".exr" if self is FrameFormat.EXR else ".png"


class DynamicRange(StrEnum):
    """How a styled picture becomes scene-linear light again."""

    DISPLAY = "display"
    """It looks exactly like the styled picture; nothing is brighter than what a display shows."""
    HDR = "hdr"
    """What the style changed is added onto the render's light: highlights keep their range."""


class MovieCodec(StrEnum):
    """How the movie is encoded."""

    H264 = "h264"
    """MP4, 8 bits, for watching."""
    PRORES = "prores"
    """QuickTime, 10 bits, ProRes 4444, with alpha where the frames have it: a master for editing."""
    FFV1 = "ffv1"
    """Matroska, without any loss, as many bits as the frames have."""

    @property
    def suffix(self) -> str:
        """Of the file."""
        return {MovieCodec.H264: ".mp4", MovieCodec.PRORES: ".mov", MovieCodec.FFV1: ".mkv"}[self]


class Preset(StrEnum):
    """Sets steps and scales together: how much time a frame may take."""

    DRAFT = "draft"
    STANDARD = "standard"
    FINAL = "final"


@dataclass(frozen=True)
class SequenceSettings:
    """How neighboring frames are tied together, and what is written."""

    motion: MotionSource = setting(
        MotionSource.AUTO,
        "Motion between frames: auto takes the render's vectors where there are any; none flickers",
    )
    warm_steps: int = setting(
        20, "Optimization steps for a frame that starts from its predecessor", minimum=1, maximum=100_000
    )
    temporal_weight: float = setting(
        600.0,
        "Temporal stability: how strongly the strokes ride along with the surfaces",
        minimum=0.0,
        maximum=1e9,
    )
    warm_style_gain: float = setting(
        8.0,
        "How many times as strongly the style pulls at most in a frame that is held to its predecessor; no"
        " more than it takes to stay as much in the style as the shot's first",
        minimum=0.0,
        maximum=100.0,
    )
    memory: int = setting(
        4,
        "Oldest frame that is looked at for what was hidden for a moment; 1 looks at the last one alone",
        minimum=1,
        maximum=64,
        unit="frames",
    )
    pass_count: int = setting(
        1, "Times the sequence is gone through, forwards and backwards by turns", minimum=1, maximum=16
    )
    debug: bool = setting(False, "Write pictures of motion and reliability beside the frames")
    denoise: Denoise = setting(Denoise.NONE, "Removal of the fine noise that the optimization leaves")
    denoise_strength: float = setting(
        3.0,
        "How strong the removed noise is: its standard deviation in levels of 1/255",
        minimum=0.0,
        maximum=50.0,
    )
    output_format: FrameFormat = setting(
        FrameFormat.PNG, "Files of the styled frames: PNG of 8 or 16 bits, or scene-linear OpenEXR"
    )
    dynamic_range: DynamicRange = setting(
        DynamicRange.DISPLAY,
        "Light in an EXR: as the styled picture is displayed, or hdr, which adds the style onto the render",
    )
    movie: bool = setting(True, "Write the styled frames as a movie too")
    movie_codec: MovieCodec = setting(
        MovieCodec.H264, "The movie: H.264 to watch, ProRes or lossless FFV1 as a master"
    )
    contact_sheet: bool = setting(True, "Write a sheet of some frames, content over styled")
    frame_rate: float = setting(
        0.0,
        "Frames a second of the movie; 0 takes those of the scene or movie that is stylized, or 24",
        minimum=0.0,
        maximum=240.0,
        unit="fps",
    )

    def __post_init__(self) -> None:
        check_ranges(self)


STILL_SETTINGS = frozenset({"denoise", "denoise_strength"})
"""The settings of a sequence that a single picture has too."""
FILE_SETTINGS = frozenset({"output_format", "dynamic_range"})
"""Those that say what file becomes of a picture."""

PRESETS: dict[Preset, tuple[dict[str, Any], dict[str, Any]]] = {
    Preset.DRAFT: (
        {"steps": 60, "coarsest_size": 256, "working_detail": WorkingDetail.DRAFT, "finishing_steps": 0},
        {"warm_steps": 12, "pass_count": 1},
    ),
    Preset.STANDARD: (
        {"steps": 200, "coarsest_size": 256, "working_detail": WorkingDetail.STANDARD, "finishing_steps": 5},
        {"warm_steps": 20, "pass_count": 1},
    ),
    Preset.FINAL: (
        {"steps": 400, "coarsest_size": 192, "working_detail": WorkingDetail.FINAL, "finishing_steps": 10},
        {"warm_steps": 40, "pass_count": 3},
    ),
}
"""What each preset sets in StyleSettings and in SequenceSettings."""


def with_preset(
    preset: Preset, style: StyleSettings | None = None, sequence: SequenceSettings | None = None
) -> tuple[StyleSettings, SequenceSettings]:
    """The settings with the preset's values put in."""
    for_style, for_sequence = PRESETS[preset]
    return (
        replace(style or StyleSettings(), **for_style),
        replace(sequence or SequenceSettings(), **for_sequence),
    )
