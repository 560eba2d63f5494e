"""Lines that are put together at run time, in the user's language.

The extension and the engine say everything in English, and so it stands in the logs, in the terminal and in
the protocol. Where a line is shown, the format that it was made by is found again, translated by Blender and
filled in. A line that has no format is shown as it is.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from functools import lru_cache

from .. import addon

FOLDER = addon.FOLDER / "ui" / "languages"

Lookup = Callable[[str], str]
"""Gives a text in the user's language, or as it is: `pgettext_iface` and `pgettext_rpt` of Blender."""

_FIELD = re.compile(r"\{(\w*)\}")
_VALUES = {
    "number": r"-?\d[\d.,]*",
    "text": r".+",
    "part": r"(?:(?!, ).)+",
    "word": r"[^,:;]+",
    "path": r"(?:(?!; |, for ).)+?",
    "": r"(?:(?!; ).)+?",
}
"""What a field may hold, by the beginning of its name: `part` is one of the parts that commas join, `word` a
name without a comma. A path or any other value ends where a further line is joined."""
_TRANSLATED = ("text", "part")
"""Fields whose values are lines themselves; all others stay as they are."""

_SEPARATOR = re.compile(r"(: |; |, |\. | {4})")
_MOST_PIECES = 24


@lru_cache(maxsize=1)
def line_formats() -> dict[str, str]:
    """The formats of lines, and lines without fields, each with the Polish one."""
    files = (FOLDER / "polish_messages.json", FOLDER / "polish_lines.json")
    return {name: text for file in files for name, text in json.loads(file.read_text("utf-8")).items()}


def translated(line: str, look_up: Lookup) -> str:
    """A line in the user's language: as a whole, or piece by piece where it joins several."""
    return translate(line, look_up)[0]


def translate(line: str, look_up: Lookup) -> tuple[str, bool]:
    """The same, and whether every piece of it that has a word has a format."""
    whole = _whole(line, look_up)
    if whole is not None and whole[1]:
        return whole
    in_pieces = _in_pieces(line, look_up)
    return in_pieces if whole is None or in_pieces[1] else whole


def _in_pieces(line: str, look_up: Lookup) -> tuple[str, bool]:
    """A line that joins several: always the longest run of pieces that has a format; the others stay."""
    pieces = _SEPARATOR.split(line)
    if not 1 < len(pieces) <= _MOST_PIECES:
        return line, not _has_word(line)
    shown, complete, begin = "", True, 0
    while begin < len(pieces):  # every other piece is a separator
        for end in range(len(pieces), begin, -2):
            joined = "".join(pieces[begin:end])
            found = _whole(joined, look_up) if end - begin < len(pieces) else None
            if found is not None or end == begin + 1:
                text, known = found if found is not None else (joined, not _has_word(joined))
                shown += text + "".join(pieces[end : end + 1])
                complete, begin = complete and known, end + 1
                break
    return shown, complete


def _whole(line: str, look_up: Lookup) -> tuple[str, bool] | None:
    """A line by its own format, if possible by one that leaves no word as it is; None where it has none."""
    for text in (line, line[:1].lower() + line[1:], line[:1].upper() + line[1:]):
        known = look_up(text)
        if known != text or text in line_formats():
            return _as_begun(line, known), True
    best = None
    for pattern, values in _matching(line):
        texts = {name: translate(value, look_up) for name, value in values.items() if name[:4] in _TRANSLATED}
        filled = values | {name: text for name, (text, _) in texts.items()}
        shown = _as_begun(line, _numbered(look_up(pattern)).format_map(filled))
        if all(known for _, known in texts.values()):
            return shown, True
        best = best or (shown, False)
    return best


@lru_cache(maxsize=256)
def _matching(line: str) -> tuple[tuple[str, dict[str, str]], ...]:
    """The formats that a line may be of, each with the values in it by the names of its fields."""
    matches = ((pattern, expression.fullmatch(line)) for pattern, expression in _expressions())
    return tuple((pattern, match.groupdict()) for pattern, match in matches if match is not None)


def _numbered(pattern: str) -> str:
    """With a name for each field that has none."""
    number = itertools.count()
    return _FIELD.sub(lambda field: f"{{{field[1] or f'value{next(number)}'}}}", pattern)


@lru_cache(maxsize=1)
def _expressions() -> list[tuple[str, re.Pattern[str]]]:
    """The formats, those with the most letters of their own first."""
    formats = [pattern for pattern in line_formats() if _FIELD.search(pattern)]
    formats.sort(key=lambda pattern: -len(_FIELD.sub("", pattern)))
    return [(pattern, _expression(pattern)) for pattern in formats]


def _expression(pattern: str) -> re.Pattern[str]:
    parts = _FIELD.split(_numbered(pattern))
    # A line may begin with a capital letter that its format does not have.
    literals = [re.escape(part) for part in parts[::2]]
    if parts[0]:
        literals[0] = f"(?i:{re.escape(parts[0][0])}){re.escape(parts[0][1:])}"
    fields = [f"(?P<{name}>{_values(name)})" for name in parts[1::2]] + [""]
    return re.compile("".join(chain for pair in zip(literals, fields, strict=True) for chain in pair))


def _values(name: str) -> str:
    return next(values for begin, values in _VALUES.items() if name.startswith(begin))


def _as_begun(line: str, shown: str) -> str:
    """With a capital letter where the line has one."""
    return shown[:1].upper() + shown[1:] if line[:1].isupper() else shown


def _has_word(text: str) -> bool:
    return re.search(r"[^\W\d_]{2,}", text) is not None
