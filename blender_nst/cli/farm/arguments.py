"""The command line of a chunk, as a farm's engine calls it on each of its machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from blender_nst.cli.farm.options import SEQUENCE_NAMES, STYLE_NAMES
from blender_nst.cli.farm.work import FarmOptions
from blender_nst.cli.inputs.settings_options import flag
from compositor.settings import SettingInfo, StyleSettings, setting_infos
from video.frames.sequence import FrameRange


@dataclass(frozen=True)
class ChunkSetting:
    """A setting of a chunk: its value, its default, and what is known of it."""

    name: str
    value: Any
    default: Any
    info: SettingInfo

    @property
    def text(self) -> str:
        """The value as the command line has it."""
        return _text(self.value)

    def arguments(self) -> list[str]:
        """The option with the value."""
        return (
            [switch(self.name, self.value)] if isinstance(self.value, bool) else [flag(self.name), self.text]
        )


@dataclass(frozen=True)
class FarmJob:
    """What is sent to a farm.

    Attributes:
        frames: all of them.
        lead_in: as the command line has it.
        shots: the first frames of the shots; empty if they need not be known.
        animated: settings that a .blend's animation gives each frame a value of, which chunks leave to it.
    """

    options: FarmOptions
    frames: FrameRange
    lead_in: str
    shots: Sequence[int]
    animated: Sequence[str]

    def settings(self) -> list[ChunkSetting]:
        """That the chunks are given, in the order of their definition."""
        found = []
        for values in self.options.settings:
            names = STYLE_NAMES if isinstance(values, StyleSettings) else SEQUENCE_NAMES
            infos = setting_infos(values)
            found += [
                ChunkSetting(each.name, getattr(values, each.name), each.default, infos[each.name])
                for each in fields(values)
                if each.name in names and each.name not in self.animated
            ]
        return found

    def part_arguments(self) -> list[str]:
        """The options of regions, weights, lead-in, scripts."""
        choice, options = self.options.choice, self.options
        weights = ",".join(f"{weight:g}" for weight in choice.weights)
        regions = [f"{Path(mask).absolute()}={style.absolute()}" for mask, style in choice.regions]
        regions += [f"{part.text}={part.style.absolute()}" for part in choice.parts if part.style]
        keep = [] if choice.keep is None else [str(Path(choice.keep).absolute())]
        keep += [part.text for part in choice.parts if part.style is None]
        shots = ",".join(map(str, self.shots))
        return [
            *(["--style-weights", weights] if len(choice.weights) > 1 else []),
            *(each for region in regions for each in ("--region", region)),
            *(each for part in keep for each in ("--keep", part)),
            *(["--shots", shots] if shots else []),
            *(["--allow-scripts"] if options.allow_scripts else []),
        ]


def switch(name: str, on: bool) -> str:
    """The option that turns a switch on or off."""
    return flag(name) if on else f"--no-{flag(name).removeprefix('--')}"


def input_folder(source: Path) -> tuple[Path, str]:
    """The folder or file of an input, and the pattern of its frames inside of it, empty where it has none."""
    if "#" in source.name or "%" in source.name:
        return source.parent.absolute(), source.name
    return source.absolute(), ""


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(getattr(value, "value", value))
