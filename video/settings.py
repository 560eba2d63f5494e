"""What an artist can set about a whole sequence, and the presets over all settings."""

from __future__ import annotations

from dataclasses import dataclass, replace

from compositor.settings import (
    Choice,
    Group,
    Preset,
    StyleSettings,
    check_ranges,
    preset_values,
    setting,
    setting_infos,
)


class MotionSource(Choice):
    """Where the motion between neighboring frames comes from."""

    AUTO = "auto", "Auto", "The render's motion vectors where there are any, DIS elsewhere"
    VECTORS = "vectors", "Vectors", "The render's motion vectors alone (Blender's Vector pass)"
    DIS = "dis", "DIS", "Optical flow by dense inverse search on the rendered frames"
    FARNEBACK = (
        "farneback",
        "Farneback",
        "Optical flow by polynomial expansion: smoother, blurred at silhouettes",
    )
    RAFT = "raft", "RAFT", "Optical flow by a neural network, torchvision's RAFT, whose weights must be there"
    NONE = "none", "None", "No motion: every frame is stylized alone, and flickers"


class Panorama(Choice):
    """Which frames are 360° panoramas: their left and right edge meet, and so do the strokes there."""

    AUTO = "auto", "Auto", "Those that Blender renders through a camera that looks all around"
    ALWAYS = "always", "Always", "All: equirectangular pictures from elsewhere"
    NEVER = "never", "Never", "None"


class Denoise(Choice):
    """How the noise that the optimization leaves is taken away."""

    NONE = "none", "None", "It stays"
    BILATERAL = "bilateral", "Bilateral", "Averages neighbors of a similar color: fast"
    NLM = "nlm", "NLM", "Non-local means: averages places that look alike, and keeps more of the strokes"


class FrameFormat(Choice):
    """The files of the styled frames."""

    PNG = "png", "PNG, 8 bits", "8 bits a channel"
    PNG16 = "png16", "PNG, 16 bits", "16 bits a channel"
    EXR = "exr", "OpenEXR, half", "Scene-linear light in half precision"

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


class DynamicRange(Choice):
    """How a styled picture becomes scene-linear light again."""

    DISPLAY = (
        "display",
        "Display",
        "It looks exactly like the styled picture; nothing is brighter than what a display shows",
    )
    HDR = "hdr", "HDR", "What the style changed is added onto the render's light: highlights keep their range"


class MovieCodec(Choice):
    """How the movie is encoded."""

    H264 = "h264", "H.264 (MP4)", "8 bits, for watching"
    PRORES = (
        "prores",
        "ProRes 4444 (MOV)",
        "10 bits, with alpha where the frames have it: a master for editing",
    )
    FFV1 = "ffv1", "FFV1, lossless (MKV)", "Without any loss, as many bits as the frames have"

    @property
    def suffix(self) -> str:
        """Of the file."""
        return {MovieCodec.H264: ".mp4", MovieCodec.PRORES: ".mov", MovieCodec.FFV1: ".mkv"}[self]


@dataclass(frozen=True)
class SequenceSettings:
    """How neighboring frames are tied together, and what is written."""

    temporal_weight: float = setting(
        Group.LOOK,
        600.0,
        "Temporal Weight",
        "Temporal stability: how strongly the strokes follow the surfaces",
        minimum=0.0,
        maximum=1e9,
    )
    denoise: Denoise = setting(
        Group.STROKES,
        Denoise.NONE,
        "Denoise",
        "Removal of the fine noise that the optimization leaves",
        still=True,
    )
    denoise_strength: float = setting(
        Group.STROKES,
        3.0,
        "Denoise Strength",
        "How strong the removed noise is: its standard deviation in levels of 1/255",
        minimum=0.0,
        maximum=50.0,
        still=True,
    )
    warm_steps: int = setting(
        Group.OPTIMIZATION,
        20,
        "Warm Steps",
        "Optimization steps for a frame that starts from its predecessor",
        minimum=1,
        maximum=100_000,
        draft=12,
        final=40,
    )
    motion: MotionSource = setting(
        Group.SEQUENCE,
        MotionSource.AUTO,
        "Motion",
        "Motion between frames: auto takes the render's vectors where there are any; none flickers",
    )
    panorama: Panorama = setting(
        Group.SEQUENCE,
        Panorama.AUTO,
        "360° Panorama",
        "Which frames are panoramas, whose left and right edge meet: strokes go on over the edge",
        advanced=True,
        still=True,
    )
    pass_count: int = setting(
        Group.SEQUENCE,
        1,
        "Passes",
        "Times the sequence is gone through, forwards and backwards by turns",
        minimum=1,
        maximum=16,
        final=3,
    )
    warm_style_gain: float = setting(
        Group.SEQUENCE,
        2.0,
        "Warm Style Gain",
        "How many times as strongly the style pulls at most in a frame that is held to its predecessor; no"
        " more than it takes to stay as much in the style as the shot's first",
        advanced=True,
        minimum=0.0,
        maximum=100.0,
    )
    follow_light: bool = setting(
        Group.SEQUENCE,
        True,
        "Follow Light",
        "Within a shot the styled frames become darker and brighter as the render does: fades, nightfall,"
        " lamps; off, they keep the style's brightness",
    )
    history_length: int = setting(
        Group.SEQUENCE,
        4,
        "History Length",
        "Oldest frame that is looked at for what was hidden for a moment; 1 looks at the last one alone",
        advanced=True,
        minimum=1,
        maximum=64,
        unit="frames",
        formerly="memory",
    )
    output_format: FrameFormat = setting(
        Group.OUTPUT,
        FrameFormat.PNG,
        "Output Format",
        "Files of the styled frames: PNG of 8 or 16 bits, or scene-linear OpenEXR",
        still=True,
    )
    dynamic_range: DynamicRange = setting(
        Group.OUTPUT,
        DynamicRange.DISPLAY,
        "Dynamic Range",
        "Light in an EXR: as the styled picture is displayed, or hdr, which adds the style onto the render",
        still=True,
    )
    movie: bool = setting(
        Group.OUTPUT, True, "Movie", "Write the styled frames as a movie too", changes_pixels=False
    )
    movie_codec: MovieCodec = setting(
        Group.OUTPUT,
        MovieCodec.H264,
        "Movie Codec",
        "The movie: H.264 to watch, ProRes or lossless FFV1 as a master",
        changes_pixels=False,
    )
    frame_rate: float = setting(
        Group.OUTPUT,
        0.0,
        "Frame Rate",
        "Frames a second of the movie; 0 takes the scene's, or the times of the movie that is stylized",
        minimum=0.0,
        maximum=240.0,
        unit="fps",
        changes_pixels=False,
        from_scene=True,
    )
    contact_sheet: bool = setting(
        Group.OUTPUT,
        True,
        "Contact Sheet",
        "Write a sheet of some frames, content over styled",
        changes_pixels=False,
    )
    debug: bool = setting(
        Group.OUTPUT,
        False,
        "Debug",
        "Write pictures of motion and reliability beside the frames",
        advanced=True,
        changes_pixels=False,
    )

    def __post_init__(self) -> None:
        check_ranges(self)


STILL_SETTINGS, FILE_SETTINGS = (
    frozenset(
        name
        for name, info in setting_infos(SequenceSettings).items()
        if info.still and (info.group is Group.OUTPUT) is of_file
    )
    for of_file in (False, True)
)
"""The settings of a sequence that a single picture has too; the second say what file becomes of it."""


def with_preset(
    preset: Preset, style: StyleSettings | None = None, sequence: SequenceSettings | None = None
) -> tuple[StyleSettings, SequenceSettings]:
    """The settings with the preset's values put in."""
    style, sequence = style or StyleSettings(), sequence or SequenceSettings()
    return (
        replace(style, **preset_values(style, preset)),
        replace(sequence, **preset_values(sequence, preset)),
    )
