"""Settings of the look of one frame: the losses' weights, the strokes and the colors."""

from __future__ import annotations

from dataclasses import dataclass

from compositor.settings.choices import Color
from compositor.settings.info import Group, setting

LOOK, STROKES, COLOR = Group.LOOK, Group.STROKES, Group.COLOR


@dataclass(frozen=True)
class LookSettings:
    """What a frame is made to look like.

    Loss weights are relative: see `compositor.losses.terms` for their scale.
    """

    strength: float = setting(
        LOOK,
        1.0,
        "Strength",
        "How much of the style is mixed with the render",
        minimum=0.0,
        maximum=1.0,
        animatable=True,
    )
    paint: float = setting(
        LOOK,
        0.5,
        "Paint",
        "From the render's detail (0) to the style picture's strokes (1): turns content, style and local"
        " weight together",
        minimum=0.0,
        maximum=1.0,
        animatable=True,
    )
    style_weight: float = setting(
        LOOK,
        8.0,
        "Style Weight",
        "How strongly the style picture's strokes and colors are taken over the frame as a whole",
        advanced=True,
        minimum=0.0,
        maximum=1e9,
    )
    content_weight: float = setting(
        LOOK,
        1.4,
        "Content Weight",
        "How strongly the render's shapes are kept",
        advanced=True,
        minimum=0.0,
        maximum=1e6,
    )
    contrast_weight: float = setting(
        LOOK,
        1.4,
        "Contrast Weight",
        "How strongly what is lighter or darker than its surroundings in the render stays so, which keeps a"
        " subject apart from its ground",
        advanced=True,
        minimum=0.0,
        maximum=1e6,
    )
    local_weight: float = setting(
        LOOK,
        2.2,
        "Local Weight",
        "How strongly every place is painted as the part of the style picture that it is most like; 0 matches"
        " the frame as a whole alone, as Gatys 2016 do",
        advanced=True,
        minimum=0.0,
        maximum=1e6,
    )
    color: Color = setting(LOOK, Color.STYLE, "Color", "Whose colors the result has", formerly="colour")
    style_scale: float = setting(
        STROKES,
        1.0,
        "Style Scale",
        "Size of the strokes: a factor on the style picture's size",
        minimum=0.1,
        maximum=10.0,
    )
    style_size: int = setting(
        STROKES,
        0,
        "Style Size",
        "Longer side of the style picture; 0 follows the frame's",
        advanced=True,
        minimum=0,
        maximum=8192,
        unit="px",
    )
    tv_weight: float = setting(
        STROKES,
        10.0,
        "TV Weight",
        "Total variation: how strongly fine noise is smoothed away",
        minimum=0.0,
        maximum=1e6,
    )
    sharpening: float = setting(
        STROKES,
        1.2,
        "Sharpening",
        "How much fine lights and darks are strengthened in a frame that was optimized smaller and enlarged",
        advanced=True,
        minimum=0.0,
        maximum=4.0,
    )
    red_gain: float = setting(COLOR, 1.0, "Red Gain", "Factor on the result's red", minimum=0.0, maximum=4.0)
    green_gain: float = setting(
        COLOR, 1.0, "Green Gain", "Factor on the result's green", minimum=0.0, maximum=4.0
    )
    blue_gain: float = setting(
        COLOR, 1.0, "Blue Gain", "Factor on the result's blue", minimum=0.0, maximum=4.0
    )
