"""Numbered files by a pattern: `render_####.png`, `render_%04d.png`, or what a folder holds."""

from __future__ import annotations

import re
import stat
from collections.abc import Collection
from itertools import islice
from pathlib import Path

from video.errors import SequenceError
from video.files.file_kind import kind_of
from video.images.picture_formats import IMAGE_SUFFIXES

# No file system takes a name of more bytes.
_MAX_DIGITS = 255


def hashes(pattern: Path) -> Path:
    """The pattern with `%04d` written as `####`; raises SequenceError if it has no place for a number."""
    for width in re.findall(r"%([0-9]+)d", pattern.name):
        _check_width(pattern, int(width[:6]))
    name = re.sub(r"%([0-9]*)d", lambda match: "#" * max(1, int(match.group(1) or 1)), pattern.name)
    hashed = pattern.with_name(name)
    split_pattern(hashed)
    return hashed


def split_pattern(pattern: Path) -> tuple[str, str, str]:
    """What is before the frame number in a file's name, its `####`, and what is after it."""
    match = re.fullmatch(r"(.*?)(#+)([^#]*)", pattern.name, re.DOTALL)
    if match is None:
        raise SequenceError(f"{pattern} has no #### where the frame number goes")
    before, marks, after = match.groups()
    _check_width(pattern, len(marks))
    return before, marks, after


def _check_width(pattern: Path, digits: int) -> None:
    if digits > _MAX_DIGITS:
        raise SequenceError(
            f"{pattern.parent / pattern.name[:40]}… asks for frame numbers of {digits} digits; no file's name"
            " holds as many, so write as many # as the files' numbers have digits"
        )


def matching_files(pattern: Path) -> dict[int, Path]:
    """What is there by frame number, files or not. A number may have more digits than `#`, and no fewer.

    A minus sign may count as one of them: Blender writes `-0001`, Python with `%04d` `-001`.

    Raises:
        SequenceError: the folder is none, or a frame is there twice.
    """
    if not pattern.parent.is_dir():
        raise SequenceError(f"{pattern.parent} does not exist or is no folder")
    before, marks, after = split_pattern(pattern)
    width = len(marks)
    shorter = rf"|-[0-9]{{{width - 1}}}" if width > 1 else ""
    expression = re.compile(
        re.escape(before) + rf"(-?[0-9]{{{width}}}|-?[1-9][0-9]{{{width},}}{shorter})" + re.escape(after)
    )
    found: dict[int, Path] = {}
    for path in sorted(pattern.parent.iterdir()):
        match = expression.fullmatch(path.name)
        if match is not None:
            number = int(match.group(1))
            if number in found:
                raise SequenceError(f"{path} and {found[number].name} are both frame {number}; remove one")
            found[number] = path
    return dict(sorted(found.items()))


def is_placeholder(path: Path) -> bool:
    """Whether a frame's file is empty: Blender's mark of a frame that is being rendered, or will be.

    Raises:
        SequenceError: it is no file, or cannot be looked at; what is named as a frame is never passed over.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise SequenceError(
            f"{path} is named as a frame and cannot be read ({error.strerror}); mend or remove it"
        ) from None
    if not stat.S_ISREG(found.st_mode):
        raise SequenceError(f"{path} is named as a frame and is {kind_of(found.st_mode)}; remove it")
    return found.st_size == 0


def only_pattern(folder: Path, suffixes: frozenset[str] = IMAGE_SUFFIXES) -> Path:
    """The pattern of the one sequence in a folder.

    Raises:
        SequenceError: there is none, or there are several.
    """
    patterns: dict[str, bool] = {}
    for path in folder.iterdir():
        match = re.fullmatch(r"(.*?)(-?)([0-9]+)", path.stem, re.DOTALL)
        if path.suffix.lower() in suffixes and match is not None and not path.name.startswith("."):
            before, minus, digits = match.groups()
            # `shot-0001` is a name with a hyphen, `shot_-0001` and `-0001` are negative frames.
            hyphen = minus if before and before[-1].isalnum() else ""
            width = len(digits) if digits.startswith("0") or len(digits) > 4 else min(4, len(digits))
            negative = bool(minus) and not hyphen
            pattern = before + hyphen + "#" * width + path.suffix
            patterns[pattern] = patterns.get(pattern, True) and negative
    if not patterns:
        kind = "EXRs (as passes_0001.exr)" if suffixes == {".exr"} else "pictures (as render_0001.png)"
        raise SequenceError(f"{folder} holds no numbered {kind}")
    names = {re.sub("#+", "#", name) for name in patterns}
    if len(names) > 1:
        listed = ", ".join(sorted(patterns)[:4])
        raise SequenceError(f"{folder} holds several sequences ({listed}); name one of them as the input")
    # The minus sign of a negative frame may have taken a digit's place.
    return folder / min(patterns, key=lambda pattern: (len(pattern) + patterns[pattern], patterns[pattern]))


def listed(numbers: Collection[int]) -> str:
    """`frame 3`, or `frames 1, 2, 5`, of many the first eight."""
    few = list(islice(numbers, 8))
    name = "frame" if len(numbers) == 1 else "frames"
    return f"{name} {', '.join(map(str, few))}{', …' if len(numbers) > 8 else ''}"
