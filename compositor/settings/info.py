"""What a setting carries besides its value: texts, range, group, and who takes it into account.

Everything that shows or handles settings derives from this: the command line's options, Blender's properties
and panels, the presets, the fingerprint of a run, and the table in docs/settings.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any


class Choice(StrEnum):
    """A value that a setting may have, defined as `NAME = "value", "Label", "One line of help"`."""

    label: str
    help: str

    def __new__(cls, value: str, label: str, help: str) -> Choice:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        member.help = help
        return member


class Group(Choice):
    """Settings that are shown together: a panel in Blender, a part of the options and of docs/settings.md.

    The order is that of the panels; the settings of the first group are in the main panel.
    """

    LOOK = "look", "Look", "What matters most"
    STROKES = "strokes", "Strokes", "The size of the strokes, and how fine the noise may be"
    COLOR = "color", "Color Gains", "Factors on the result's colors"
    OPTIMIZATION = "optimization", "Optimization", "How long, at what size and where a frame is optimized"
    NETWORK = "network", "Network", "Which parts of which network compare the pictures"
    SEQUENCE = "sequence", "Sequence", "How neighboring frames are tied together"
    OUTPUT = "output", "Output", "What is written"


class Preset(Choice):
    """Sets steps and sizes together: how much time a frame may take."""

    DRAFT = "draft", "Draft", "Few steps and small frames, to try settings"
    STANDARD = "standard", "Standard", "The default settings"
    FINAL = "final", "Final", "Twice the steps, large frames, and further passes over the sequence"


@dataclass(frozen=True)
class SettingInfo:
    """All that is known of a setting besides its name, type and default; see `setting`."""

    title: str
    help: str
    group: Group
    advanced: bool
    minimum: float | None
    maximum: float | None
    unit: str
    presets: Mapping[Preset, Any]
    changes_pixels: bool
    from_scene: bool
    in_presets: bool
    still: bool
    animatable: bool
    formerly: str


def setting(
    group: Group,
    default: Any,
    title: str,
    help: str,
    *,
    advanced: bool = False,
    minimum: float | None = None,
    maximum: float | None = None,
    unit: str = "",
    draft: Any = None,
    final: Any = None,
    changes_pixels: bool = True,
    from_scene: bool = False,
    in_presets: bool = True,
    still: bool = False,
    animatable: bool = False,
    formerly: str = "",
) -> Any:
    """A dataclass field with its `SettingInfo`: the one definition of a setting.

    Args:
        title: the label in Blender.
        help: one line without a full stop.
        advanced: shown folded, behind the group's other settings.
        minimum, maximum: the range of a number, both included.
        draft, final: the values in these presets; none leaves the setting out of the presets.
        changes_pixels: False if a run may be resumed with another value: it changes no styled frame, or what
            it changes is compared frame by frame.
        from_scene: a Blender scene has the value already, so that there is no property for it.
        in_presets: kept in the presets that a user saves in Blender; False for what belongs to the machine.
        still: in SequenceSettings, whether a single picture has the setting too.
        animatable: a frame may have a value of its own, see `with_own_settings`; a number.
        formerly: the name that .blend files of earlier versions have for it.
    """
    in_preset = {} if draft is None and final is None else {Preset.STANDARD: default}
    in_preset |= {Preset.DRAFT: draft} if draft is not None else {}
    in_preset |= {Preset.FINAL: final} if final is not None else {}
    info = SettingInfo(
        title=title,
        help=help,
        group=group,
        advanced=advanced,
        minimum=minimum,
        maximum=maximum,
        unit=unit,
        presets=in_preset,
        changes_pixels=changes_pixels,
        from_scene=from_scene,
        in_presets=in_presets,
        still=still,
        animatable=animatable,
        formerly=formerly,
    )
    return field(default=default, metadata={"info": info})


def setting_infos(settings: Any) -> dict[str, SettingInfo]:
    """By name, in the order of definition, of a settings dataclass or an instance of one."""
    return {entry.name: entry.metadata["info"] for entry in fields(settings)}


def preset_values(settings: Any, preset: Preset) -> dict[str, Any]:
    """What a preset sets in a settings dataclass."""
    return {
        name: info.presets.get(preset, info.presets[Preset.STANDARD])
        for name, info in setting_infos(settings).items()
        if info.presets
    }
