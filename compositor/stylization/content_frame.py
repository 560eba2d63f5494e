"""One frame as the engine sees it: the content, what is visible of it, and where which style goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from compositor.errors import ImageError
from compositor.image_ops.arrays import check_image, check_size, map_to_tensor, to_tensor
from compositor.image_ops.color import gray
from compositor.image_ops.resize import resize
from compositor.losses.objective import Region
from compositor.settings import Color
from compositor.stylization.style_library import StyleLibrary


@dataclass(frozen=True)
class ContentFrame:
    """A frame at one size.

    Attributes:
        content: (1, 3, H, W) in 0..1; without color where only the luminance is stylized.
        visible: (1, 1, H, W), the alpha channel; None for an opaque frame.
        masks: by region, (1, 1, H, W) of what is visible and wanted of it; None for everywhere.
        reduction: how much smaller the frame is painted than it is delivered, and the styles with it: 1 or
            less.
    """

    content: Tensor
    visible: Tensor | None
    masks: dict[str | None, Tensor | None]
    reduction: float = 1.0

    def at(self, height: int, width: int) -> ContentFrame:
        """The same frame at another size."""
        return ContentFrame(
            resize(self.content, height, width).clamp(0.0, 1.0),
            None if self.visible is None else _shrunk(self.visible, height, width),
            {
                name: None if mask is None else _shrunk(mask, height, width)
                for name, mask in self.masks.items()
            },
            self.reduction,
        )

    def regions(self, library: StyleLibrary) -> list[Region]:
        """The styles' targets at this size, for the regions that are in the frame."""
        longer_side = max(self.content.shape[-2:])
        return [
            Region(library.targets(name, longer_side, self.reduction), mask)
            for name, mask in self.masks.items()
            if mask is None or bool(mask.any())
        ]


def make_unstyled_mask(
    content: np.ndarray,
    library: StyleLibrary,
    masks: Mapping[str, np.ndarray],
    keep: np.ndarray | None,
) -> np.ndarray | None:
    """(H, W) in 0..1: what gets no style, by `keep` and because no style is wanted there; None for nothing.

    Raises:
        ImageError: a region's mask is missing, or a mask has another size than the content.
    """
    for name in library.regions:
        if name is not None and name not in masks:
            raise ImageError(f"the region {name!r} has a style but no mask")
    for name, mask in masks.items():
        check_size(mask, content, f"mask of region {name!r}")
    unstyled_mask = (
        None if keep is None else np.clip(check_size(keep, content, "mask of what is kept"), 0.0, 1.0)
    )
    if None not in library.regions:
        uncovered = 1.0 - _covered(content, library, masks)
        unstyled_mask = uncovered if unstyled_mask is None else np.maximum(unstyled_mask, uncovered)
    return unstyled_mask


def make_content_frame(
    content: np.ndarray,
    library: StyleLibrary,
    masks: Mapping[str, np.ndarray],
    unstyled_mask: np.ndarray | None,
    *,
    color: Color,
    device: torch.device,
    reduction: float = 1.0,
) -> ContentFrame:
    """The frame at full size.

    Args:
        content: (H, W, 3 or 4) float32, sRGB in 0..1.
        masks: by region, (H, W) in 0..1; they may have soft edges and should not overlap.
        unstyled_mask: see `make_unstyled_mask`.
    """
    check_image(content, "content")
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
        seen = map_to_tensor(mask * wanted, device)
        named[name] = None if everywhere else seen if visible is None else seen * visible
    return ContentFrame(picture, visible, named, reduction)


def _covered(content: np.ndarray, library: StyleLibrary, masks: Mapping[str, np.ndarray]) -> np.ndarray:
    """(H, W) in 0..1: how much of each pixel the named regions take."""
    total = np.zeros(content.shape[:2], np.float32)
    for name in library.regions:
        if name is not None:
            total += np.clip(masks[name], 0.0, 1.0)
    return np.minimum(total, 1.0)


def _fill_invisible(picture: Tensor, visible: Tensor) -> Tensor:
    """Colors from the visible surroundings where nothing is visible.

    What is behind a transparent film is black, and the network would see a dark outline around everything.
    Push-pull: visible colors averaged over larger and larger areas, taken where the smaller ones have none.
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
