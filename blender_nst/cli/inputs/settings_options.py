"""Command line options made from the settings' dataclasses: one option for each setting."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, get_origin, get_type_hints

import typer

from compositor.settings import Group, Preset, SettingInfo, StyleSettings, describe_type, setting_infos
from video.settings import SequenceSettings, with_preset

Settings = tuple[StyleSettings, SequenceSettings]
ANIMATED = "animated"
"""An argument of commands, see `with_settings`."""


@dataclass(frozen=True)
class _Setting:
    """A field of a settings dataclass, with its type."""

    name: str
    hint: Any
    default: Any
    info: SettingInfo


def with_settings(
    style_kind: type[StyleSettings],
    sequence_kind: type[SequenceSettings],
    *,
    style: Container[str] | None = None,
    sequence: Container[str] | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command the options `--preset` and one for each setting, in the order of the groups.

    The command takes them as one argument `settings`, a pair of the two kinds: the preset's values with those
    that were given in their place. One that takes an argument `animated` also gets the names of the settings
    that can be animated and were not given.

    Args:
        style, sequence: names of either kind's settings that the command has an option for; None for all.
    """
    chosen = [
        each
        for kind, names in ((style_kind, style), (sequence_kind, sequence))
        for each in _settings_of(kind)
        if names is None or each.name in names
    ]
    made = [_preset_option(), *map(_option, _by_group(chosen))]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        parameters = inspect.signature(command, eval_str=True).parameters.values()
        own = [each for each in parameters if each.name not in ("settings", ANIMATED)]
        can_be_animated = {each.name for each in chosen if each.info.animatable}
        takes_animated = any(each.name == ANIMATED for each in parameters)

        @functools.wraps(command)
        def run(**values: Any) -> None:
            preset = values.pop("preset")
            given = {each.name: values.pop(each.name) for each in made if each.name != "preset"}
            if takes_animated:
                left = [name for name, value in given.items() if value is None]
                values[ANIMATED] = tuple(name for name in left if name in can_be_animated)
            style, sequence = with_preset(preset, style_kind(), sequence_kind())
            command(**values, settings=(_replaced(style, given), _replaced(sequence, given)))

        run.__signature__ = inspect.Signature([*own, *made])  # type: ignore[attr-defined]
        # Typer reads annotations from here too, and resolves the strings of `from __future__`.
        run.__annotations__ = {each.name: each.annotation for each in [*own, *made]}
        return run

    return decorate


def flag(name: str) -> str:
    """The option of a setting."""
    return "--" + name.replace("_", "-")


def shown_value(value: Any) -> str:
    """A value as it is written on the command line; a switch is on or off."""
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def _settings_of(kind: type) -> list[_Setting]:
    hints, infos = get_type_hints(kind), setting_infos(kind)
    return [_Setting(each.name, hints[each.name], each.default, infos[each.name]) for each in fields(kind)]


def _by_group(settings: Iterable[_Setting]) -> list[_Setting]:
    """Group by group, the advanced ones last in each."""
    order = list(Group)
    return sorted(settings, key=lambda each: (order.index(each.info.group), each.info.advanced))


def _replaced(settings: Any, given: dict[str, Any]) -> Any:
    """The settings with those values of theirs that were given."""
    values: dict[str, Any] = {}
    for name, hint in get_type_hints(type(settings)).items():
        value = given.get(name)
        if value is not None:
            listed = get_origin(hint) is tuple
            values[name] = tuple(filter(None, map(str.strip, value.split(",")))) if listed else value
    return replace(settings, **values)


def _preset_option() -> inspect.Parameter:
    option = typer.Option("--preset", help="Sets steps and scales together; options below override it.")
    annotation = Annotated[Preset, option]
    keyword_only = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter("preset", keyword_only, default=Preset.STANDARD, annotation=annotation)


def _option(setting: _Setting) -> inspect.Parameter:
    hint, info = setting.hint, setting.info
    listed = get_origin(hint) is tuple
    name = flag(setting.name)
    limited = hint in (int, float)
    option = typer.Option(
        f"{name}/--no-{name.removeprefix('--')}" if hint is bool else name,
        help=_help(setting),
        show_default=False,
        rich_help_panel=info.group.label + (", advanced" if info.advanced else ""),
        min=hint(info.minimum) if limited and info.minimum is not None else None,
        max=hint(info.maximum) if limited and info.maximum is not None else None,
    )
    accepted = str if listed else hint
    return inspect.Parameter(
        setting.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[accepted | None, option],
    )


def _help(setting: _Setting) -> str:
    info = setting.info
    unit = f" {info.unit}" if info.unit else ""
    listed = isinstance(setting.default, tuple)
    kind = f" ({describe_type(setting.hint)}, separated by commas)" if listed else ""
    default = "set by the preset" if info.presets else f"default {shown_value(setting.default)}{unit}"
    return f"{info.help}{kind}; {default}."
