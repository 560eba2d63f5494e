"""JSON files that may be damaged or hostile: read strictly, into dataclasses of checked types."""

from __future__ import annotations

import json
import math
import stat
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, NoReturn, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")

_MAX_BYTES = 1 << 28
_MAX_INTEGER = 1 << 53
"""Integers up to here are exact in every program that reads JSON."""


class JsonError(ValueError):
    """A file holds no JSON, or a value of another type than was expected; one line."""


def read_json(path: Path) -> Any:
    """The value in a JSON file; NaN and Infinity, which are no JSON, are refused.

    Raises:
        JsonError: it is no file, no JSON, nested too deeply, or too large.
        OSError: it cannot be read.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise JsonError("it is no file")
    if found.st_size > _MAX_BYTES:
        raise JsonError("it is too large")
    try:
        return json.loads(path.read_text("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise JsonError(f"it is no JSON ({' '.join(str(error).split())[:100]})") from None


def decode(kind: type[T], value: Any) -> T:
    """A dataclass from the JSON object that `dataclasses.asdict` and `json.dumps` made of it.

    Each field has the type that its hint names: integers are exact and no booleans, numbers are finite.
    A field with a default may be absent.

    Raises:
        JsonError: something is missing, unknown, or of another type.
    """
    return _decoded(kind, value, kind.__name__)


def _decoded(hint: Any, value: Any, where: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin in (types.UnionType, typing.Union):
        options = [option for option in arguments if option is not types.NoneType]
        return None if value is None else _decoded(options[0], value, where)
    if origin in (list, tuple):
        return _sequence(origin, arguments, value, where)
    if origin in (dict, Mapping):
        if not isinstance(value, dict):
            raise JsonError(f"{where} is no object")
        return {name: _decoded(arguments[1], each, f"{where}.{name[:40]}") for name, each in value.items()}
    if is_dataclass(hint):
        return _object(hint, value, where)
    return _scalar(hint, value, where)


def _sequence(origin: Any, arguments: tuple[Any, ...], value: Any, where: str) -> Any:
    if not isinstance(value, list):
        raise JsonError(f"{where} is no list")
    hints = [arguments[0]] * len(value) if origin is list or arguments[1:] == (...,) else list(arguments)
    if len(hints) != len(value):
        raise JsonError(f"{where} has {len(value)} items instead of {len(hints)}")
    return origin(_decoded(each, item, where) for each, item in zip(hints, value, strict=True))


def _object(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise JsonError(f"{where} is no object")
    hints, known = get_type_hints(kind), {entry.name for entry in fields(kind)}
    if not value.keys() <= known:
        raise JsonError(f"{where} has an unknown field")
    values = {name: _decoded(hints[name], each, f"{where}.{name}") for name, each in value.items()}
    try:
        return kind(**values)
    except TypeError:
        raise JsonError(f"{where} lacks a field") from None


def _scalar(hint: Any, value: Any, where: str) -> Any:
    wrong = JsonError(f"{where} has no value that it can have")
    if isinstance(hint, type) and issubclass(hint, Enum):
        try:
            return hint(value)
        except ValueError:
            raise wrong from None
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is float:
        if not number or (isinstance(value, int) and abs(value) > _MAX_INTEGER) or not math.isfinite(value):
            raise wrong
        return float(value)
    if hint is int:
        if not number or not isinstance(value, int) or abs(value) > _MAX_INTEGER:
            raise wrong
        return value
    if not isinstance(value, hint):
        raise wrong
    return value


def _refuse(constant: str) -> NoReturn:
    raise JsonError(f"{constant} is no number")
