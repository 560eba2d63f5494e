"""Masks from picture files: where a region's style goes, and what is left as rendered."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from compositor.image_ops.color import luminance
from video.errors import FrameError, SequenceError
from video.frames.sequence import (
    FrameRange,
    ImageSequence,
    MovieSequence,
    SourceFrame,
    open_sequence,
    pattern_files,
)
from video.images.image_files import image_size, read_picture
from video.movies.movie import MOVIE_SUFFIXES


@dataclass(frozen=True)
class Mask:
    """One picture for all frames, or one for each of them: files, or the frames of a movie."""

    still: np.ndarray | None = None
    """(H, W) float32 in 0..1."""
    files: Mapping[int, Path] = field(default_factory=dict)
    movie: MovieSequence | None = None


class MaskReader:
    """Goes through a mask along with the frames, whose numbers rise."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._frames: Iterator[SourceFrame] = iter(mask.movie or ())

    def at(self, number: int) -> np.ndarray:
        """The mask of a frame, (H, W) float32 in 0..1.

        Raises:
            FileError: its file is damaged.
            FrameError: the movie ends before.
        """
        if self._mask.still is not None:
            return self._mask.still
        if self._mask.movie is None:
            return read_mask(self._mask.files[number])
        found = next((frame.image for frame in self._frames if frame.number == number), None)
        if found is None:
            raise FrameError(number, f"its mask is missing: {self._mask.movie.path} ends before")
        return _as_mask(found)


def read_mask(path: Path) -> np.ndarray:
    """A picture's luminance, (H, W) float32 in 0..1; what is transparent is black.

    The numbers of an EXR are taken as they are: a mask that was rendered is data, and no light.

    Raises:
        FileError: as `read_image`.
    """
    picture = read_picture(path)
    if picture.original is not None and picture.original.space.scene_linear:
        return np.clip(luminance(picture.original.pixels), 0.0, 1.0).astype(np.float32)
    return _as_mask(picture.image)


def _as_mask(image: np.ndarray) -> np.ndarray:
    values = luminance(image)
    return np.clip(values if image.shape[2] == 3 else values * image[..., 3], 0.0, 1.0).astype(np.float32)


def open_mask(name: str, size: tuple[int, int], numbers: Collection[int] | None = None) -> Mask:
    """The mask that `name` names; every frame's file has been looked at.

    Args:
        name: a picture, a pattern as `mask_####.png`, or a movie, whose frames are numbered from 1.
        size: (width, height) of the frames.
        numbers: the frames' numbers; None for a still picture, which takes no pattern.

    Raises:
        FileError, SequenceError: the mask, or that of a frame, is missing, no picture, or of another size.
    """
    path = Path(name)
    if path.suffix.lower() in MOVIE_SUFFIXES - {".gif"} and os.path.isfile(path):  # noqa: PTH113
        return _open_movie(path, size, numbers)
    if not _is_pattern(path):
        mask = read_mask(path)
        _check_size(name, (mask.shape[1], mask.shape[0]), size)
        return Mask(mask)
    if numbers is None:
        raise SequenceError(f"the mask {name} is a pattern, but there is one picture: name one mask")
    sequence = open_sequence(path, skip_missing=True, mixed_alpha=True)
    files = sequence.files if isinstance(sequence, ImageSequence) else {}
    missing = [number for number in numbers if number not in files]
    if missing:
        listed = ", ".join(map(str, missing[:8])) + (", …" if len(missing) > 8 else "")
        raise SequenceError(f"the mask {name} is missing for the frames {listed}")
    first = files[min(numbers)]
    _check_size(str(first), image_size(first), size)
    return Mask(files={number: files[number] for number in numbers})


def mask_files(name: str) -> list[Path]:
    """The files that `open_mask` may read."""
    path = Path(name)
    return list(pattern_files(path).values()) if _is_pattern(path) else [path]


@dataclass(frozen=True)
class MaskedSequence:
    """The frames of a sequence, each with its masks."""

    frames: Iterable[SourceFrame]
    regions: Mapping[str, Mask]
    keep: Mask | None = None

    def __iter__(self) -> Iterator[SourceFrame]:
        masks = {name: MaskReader(mask) for name, mask in self.regions.items()}
        keep = None if self.keep is None else MaskReader(self.keep)
        for frame in self.frames:
            regions = {name: reader.at(frame.number) for name, reader in masks.items()}
            yield replace(frame, masks=regions, keep=keep and keep.at(frame.number))


def _open_movie(path: Path, size: tuple[int, int], numbers: Collection[int] | None) -> Mask:
    if numbers is None:
        raise SequenceError(f"the mask {path} is a movie, but there is one picture: name one mask")
    sequence = open_sequence(path, FrameRange(min(numbers), max(numbers)))
    if not isinstance(sequence, MovieSequence):
        raise SequenceError(f"the mask {path} is no movie")
    first = next(iter(sequence)).image
    _check_size(str(path), (first.shape[1], first.shape[0]), size)
    return Mask(movie=sequence)


def _is_pattern(path: Path) -> bool:
    # Not `path.is_file()`, which fails for a name that no file system takes.
    return ("#" in path.name or "%" in path.name) and not os.path.isfile(path)  # noqa: PTH113


def _check_size(name: str, size: tuple[int, int], wanted: tuple[int, int]) -> None:
    if size != wanted:
        raise SequenceError(
            f"the mask {name} is {size[0]}×{size[1]} px but the picture is {wanted[0]}×{wanted[1]} px;"
            " both must have one size"
        )
