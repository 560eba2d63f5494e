"""Checks settings' values, and turns them into JSON values and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, fields, replace
from enum import Enum
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from compositor.errors import SettingsError
from compositor.settings.info import setting_infos

S = TypeVar("S")


def check_ranges(settings: Any) -> None:
    """Raises SettingsError naming the first field whose value is outside its range."""
    for name, info in setting_infos(settings).items():
        value, low, high = getattr(settings, name), info.minimum, info.maximum
        below = low is not None and not value >= low
        if below or (high is not None and not value <= high):
            raise SettingsError(f"{name} is {value}: it must be between {low} and {high}")


def settings_to_json(settings: Any) -> dict[str, Any]:
    """The settings as JSON values: enums as their strings, tuples as lists."""
    result: dict[str, Any] = {}
    for entry in fields(settings):
        value = getattr(settings, entry.name)
        if isinstance(value, Enum):
            value = value.value
        result[entry.name] = list(value) if isinstance(value, tuple) else value
    return result


def settings_from_json(kind: type[S], values: Mapping[str, Any]) -> S:
    """Builds `kind` from JSON values; fields that are absent keep their defaults.

    Raises:
        SettingsError: a name that is no setting, a value of the wrong type, or one outside its range.
    """
    known = {entry.name: entry for entry in fields(kind)}  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            raise SettingsError(f"there is no setting {name!r}; there are: {', '.join(known)}")
    hints = get_type_hints(kind)
    return kind(**{name: _convert(known[name], hints[name], value) for name, value in values.items()})


def with_own_settings(settings: S, own: Mapping[str, float]) -> S:
    """The settings of a frame that has values of its own for some of them, as an animation gives.

    Raises:
        SettingsError: a name that is no setting which a frame may have for itself, or a value out of range.
    """
    infos = setting_infos(settings)
    for name in own:
        if name not in infos or not infos[name].animatable:
            known = ", ".join(each for each, info in infos.items() if info.animatable)
            raise SettingsError(f"a frame has no {name!r} of its own; it may have: {known}")
    return replace(settings, **own) if own else settings  # type: ignore[type-var]


def changes_optimization(before: Mapping[str, float], own: Mapping[str, float]) -> bool:
    """Whether two frames' own settings differ in more than how much of the result is mixed in."""
    return _optimized(before) != _optimized(own)


def _optimized(own: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in own.items() if name != "strength"}


def _convert(entry: Field[Any], hint: Any, value: Any) -> Any:
    wrong = SettingsError(f"{entry.name} is {value!r}: expected {describe_type(hint)}")
    if get_origin(hint) is tuple:
        item = get_args(hint)[0]
        if not isinstance(value, (list, tuple)) or not all(isinstance(each, item) for each in value):
            raise wrong
        return tuple(value)
    if issubclass(hint, Enum):
        try:
            return hint(value)
        except ValueError:
            raise wrong from None
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise wrong from None
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise wrong
    return value


def describe_type(hint: Any) -> str:
    """A type as a person would say it: 'one of average, max', 'a number', 'a list of names'."""
    if get_origin(hint) is tuple:
        return "a list of names"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return "one of " + ", ".join(member.value for member in hint)
    return {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}[hint]
