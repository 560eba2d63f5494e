"""Reads and writes the protocol's messages as lines of JSON, and checks their fields and types.

Whatever a line holds, it becomes a message or a ProtocolError in one line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from types import UnionType
from typing import IO, Any, AnyStr, TypeVar, get_args, get_origin, get_type_hints

from video.errors import ProtocolError
from video.protocol.messages import COMMANDS, EVENTS, Command, Event

M = TypeVar("M")

LONGEST_EVENT = 1 << 24
"""Characters of an event's line; the numbers of a million frames have eight million."""


def read_lines(stream: IO[AnyStr], longest: int) -> Iterator[AnyStr]:
    """The lines of a stream; of one with more than `longest` characters its beginning, without a line end.

    A line without end does not fill the memory, and its beginning is no message.
    """
    while line := stream.readline(longest):
        yield line
        while len(line) == longest and line[-1:] not in ("\n", b"\n"):
            line = stream.readline(longest)


def encode(message: Command | Event) -> str:
    """The message as one line of ASCII JSON, with its line end."""
    if type(message) in COMMANDS.values():
        return to_line(message, "command", COMMANDS)
    return to_line(message, "event", EVENTS)


def decode_command(line: str) -> Command:
    """The command in one line.

    Raises:
        ProtocolError: the line is no JSON object, no known command, or a field is missing or of a wrong type.
    """
    return from_line(line, "command", COMMANDS)


def decode_event(line: str) -> Event:
    """The event in one line; raises ProtocolError as `decode_command` does."""
    return from_line(line, "event", EVENTS)


def to_line(message: Any, key: str, kinds: Mapping[str, type]) -> str:
    """A dataclass as one line of ASCII JSON, with its name in `kinds` under `key`, and the line end.

    Raises:
        ValueError: a number is not finite.
    """
    name = next(name for name, kind in kinds.items() if kind is type(message))
    return json.dumps({key: name} | asdict(message), allow_nan=False) + "\n"


def from_line(line: str, key: str, kinds: Mapping[str, type[M]]) -> M:
    """The dataclass of `kinds` that the line names under `key`; raises ProtocolError as `decode_command`."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        raise ProtocolError(f"not a line of JSON: {line[:80]!r}") from None
    if not isinstance(values, dict):
        raise ProtocolError(f"not a JSON object: {line[:80]!r}")
    name = values.pop(key, None)
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ProtocolError(f"unknown {key} {_shown(name)}; known: {', '.join(kinds)}")
    hints = get_type_hints(kind)
    for field_name, value in values.items():
        if field_name not in hints:
            raise ProtocolError(f"{name}: unknown field {_shown(field_name)}")
        if not _fits(value, hints[field_name]):
            raise ProtocolError(f"{name}: {field_name} is {_shown(value)}, which is of a wrong type")
    try:
        return kind(**{name: _converted(value, hints[name]) for name, value in values.items()})
    except TypeError:
        required = ", ".join(entry.name for entry in fields(kind))  # type: ignore[arg-type]
        raise ProtocolError(f"{name}: a field is missing; it has: {required}") from None


def _shown(value: Any) -> str:
    """What was received, short enough for a line."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _fits(value: Any, hint: Any) -> bool:
    if isinstance(hint, UnionType):
        return any(_fits(value, option) for option in get_args(hint))
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is list:
        return isinstance(value, list) and all(_fits(item, arguments[0]) for item in value)
    if origin is dict:
        return isinstance(value, dict) and all(_fits(item, arguments[1]) for item in value.values())
    if is_dataclass(hint):
        return isinstance(value, dict) and _object_fits(value, hint)
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return hint is Any or (isinstance(value, hint) and not (hint is int and isinstance(value, bool)))


def _object_fits(values: dict[str, Any], kind: Any) -> bool:
    hints = get_type_hints(kind)
    required = {entry.name for entry in fields(kind) if entry.default is MISSING}
    return required <= values.keys() <= hints.keys() and all(
        _fits(value, hints[name]) for name, value in values.items()
    )


def _converted(value: Any, hint: Any) -> Any:
    """The value with its JSON objects as the dataclasses that the type hint names."""
    arguments = get_args(hint)
    if get_origin(hint) is list and is_dataclass(arguments[0]):
        return [arguments[0](**each) for each in value]  # type: ignore[operator]
    return value
