"""What a sweep varies: the axes in `--vary`, and the grid of cells that they span."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from pathlib import Path
from typing import Any, get_origin, get_type_hints

from blender_nst.cli.errors import InputError
from blender_nst.cli.inputs.style_choice import StyleChoice
from compositor.settings import StyleSettings, settings_from_json

STYLE = "style"
"""The axis that is no setting: the style picture."""

_SWITCH = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}
# A file's name may have 255 bytes, and a temporary one beside it needs some more.
_LONGEST_NAME = 160


@dataclass(frozen=True)
class Axis:
    """A setting (or `style`) and the values that it takes, each with its text for people."""

    name: str
    values: tuple[Any, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """One point of the grid; `name` is that of its file, without suffix."""

    name: str
    labels: dict[str, str]
    settings: StyleSettings
    styles: tuple[Path, ...]
    weights: tuple[float, ...]


def parse_axes(texts: Sequence[str]) -> list[Axis]:
    """The axes in `name=value,value`; within a value that is a list, `+` joins its items.

    Raises:
        InputError: nothing is varied, an unknown or doubled name, no value, or one that is there twice.
        SettingsError: a value that the setting cannot have.
    """
    if not texts:
        raise InputError(
            "nothing is varied: name a setting and its values, as in --vary style_weight=5,15,50"
        )
    axes = [_axis(text) for text in texts]
    names = [axis.name for axis in axes]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise InputError(f"--vary {doubled} is there twice; give all its values in one, separated by commas")
    return axes


def span_grid(axes: Sequence[Axis], settings: StyleSettings, choice: StyleChoice) -> list[list[Cell]]:
    """All combinations: a column for each value of the first axis, a row for each combination of the others.

    Args:
        settings: those that are not varied.
        choice: the styles, unless they are varied.
    """
    first, *others = axes
    taken: set[str] = set()
    return [
        [_cell(axes, (index, *rest), settings, choice, taken) for index in range(len(first.values))]
        for rest in product(*(range(len(axis.values)) for axis in others))
    ]


def heading(name: str, label: str) -> str:
    """An axis's value as the sheet shows it."""
    return f"{name} = {label}"


def _axis(text: str) -> Axis:
    name, equals, values = (part.strip() for part in text.partition("="))
    hints = get_type_hints(StyleSettings)
    name = name.replace("-", "_")
    items = [item.strip() for item in values.split(",")]
    if not equals or not all(items):
        raise InputError(f"--vary {text}: write it as NAME=VALUE,VALUE, as in style_weight=5,15,50")
    if name == STYLE:
        return _style_axis(text, items)
    if name not in hints:
        there_are = ", ".join([STYLE, *(entry.name for entry in fields(StyleSettings))])
        raise InputError(f"--vary {text}: there is no setting {name!r}; there are: {there_are}")
    chosen = tuple(_value(name, hints[name], item) for item in items)
    return _without_doubles(text, Axis(name, chosen, tuple(map(_label, chosen))))


def _style_axis(text: str, items: Sequence[str]) -> Axis:
    paths = tuple(map(Path, items))
    stems = tuple(path.stem for path in paths)
    labels = stems if len(set(stems)) == len(stems) else tuple(items)
    return _without_doubles(text, Axis(STYLE, paths, labels))


def _without_doubles(text: str, axis: Axis) -> Axis:
    for index, value in enumerate(axis.values):
        if value in axis.values[:index]:
            raise InputError(f"--vary {text}: {axis.labels[index]} is there twice")
    return axis


def _value(name: str, hint: Any, text: str) -> Any:
    """The value of a setting; raises SettingsError if it cannot be one."""
    value: Any = text
    if get_origin(hint) is tuple:
        value = [item.strip() for item in text.split("+") if item.strip()]
    elif hint is bool:
        value = _SWITCH.get(text.lower(), text)
    elif hint in (int, float):
        try:
            value = hint(text)
        except ValueError:
            value = text
    return getattr(settings_from_json(StyleSettings, {name: value}), name)


def _label(value: Any) -> str:
    if isinstance(value, tuple):
        return "+".join(value)
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _cell(
    axes: Sequence[Axis],
    indices: Sequence[int],
    settings: StyleSettings,
    choice: StyleChoice,
    taken: set[str],
) -> Cell:
    """The cell with these values; `taken` holds the names of the cells before, and gets its name too."""
    values = {axis.name: axis.values[index] for axis, index in zip(axes, indices, strict=True)}
    labels = {axis.name: axis.labels[index] for axis, index in zip(axes, indices, strict=True)}
    styles, weights = choice.styles, choice.weights
    if STYLE in values:
        styles, weights = (values.pop(STYLE),), (1.0,)
    name = _file_name(labels)
    # Two labels may differ in nothing but what a file's name cannot show.
    while name.casefold() in taken:
        name += "-2"
    taken.add(name.casefold())
    return Cell(name, labels, replace(settings, **values), styles, weights)


def _file_name(labels: dict[str, str]) -> str:
    text = ",".join(f"{name}={label}" for name, label in labels.items())
    name = re.sub(r"[^A-Za-z0-9.,=+_-]+", "-", text)
    if len(name) <= _LONGEST_NAME:
        return name
    return f"{name[: _LONGEST_NAME - 9]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
