"""Inputs of one frame: its content, masks, and the image that the optimization begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from compositor.errors import ImageError
from compositor.image_ops.arrays import check_image, check_size, size_text
from compositor.image_ops.circular import CircularMargin


@dataclass(frozen=True)
class FrameInputs:
    """What `StyleEngine.stylize` makes a frame from.

    Without `warm_start_image` the frame is a cold start: a pyramid of scales, beginning with `initial_image`
    or, without one, with the image that the setting `start` names. With it, the frame is a warm start: the
    optimization begins at the working size from that image.

    Attributes:
        content: (H, W, 3) or (H, W, 4) float32, sRGB in 0..1, straight alpha, which is passed on. What is
            transparent takes no part in the style loss or the total variation.
        masks: by region, (H, W) float32 in 0..1; a style without a region applies where no mask does.
        unstyled_mask: (H, W) float32 in 0..1; 1 leaves a pixel as rendered.
        initial_image: (H, W, 3) float32 in 0..1.
        warm_start_image: (h, w, 3) float32 in 0..1, at the working size.
        content_light: the light that the content is freed of, see `compositor.image_ops.light`.
        styled_light: the light that the styled image is given.
        own_settings: values in place of the engine's, see `with_own_settings`.
        margin: columns on the left and right of all images that repeat the other side, in px at full size: of
            a 360° panorama, whose edges meet.
    """

    content: np.ndarray
    masks: Mapping[str, np.ndarray] = field(default_factory=dict)
    unstyled_mask: np.ndarray | None = None
    initial_image: np.ndarray | None = None
    warm_start_image: np.ndarray | None = None
    content_light: float = 1.0
    styled_light: float = 1.0
    margin: int = 0
    own_settings: Mapping[str, float] = field(default_factory=dict)

    @property
    def circular(self) -> CircularMargin | None:
        """The margins of a panorama; None for any other frame."""
        return CircularMargin(self.size[1] - 2 * self.margin, self.margin) if self.margin else None

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the content, in px."""
        return self.content.shape[0], self.content.shape[1]

    @property
    def is_warm_start(self) -> bool:
        """Whether the optimization begins with the previous result."""
        return self.warm_start_image is not None

    def check_content(self) -> None:
        """Raises ImageError: content or initial image is no image, too small, or of another size."""
        check_image(self.content, "content")
        if self.initial_image is not None:
            check_size(check_image(self.initial_image, "initial image"), self.content, "initial image")

    def check_working_size(self, size: tuple[int, int], temporal_target: np.ndarray | None) -> None:
        """Raises ImageError: an image at the working size (height, width) is none, or of another size."""
        height, width = size
        named = (("warm start image", self.warm_start_image), ("temporal target", temporal_target))
        for name, array in named:
            if array is not None and check_image(array, name).shape[:2] != (height, width):
                raise ImageError(f"the {name} is {size_text(array)}, the content {width}×{height} px")
