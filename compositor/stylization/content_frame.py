"""Content frame: a frame's content, alpha and region masks as tensors, at any size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from compositor.errors import ImageError
from compositor.image_ops.arrays import check_size, map_to_tensor, to_tensor
from compositor.image_ops.circular import CircularMargin
from compositor.image_ops.color import gray
from compositor.image_ops.resize import reduced, resize
from compositor.losses.feature_objective import Region
from compositor.losses.style_targets import StylePicture
from compositor.settings import Color
from compositor.stylization.frame_inputs import FrameInputs
from compositor.stylization.style_library import StyleLibrary


@dataclass(frozen=True)
class ContentFrame:
    """A frame at one size.

    Attributes:
        content: (1, 3, H, W) in 0..1; without color where only the luminance is stylized.
        visible: (1, 1, H, W) in 0..1, the alpha channel; None for an opaque frame.
        masks: by region, (1, 1, H, W) in 0..1, without what is transparent or unstyled; None for everywhere.
        working_scale: working size over the frame's own size, at most 1; style pictures are scaled by it too.
        circular: the margins of a 360° panorama, which all of these have.
    """

    content: Tensor
    visible: Tensor | None
    masks: dict[str | None, Tensor | None]
    working_scale: float = 1.0
    circular: CircularMargin | None = None

    def at(self, height: int, width: int) -> ContentFrame:
        """The same frame at another size."""
        content = resize(self.content, height, width).clamp(0.0, 1.0)
        return ContentFrame(
            content if self.circular is None else self.circular.merged(content),
            None if self.visible is None else _shrunk(self.visible, height, width),
            {
                name: None if mask is None else _shrunk(mask, height, width)
                for name, mask in self.masks.items()
            },
            self.working_scale,
            self.circular,
        )

    def reduced(self, height: int, width: int) -> ContentFrame:
        """The same frame at a smaller size, pixel on pixel with an image that is `reduced` too."""
        size = height, width
        return replace(
            self,
            content=reduced(self.content, *size),
            visible=None if self.visible is None else reduced(self.visible, *size),
            masks={name: None if mask is None else reduced(mask, *size) for name, mask in self.masks.items()},
        )

    def regions(self, library: StyleLibrary) -> list[Region]:
        """The styles' targets at this size, for the regions that have pixels in the frame."""
        return [
            Region(library.targets(name, self._longer_side, self.working_scale), mask)
            for name, mask in self.masks.items()
            if mask is None or bool(mask.any())
        ]

    def pictures(self, library: StyleLibrary, name: str | None, factor: float = 1.0) -> list[StylePicture]:
        """The style pictures of a region that this size is compared with, times a factor."""
        return library.pictures(name, self._longer_side, self.working_scale, factor)

    @property
    def _longer_side(self) -> int:
        """Pixels, without the margins of a panorama."""
        height, width = self.content.shape[-2:]
        return max(height, width if self.circular is None else self.circular.inner(width))


def make_unstyled_mask(inputs: FrameInputs, library: StyleLibrary) -> np.ndarray | None:
    """(H, W) in 0..1: where the render stays, by the given mask or for want of a style; None for nowhere.

    Raises:
        ImageError: a region's mask is missing, or a mask has another size than the content.
    """
    content, masks = inputs.content, inputs.masks
    for name in library.regions:
        if name is not None and name not in masks:
            raise ImageError(f"the region {name!r} has a style but no mask")
    for name, mask in masks.items():
        check_size(mask, content, f"mask of region {name!r}")
    unstyled_mask = inputs.unstyled_mask
    if unstyled_mask is not None:
        unstyled_mask = np.clip(check_size(unstyled_mask, content, "unstyled mask"), 0.0, 1.0)
    if None not in library.regions:
        uncovered = 1.0 - _covered(content, library, masks)
        unstyled_mask = uncovered if unstyled_mask is None else np.maximum(unstyled_mask, uncovered)
    return unstyled_mask


def make_content_frame(
    inputs: FrameInputs,
    library: StyleLibrary,
    unstyled_mask: np.ndarray | None,
    *,
    color: Color,
    device: torch.device,
    working_scale: float = 1.0,
) -> ContentFrame:
    """The frame at full size.

    Args:
        inputs: masks may have soft edges and should not overlap.
        unstyled_mask: see `make_unstyled_mask`.
    """
    content, masks = inputs.content, inputs.masks
    colors = gray(content) if color is Color.LUMINANCE else content[..., :3]
    picture = to_tensor(colors, device)
    visible = None
    if content.shape[2] == 4 and content[..., 3].min() < 1.0:
        visible = map_to_tensor(content[..., 3], device)
        picture = _fill_invisible(picture, visible)
    wanted = np.ones(content.shape[:2], np.float32) if unstyled_mask is None else 1.0 - unstyled_mask
    everywhere = visible is None and unstyled_mask is None and library.regions == [None]
    named: dict[str | None, Tensor | None] = {}
    for name in library.regions:
        mask = 1.0 - _covered(content, library, masks) if name is None else np.clip(masks[name], 0.0, 1.0)
        own = map_to_tensor(mask * wanted, device)
        named[name] = None if everywhere else own if visible is None else own * visible
    return ContentFrame(picture, visible, named, working_scale, inputs.circular)


def _covered(content: np.ndarray, library: StyleLibrary, masks: Mapping[str, np.ndarray]) -> np.ndarray:
    """(H, W) in 0..1: the share of each pixel that belongs to named regions."""
    total = np.zeros(content.shape[:2], np.float32)
    for name in library.regions:
        if name is not None:
            total += np.clip(masks[name], 0.0, 1.0)
    return np.minimum(total, 1.0)


def _fill_invisible(picture: Tensor, visible: Tensor) -> Tensor:
    """Fills transparent pixels with colors from their visible surroundings, by push-pull.

    A render with a transparent film is black there, which the network would take for dark outlines. Push-pull
    averages the visible colors over larger and larger areas, and fills from the smallest area that has any.
    """
    colors, weights = [picture * visible], [visible]
    while min(weights[-1].shape[-2:]) > 1:
        colors.append(F.avg_pool2d(colors[-1], 2, ceil_mode=True, count_include_pad=False))
        weights.append(F.avg_pool2d(weights[-1], 2, ceil_mode=True, count_include_pad=False))
    filled = colors[-1] / weights[-1].clamp_min(1e-6)
    for color, weight in zip(colors[-2::-1], weights[-2::-1], strict=True):
        coarse = F.interpolate(filled, color.shape[-2:], mode="bilinear", align_corners=False)
        share = weight.clamp(0.0, 1.0)
        filled = color + (1.0 - share) * coarse
    return torch.where(visible >= 1.0, picture, filled).clamp(0.0, 1.0)


def _shrunk(mask: Tensor, height: int, width: int) -> Tensor:
    if mask.shape[-2:] == (height, width):
        return mask
    return F.adaptive_avg_pool2d(mask, (height, width))
