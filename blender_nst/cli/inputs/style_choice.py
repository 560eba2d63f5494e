"""Which style goes where, as the options say it: `--style`, `--style-weights`, `--region`, `--keep`."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from blender_nst.cli.errors import InputError
from blender_nst.cli.inputs.scene_parts import ScenePart, parse_part
from compositor.stylization.style_library import MAX_STYLE_WEIGHT, Style, check_style
from video.frames.cryptomatte import MatteSequence
from video.frames.masks import Mask, MaskedSequence, mask_files, open_mask
from video.frames.sequence import SourceFrame
from video.images.image_files import read_image


@dataclass(frozen=True)
class StyleChoice:
    """Style pictures, and masks by the texts that name them; nothing has been read yet."""

    styles: tuple[Path, ...]
    weights: tuple[float, ...]
    """Of `styles`, as many."""
    regions: tuple[tuple[str, Path], ...] = ()
    """Mask and style picture; several styles may share one mask."""
    keep: str | None = None
    start_image: Path | None = None
    parts: tuple[ScenePart, ...] = ()
    """Of the scene; where two overlap the earlier one goes first."""

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing whose size must be that of the picture."""
        masks = self.regions or self.parts or self.keep
        return not masks and self.start_image is None

    @property
    def is_left_to_scene(self) -> bool:
        """Whether no style is named, so that a scene's own are taken."""
        return not self.styles and not any(part.style for part in self.parts)

    def files(self) -> list[Path]:
        """Every file that is read for the choice."""
        masks = [mask for mask, _ in self.regions] + ([] if self.keep is None else [self.keep])
        own = [path for _, path in self.regions] + [part.style for part in self.parts if part.style]
        start = [] if self.start_image is None else [self.start_image]
        return [*self.styles, *own, *start, *(path for mask in masks for path in mask_files(mask))]

    def read_styles(self) -> list[Style]:
        """The engine's styles; raises FileError or ImageError for what is no usable picture."""
        everywhere = zip(self.styles, self.weights, strict=True)
        return [
            *(Style(read_style(path), weight) for path, weight in everywhere),
            *(Style(read_style(path), region=mask) for mask, path in self.regions),
            *(Style(read_style(part.style), region=part.text) for part in self.parts if part.style),
        ]

    def read_start_image(self, content: np.ndarray) -> np.ndarray | None:
        """(H, W, 3) float32 in 0..1, or None; raises InputError if it has another size than the content."""
        if self.start_image is None:
            return None
        image = read_image(self.start_image)[..., :3]
        if image.shape[:2] != content.shape[:2]:
            (height, width), (wanted_height, wanted_width) = image.shape[:2], content.shape[:2]
            raise InputError(
                f"the start image {self.start_image} is {width}×{height} px but the picture is"
                f" {wanted_width}×{wanted_height} px; both must have one size"
            )
        return np.ascontiguousarray(image)

    def masked(
        self, frames: Iterable[SourceFrame], content: np.ndarray, numbers: Collection[int] | None
    ) -> Iterable[SourceFrame]:
        """The frames with their masks.

        Args:
            content: a frame, for its size.
            numbers: the frames' numbers; None for a still picture.

        Raises:
            FileError, SequenceError: a mask is missing, no picture, or of another size than the content.
        """
        if self.parts:
            frames = MatteSequence(frames, [part.matte() for part in self.parts])
        if not self.regions and self.keep is None:
            return frames
        size = content.shape[1], content.shape[0]

        def opened(name: str) -> Mask:
            return open_mask(name, size, numbers)

        regions = {name: opened(name) for name, _ in self.regions}
        return MaskedSequence(frames, regions, None if self.keep is None else opened(self.keep))


def choose_styles(
    styles: Sequence[Path],
    weights: str | None,
    *,
    regions: Sequence[str] = (),
    keep: Sequence[str] = (),
    start_image: Path | None = None,
    scene_has_styles: bool = False,
) -> StyleChoice:
    """The choice that the options make.

    Args:
        scene_has_styles: whether there need be none, as a .blend may have its own.

    Raises:
        InputError: there is no style, a weight is no positive number or has no style, a region has no `=`,
            or several masks say what is kept.
    """
    if not styles and not regions and not scene_has_styles:
        raise InputError(
            "no style: name a picture with --style, or one for a region with --region MASK=STYLE"
        )
    # What is kept goes first, so that nothing paints over it.
    wanted = [(text, None) for text in keep] + [_region(text) for text in regions]
    parts = tuple(part for text, style in wanted if (part := parse_part(text, style)))
    named = {part.text for part in parts}
    masks = [text for text in keep if text not in named]
    if len(masks) > 1:
        raise InputError(f"--keep {masks[1]}: one mask says what is left as rendered; join them into one")
    return StyleChoice(
        tuple(styles),
        parse_weights(weights, len(styles)),
        tuple((text, style) for text, style in wanted if style is not None and text not in named),
        masks[0] if masks else None,
        start_image,
        parts,
    )


def parse_weights(text: str | None, count: int) -> tuple[float, ...]:
    """The weights in `1,0.5`, one for each of `count` styles; equal ones without a text.

    Raises:
        InputError: another number of weights, or one that is no positive number.
    """
    if text is None:
        return (1.0,) * count
    weights = tuple(_weight(item.strip()) for item in text.split(","))
    if len(weights) != count:
        raise InputError(
            f"--style-weights {text}: {len(weights)} weights for {count} styles; give one for each"
        )
    return weights


def read_style(path: Path) -> np.ndarray:
    """A style picture, (h, w, 3 or 4) float32 in 0..1; raises FileError or ImageError if it cannot be one."""
    return check_style(read_image(path), f"style picture {path}")


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0.0 < weight <= MAX_STYLE_WEIGHT:
        raise InputError(
            f"--style-weights: {text[:40]!r} is no positive number up to {MAX_STYLE_WEIGHT:.0f};"
            " write them as 1,0.5"
        )
    return weight


def _region(text: str) -> tuple[str, Path]:
    mask, equals, style = (part.strip() for part in text.partition("="))
    if not mask or not equals or not style:
        raise InputError(f"--region {text}: write it as MASK=STYLE, as in face.png=drawing.jpg")
    return mask, Path(style)
