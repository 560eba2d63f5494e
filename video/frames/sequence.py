"""Finds the frames of a sequence: a pattern, a folder or a movie, as numbered pictures in order."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

from video.errors import FrameError, MissingInputError, SequenceError
from video.files.image_io import check_readable
from video.files.output_folder import MOST_FRAMES, check_run_length
from video.frames.numbered_files import (
    hashes,
    is_placeholder,
    listed,
    matching_files,
    only_pattern,
    split_pattern,
)
from video.images.headers.pixel_aspect import read_pixel_aspect
from video.images.image_files import read_header, read_picture
from video.images.picture import Original
from video.movies.movie import MOVIE_SUFFIXES, MovieInfo, Shown, movie_info, read_movie_frames


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
    margin: int = 0
    """Columns on the left and right of picture and masks that repeat the other side, of a 360° panorama."""
    shown: Shown | None = None
    pixel_aspect: Fraction = Fraction(1)
    """Width over height of a pixel."""
    own_settings: Mapping[str, float] = field(default_factory=dict)
    """Values of the style's settings for this frame alone, see `compositor.settings.with_own_settings`."""


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

    def check_headers(self, *, mixed_alpha: bool = False) -> None:
        """Checks all frames as far as their headers tell.

        Args:
            mixed_alpha: whether some may have alpha and others none.

        Raises:
            FileError: one is no picture that can be read.
            FrameError: one has another size than the first, or alpha where that has none.
        """
        headers = ((number, path, read_header(path)) for number, path in self.files.items())
        _, first_path, first = next(headers)
        for number, path, header in headers:
            if header.size != first.size or (header.alpha != first.alpha and not mixed_alpha):
                raise FrameError(
                    number,
                    f"{path.name} is {header} but {first_path.name} is {first}; all frames of a sequence must"
                    " have one size, and all or none alpha",
                )

    def __iter__(self) -> Iterator[SourceFrame]:
        for number, path in self.files.items():
            picture, aspect = read_picture(path), read_pixel_aspect(path)
            yield SourceFrame(number, picture.image, original=picture.original, pixel_aspect=aspect)

    @property
    def pixel_aspect(self) -> Fraction:
        """Width over height of the first frame's pixels."""
        return read_pixel_aspect(next(iter(self.files.values())))


@dataclass(frozen=True)
class MovieSequence:
    """The frames of a movie file, numbered from 1."""

    path: Path
    numbers: list[int]
    info: MovieInfo

    @property
    def pixel_aspect(self) -> Fraction:
        """Width over height of the frames' pixels."""
        return self.info.pixel_aspect

    @property
    def paths(self) -> list[Path]:
        """The file that is read."""
        return [self.path]

    def __iter__(self) -> Iterator[SourceFrame]:
        wanted = set(self.numbers)
        for number, frame in enumerate(islice(read_movie_frames(self.path), self.numbers[-1]), start=1):
            if number in wanted:
                yield SourceFrame(number, frame.picture(), shown=frame.shown, pixel_aspect=frame.pixel_aspect)


def open_sequence(
    source: Path,
    frames: FrameRange | None = None,
    *,
    skip_missing: bool = False,
    mixed_alpha: bool = False,
) -> ImageSequence | MovieSequence:
    """The sequence that `source` names; every picture's header has been checked.

    Args:
        source: a folder, a movie, or a pattern as `render_####.png` or `render_%04d.png`.
        frames: which frames; all from the first to the last when absent.
        skip_missing: leave out what is not there, or not rendered yet, instead of raising.
        mixed_alpha: whether some pictures may have alpha and others none.

    Raises:
        SequenceError: nothing there, several sequences in one folder, frames of the range missing, not
            rendered yet, or no regular files.
        FrameError, FileError: see `ImageSequence.check_headers`.
    """
    # Not `source.is_dir()`, which fails for a name that no file system takes.
    is_folder = os.path.isdir(source)  # noqa: PTH112
    if source.suffix.lower() in MOVIE_SUFFIXES and not is_folder:
        check_readable(source)
        movie = _open_movie(source, frames)
        _check_length(source, movie.numbers)
        return movie
    pattern = _pattern_of(source, is_folder=is_folder)
    sequence = ImageSequence(_select(matching_files(pattern), pattern, frames, skip_missing))
    _check_length(source, sequence.numbers)
    sequence.check_headers(mixed_alpha=mixed_alpha)
    return sequence


def sequence_range(source: Path) -> FrameRange:
    """The first and the last frame that there are; no picture is looked into.

    Raises:
        SequenceError, FileError: as `open_sequence`.
    """
    is_folder = os.path.isdir(source)  # noqa: PTH112
    if source.suffix.lower() in MOVIE_SUFFIXES and not is_folder:
        check_readable(source)
        return FrameRange(1, movie_info(source).length)
    pattern = _pattern_of(source, is_folder=is_folder)
    files = matching_files(pattern)
    if not files:
        raise SequenceError(f"{pattern}: no file matches; check the folder, the name and the number of #")
    return FrameRange(min(files), max(files))


def _pattern_of(source: Path, *, is_folder: bool) -> Path:
    if is_folder:
        return only_pattern(source)
    if "#" in source.name or "%" in source.name:
        return hashes(source)
    if source.is_file():
        raise SequenceError(f"{source} is one file, no sequence; for one picture use `blender-nst image`")
    raise SequenceError(f"{source} does not exist; name a folder, a movie or a pattern as render_####.png")


def pattern_files(pattern: Path) -> dict[int, Path]:
    """The files of a pattern by frame number; raises SequenceError if it is none, or has no folder."""
    return matching_files(hashes(pattern))


def frame_path(pattern: Path, number: int) -> Path:
    """The file of a frame: the last `####` stands for the digits, as in Blender; a minus sign comes extra."""
    before, marks, after = split_pattern(pattern)
    digits = f"{abs(number):0{len(marks)}d}"
    return pattern.with_name(before + ("-" if number < 0 else "") + digits + after)


def _check_length(source: Path, numbers: Collection[int]) -> None:
    error = check_run_length(len(numbers))
    if error is not None:
        raise SequenceError(f"{source}: {error} (--frames)")


def _open_movie(source: Path, frames: FrameRange | None) -> MovieSequence:
    if frames is not None:
        _check_length(source, frames.numbers())
    # Counting goes no farther than a run may: a small file can promise frames for hours.
    info = movie_info(source, MOST_FRAMES + 1 if frames is None else max(frames.last, 1))
    chosen = frames or FrameRange(1, info.length)
    if chosen.first < 1 or chosen.last > info.length:
        raise SequenceError(f"{source} has the frames 1-{movie_info(source).length}, not {chosen}")
    return MovieSequence(source, list(chosen.numbers()), info)


def _select(
    files: dict[int, Path], pattern: Path, frames: FrameRange | None, skip_missing: bool
) -> dict[int, Path]:
    if not files:
        raise SequenceError(f"{pattern}: no file matches; check the folder, the name and the number of #")
    wanted = _steps(list(files)) if frames is None else frames.numbers()
    there = f"there are {min(files)} to {max(files)}"
    named = {number: path for number, path in files.items() if number in wanted}
    rendered = {number: path for number, path in named.items() if not is_placeholder(path)}
    if not skip_missing:
        # Only the first few are looked for: a range may be absurdly long.
        missing = list(islice((number for number in wanted if number not in files), 9))
        if missing:
            raise MissingInputError(f"{pattern}: missing {listed(missing)}; {there}; render them")
        empty = [number for number in named if number not in rendered]
        if empty:
            raise MissingInputError(f"{pattern}: {listed(empty)} not rendered yet (empty files); render them")
    if not rendered:
        why = "are rendered yet: their files are empty" if named else f"are there; {there}"
        chosen = frames or FrameRange(wanted[0], wanted[-1])
        raise SequenceError(f"{pattern}: none of the frames {chosen} {why}")
    return rendered


def _steps(numbers: list[int]) -> range:
    """The frames from the first to the last number, with the step that is between most of them."""
    if len(numbers) < 2:
        return range(numbers[0], numbers[0] + 1)
    steps = Counter(after - before for before, after in pairwise(numbers))
    step = min(steps, key=lambda each: (-steps[each], each))
    regular = all(each % step == 0 for each in steps)
    return range(numbers[0], numbers[-1] + 1, step if regular else 1)
