"""Command line options made from the settings' dataclasses: one option per field, nothing said twice."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Container
from dataclasses import Field, fields, replace
from enum import Enum
from typing import Annotated, Any, get_origin, get_type_hints

import typer

from compositor.settings import StyleSettings, describe_type, field_default
from video.settings import PRESETS, Preset, SequenceSettings, with_preset

Settings = tuple[StyleSettings, SequenceSettings]


def with_settings(
    *kinds: type, sequence: Container[str] | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command the options `--preset` and one for each field of `kinds`.

    The command takes them as one argument `settings`, a pair of StyleSettings and SequenceSettings: the
    preset's values with those that were given in their place.

    Args:
        sequence: names of the SequenceSettings that the command has an option for; None for all of them.
    """

    def wanted(kind: type, entry: Field[Any]) -> bool:
        return kind is not SequenceSettings or sequence is None or entry.name in sequence

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        parameters = inspect.signature(command, eval_str=True).parameters.values()
        own = [each for each in parameters if each.name != "settings"]
        entries = [(kind, entry) for kind in kinds for entry in fields(kind) if wanted(kind, entry)]
        made = [_preset_option(), *(_option(kind, entry) for kind, entry in entries)]

        @functools.wraps(command)
        def run(**values: Any) -> None:
            preset = values.pop("preset")
            given = {each.name: values.pop(each.name) for each in made if each.name != "preset"}
            command(**values, settings=_resolve(preset, given))

        run.__signature__ = inspect.Signature([*own, *made])  # type: ignore[attr-defined]
        # Typer reads annotations from here too, and resolves the strings of `from __future__`.
        run.__annotations__ = {each.name: each.annotation for each in [*own, *made]}
        return run

    return decorate


def _resolve(preset: Preset, given: dict[str, Any]) -> Settings:
    style, sequence = with_preset(preset)
    chosen = {name: value for name, value in given.items() if value is not None}
    return _replaced(style, chosen), _replaced(sequence, chosen)


def _replaced(settings: Any, values: dict[str, Any]) -> Any:
    hints = get_type_hints(type(settings))
    own = {name: value for name, value in values.items() if name in hints}
    for name, value in own.items():
        if get_origin(hints[name]) is tuple:
            own[name] = tuple(item.strip() for item in value.split(",") if item.strip())
    return replace(settings, **own)


def _preset_option() -> inspect.Parameter:
    option = typer.Option("--preset", help="Sets steps and scales together; options below override it.")
    annotation = Annotated[Preset, option]
    keyword_only = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter("preset", keyword_only, default=Preset.STANDARD, annotation=annotation)


def _option(kind: type, entry: Field[Any]) -> inspect.Parameter:
    hint = get_type_hints(kind)[entry.name]
    listed = get_origin(hint) is tuple
    flag = "--" + entry.name.replace("_", "-")
    names = [f"{flag}/--no-{entry.name.replace('_', '-')}"] if hint is bool else [flag]
    limits = {} if listed or hint is bool or issubclass(hint, Enum) else _limits(entry, hint)
    option = typer.Option(
        *names,
        help=_help(entry, hint),
        show_default=False,
        rich_help_panel="Style" if kind is StyleSettings else "Sequence",
        **limits,
    )
    accepted = str if listed else hint
    return inspect.Parameter(
        entry.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[accepted | None, option],
    )


def _limits(entry: Field[Any], hint: type) -> dict[str, Any]:
    low, high = entry.metadata["minimum"], entry.metadata["maximum"]
    return {"min": None if low is None else hint(low), "max": None if high is None else hint(high)}


def _help(entry: Field[Any], hint: Any) -> str:
    default = field_default(entry)
    if isinstance(default, tuple):
        shown = ",".join(default)
    elif isinstance(default, Enum):
        shown = default.value
    elif hint is bool:
        shown = "on" if default else "off"
    else:
        shown = default if hint is str else f"{default:g}"
    unit = f" {entry.metadata['unit']}" if entry.metadata["unit"] else ""
    kind = f" ({describe_type(hint)}, separated by commas)" if isinstance(default, tuple) else ""
    in_preset = "; set by the preset" if entry.name in _PRESET_FIELDS else f"; default {shown}{unit}"
    return f"{entry.metadata['help']}{kind}{in_preset}."


_PRESET_FIELDS = frozenset(name for preset in PRESETS.values() for values in preset for name in values)
