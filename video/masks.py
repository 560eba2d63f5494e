"""Masks from picture files: where a region's style goes, and what is left as rendered."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from compositor.colour import luminance
from video.errors import SequenceError
from video.images import image_size, read_picture
from video.sequence import ImageSequence, SourceFrame, open_sequence


@dataclass(frozen=True)
class Mask:
    """One picture for all frames, or one for each of them."""

    still: np.ndarray | None = None
    """(H, W) float32 in 0..1."""
    files: Mapping[int, Path] = field(default_factory=dict)

    def at(self, number: int) -> np.ndarray:
        """The mask of a frame, (H, W) float32 in 0..1; raises FileError if its file is damaged."""
        return read_mask(self.files[number]) if self.still is None else self.still


def read_mask(path: Path) -> np.ndarray:
    """A picture's luminance, (H, W) float32 in 0..1; what is transparent is black.

    The numbers of an EXR are taken as they are: a mask that was rendered is data, and no light.

    Raises:
        FileError: as `read_image`.
    """
    picture = read_picture(path)
    if picture.original is not None and picture.original.space.scene_linear:
        return np.clip(luminance(picture.original.pixels), 0.0, 1.0).astype(np.float32)
    image = picture.image
    values = luminance(image)
    return np.clip(values if image.shape[2] == 3 else values * image[..., 3], 0.0, 1.0).astype(np.float32)


def open_mask(name: str, size: tuple[int, int], numbers: Collection[int] | None = None) -> Mask:
    """The mask that `name` names; every frame's file has been looked at.

    Args:
        name: a picture, or a pattern as `mask_####.png`.
        size: (width, height) of the frames.
        numbers: the frames' numbers; None for a still picture, which takes no pattern.

    Raises:
        FileError, SequenceError: the mask, or that of a frame, is missing, no picture, or of another size.
    """
    path = Path(name)
    if not _is_pattern(path):
        mask = read_mask(path)
        _check_size(name, (mask.shape[1], mask.shape[0]), size)
        return Mask(mask)
    if numbers is None:
        raise SequenceError(f"the mask {name} is a pattern, but there is one picture: name one mask")
    sequence = open_sequence(path, skip_missing=True)
    files = sequence.files if isinstance(sequence, ImageSequence) else {}
    missing = [number for number in numbers if number not in files]
    if missing:
        listed = ", ".join(map(str, missing[:8])) + (", …" if len(missing) > 8 else "")
        raise SequenceError(f"the mask {name} is missing for the frames {listed}")
    first = files[min(numbers)]
    _check_size(str(first), image_size(first), size)
    return Mask(files={number: files[number] for number in numbers})


@dataclass(frozen=True)
class MaskedSequence:
    """The frames of a sequence, each with its masks."""

    frames: Iterable[SourceFrame]
    regions: Mapping[str, Mask]
    keep: Mask | None = None

    def __iter__(self) -> Iterator[SourceFrame]:
        for frame in self.frames:
            masks = {name: mask.at(frame.number) for name, mask in self.regions.items()}
            yield replace(frame, masks=masks, keep=self.keep and self.keep.at(frame.number))


def _is_pattern(path: Path) -> bool:
    return ("#" in path.name or "%" in path.name) and not path.is_file()


def _check_size(name: str, size: tuple[int, int], wanted: tuple[int, int]) -> None:
    if size != wanted:
        raise SequenceError(
            f"the mask {name} is {size[0]}×{size[1]} px but the picture is {wanted[0]}×{wanted[1]} px;"
            " both must have one size"
        )
