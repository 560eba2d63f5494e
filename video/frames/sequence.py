"""Finds the frames of a sequence: a pattern, a folder or a movie, as numbered pictures in order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

from video.errors import FrameError, SequenceError
from video.frames.movie import MOVIE_SUFFIXES, movie_length, read_movie
from video.images.image_files import IMAGE_SUFFIXES, image_size, read_picture
from video.images.picture import Original


@dataclass(frozen=True)
class SourceFrame:
    """One frame to be stylized: number, picture (as `read_picture` gives it), and the file of its passes."""

    number: int
    image: np.ndarray
    passes: Path | None = None
    masks: Mapping[str, np.ndarray] = field(default_factory=dict)
    """By region, (H, W) float32 in 0..1."""
    keep: np.ndarray | None = None
    """(H, W) float32 in 0..1: where the frame is left as rendered."""
    original: Original | None = None
    """What the frame's file holds, where that is something else than sRGB."""


@dataclass(frozen=True)
class FrameRange:
    """Frames `first` to `last`, every `step`-th, both ends included."""

    first: int
    last: int
    step: int = 1

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise SequenceError(f"the frame range {self} is empty; the first frame comes first, as in 1-48")
        if self.step < 1:
            raise SequenceError(f"the frame step {self.step} must be at least 1")

    def __str__(self) -> str:
        return f"{self.first}-{self.last}" + (f"x{self.step}" if self.step != 1 else "")

    def numbers(self) -> range:
        """The frame numbers, ascending."""
        return range(self.first, self.last + 1, self.step)


def parse_range(text: str) -> FrameRange:
    """`1-48`, `1-48x2` (every second frame), `-5-10`, or one frame as `7`.

    Raises:
        SequenceError: another form, or an empty range.
    """
    match = re.fullmatch(r"\s*(-?\d{1,9})\s*(?:-\s*(-?\d{1,9})\s*(?:x\s*(\d{1,9}))?)?\s*", text)
    if match is None:
        raise SequenceError(f"{text!r} is no frame range; write it as 1-48, 1-48x2 or 7")
    first, last, step = match.groups()
    return FrameRange(int(first), int(first if last is None else last), int(step or 1))


@dataclass(frozen=True)
class ImageSequence:
    """Numbered picture files, in order."""

    files: dict[int, Path]

    @property
    def numbers(self) -> list[int]:
        """The frame numbers, ascending."""
        return list(self.files)

    @property
    def paths(self) -> list[Path]:
        """The files that are read."""
        return list(self.files.values())

    def check_sizes(self) -> None:
        """Raises FrameError for the first frame that has another size than the first one."""
        sizes = ((number, path, image_size(path)) for number, path in self.files.items())
        _, first_path, first = next(sizes)
        for number, path, size in sizes:
            if size != first:
                raise FrameError(
                    number,
                    f"{path.name} is {size[0]}×{size[1]} px but {first_path.name} is {first[0]}×{first[1]}"
                    " px; all frames of a sequence must have one size",
                )

    def __iter__(self) -> Iterator[SourceFrame]:
        for number, path in self.files.items():
            picture = read_picture(path)
            yield SourceFrame(number, picture.image, original=picture.original)


@dataclass(frozen=True)
class MovieSequence:
    """The frames of a movie file, numbered from 1."""

    path: Path
    numbers: list[int]

    @property
    def paths(self) -> list[Path]:
        """The file that is read."""
        return [self.path]

    def __iter__(self) -> Iterator[SourceFrame]:
        wanted = set(self.numbers)
        for number, image in enumerate(read_movie(self.path), start=1):
            if number > self.numbers[-1]:
                return
            if number in wanted:
                yield SourceFrame(number, image)


def open_sequence(
    source: Path, frames: FrameRange | None = None, *, skip_missing: bool = False
) -> ImageSequence | MovieSequence:
    """The sequence that `source` names; every picture's size has been checked.

    Args:
        source: a folder, a movie, or a pattern as `render_####.png` or `render_%04d.png`.
        frames: which frames; all from the first to the last when absent.
        skip_missing: leave out what is not there instead of raising.

    Raises:
        SequenceError: nothing there, several sequences in one folder, frames missing in the range.
        FrameError, FileError: a frame of another size, or an unreadable one.
    """
    if source.suffix.lower() in MOVIE_SUFFIXES and not source.is_dir():
        return _open_movie(source, frames)
    if source.is_dir():
        pattern = _only_pattern(source)
    elif "#" in source.name or "%" in source.name:
        pattern = _hashes(source)
    elif source.is_file():
        raise SequenceError(f"{source} is one file, no sequence; for one picture use `blender-nst image`")
    else:
        raise SequenceError(
            f"{source} does not exist; name a folder, a movie or a pattern as render_####.png"
        )
    sequence = ImageSequence(_select(_matching(pattern), pattern, frames, skip_missing))
    sequence.check_sizes()
    return sequence


@dataclass(frozen=True)
class PassesSequence:
    """The frames of a sequence, each with the file of its passes."""

    frames: Iterable[SourceFrame]
    files: Mapping[int, Path]

    def __iter__(self) -> Iterator[SourceFrame]:
        for frame in self.frames:
            yield replace(frame, passes=self.files[frame.number])


def open_passes(source: Path, numbers: Collection[int]) -> dict[int, Path]:
    """The multilayer EXR of each frame, from a folder or a pattern as `passes_####.exr`.

    Raises:
        SequenceError: nothing there, or the passes of a frame are missing.
    """
    pattern = _only_pattern(source, frozenset({".exr"})) if source.is_dir() else _hashes(source)
    files = _matching(pattern)
    missing = [number for number in numbers if number not in files]
    if missing:
        raise SequenceError(f"the passes {pattern} are missing for {_listed(missing)}")
    return {number: files[number] for number in numbers}


def pattern_files(pattern: Path) -> dict[int, Path]:
    """The files of a pattern by frame number; raises SequenceError if it is none, or has no folder."""
    return _matching(_hashes(pattern))


def frame_path(pattern: Path, number: int) -> Path:
    """The file of a frame: the last `####` stands for the digits, as in Blender; a minus sign comes extra."""
    before, hashes, after = _split(pattern)
    digits = f"{abs(number):0{len(hashes)}d}"
    return pattern.with_name(before + ("-" if number < 0 else "") + digits + after)


def _open_movie(source: Path, frames: FrameRange | None) -> MovieSequence:
    count = movie_length(source)
    chosen = frames or FrameRange(1, count)
    if chosen.first < 1 or chosen.last > count:
        raise SequenceError(f"{source} has the frames 1-{count}, not {chosen}")
    return MovieSequence(source, list(chosen.numbers()))


def _hashes(pattern: Path) -> Path:
    """The pattern with `%04d` written as `####`."""
    name = re.sub(r"%0?([0-9]?)d", lambda match: "#" * int(match.group(1) or 1), pattern.name)
    hashed = pattern.with_name(name)
    _split(hashed)
    return hashed


def _split(pattern: Path) -> tuple[str, str, str]:
    """What is before the frame number in a file's name, its `####`, and what is after it."""
    match = re.fullmatch(r"(.*?)(#+)([^#]*)", pattern.name, re.DOTALL)
    if match is None:
        raise SequenceError(f"{pattern} has no #### where the frame number goes")
    before, hashes, after = match.groups()
    return before, hashes, after


def _matching(pattern: Path) -> dict[int, Path]:
    """Files by frame number. A number may have more digits than `#`, and no fewer.

    A minus sign may count as one of them: Blender writes `-0001`, Python with `%04d` `-001`.
    """
    if not pattern.parent.is_dir():
        raise SequenceError(f"{pattern.parent} does not exist or is no folder")
    before, hashes, after = _split(pattern)
    width = len(hashes)
    shorter = rf"|-[0-9]{{{width - 1}}}" if width > 1 else ""
    expression = re.compile(
        re.escape(before) + rf"(-?[0-9]{{{width}}}|-?[1-9][0-9]{{{width},}}{shorter})" + re.escape(after)
    )
    found: dict[int, Path] = {}
    for path in sorted(pattern.parent.iterdir()):
        match = expression.fullmatch(path.name)
        if match is not None and path.is_file():
            number = int(match.group(1))
            if number in found:
                raise SequenceError(f"{path} and {found[number].name} are both frame {number}; remove one")
            found[number] = path
    return dict(sorted(found.items()))


def _only_pattern(folder: Path, suffixes: frozenset[str] = IMAGE_SUFFIXES) -> Path:
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


def _select(
    files: dict[int, Path], pattern: Path, frames: FrameRange | None, skip_missing: bool
) -> dict[int, Path]:
    if not files:
        raise SequenceError(f"{pattern}: no file matches; check the folder, the name and the number of #")
    wanted = _steps(list(files)) if frames is None else frames.numbers()
    if skip_missing:
        present = {number: path for number, path in files.items() if number in wanted}
        if not present:
            raise SequenceError(
                f"{pattern}: none of the frames {frames}; there are {min(files)} to {max(files)}"
            )
        return present
    # Only the first few are looked for: a range may be absurdly long.
    missing = list(islice((number for number in wanted if number not in files), 9))
    if missing:
        raise SequenceError(
            f"{pattern}: missing {_listed(missing)}; there are {min(files)} to {max(files)}; render them, or"
            " leave them out with --skip-missing"
        )
    return {number: files[number] for number in wanted}


def _steps(numbers: list[int]) -> range:
    """The frames from the first to the last number, with the step that is between most of them."""
    if len(numbers) < 2:
        return range(numbers[0], numbers[0] + 1)
    steps = Counter(after - before for before, after in pairwise(numbers))
    step = min(steps, key=lambda each: (-steps[each], each))
    regular = all(each % step == 0 for each in steps)
    return range(numbers[0], numbers[-1] + 1, step if regular else 1)


def _listed(numbers: Collection[int]) -> str:
    few = list(islice(numbers, 8))
    return "frames " + ", ".join(map(str, few)) + (", …" if len(numbers) > 8 else "")
