"""Style library: the style pictures, and a cache of their targets for each frame size."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from compositor.errors import ImageError
from compositor.image_ops.arrays import check_image, to_tensor
from compositor.image_ops.color import match_color, match_luminance
from compositor.image_ops.resize import fit
from compositor.losses.style_targets import StyleTargets, replicates, style_targets
from compositor.networks.features import FeatureNetwork
from compositor.settings import Color, StyleSettings


@dataclass(frozen=True)
class Style:
    """A style picture, (h, w, 3) float32, sRGB in 0..1.

    Attributes:
        weight: positive, relative to the other styles of the same region.
        region: name of the mask where it applies; None for wherever no region's mask does.
    """

    image: np.ndarray
    weight: float = 1.0
    region: str | None = None

    @property
    def digest(self) -> str:
        """A hash of the picture alone, in hexadecimal."""
        pixels = np.ascontiguousarray(self.image, np.float32)
        return hashlib.blake2b(repr(pixels.shape).encode() + pixels.tobytes(), digest_size=16).hexdigest()


class StyleLibrary:
    """All styles of an engine, and their targets for the frame sizes used so far.

    Raises:
        ImageError: there is no style, one is no image, or has a weight that is not positive.
    """

    def __init__(
        self, styles: Sequence[Style], settings: StyleSettings, network: FeatureNetwork, device: torch.device
    ) -> None:
        if not styles:
            raise ImageError("no style picture is given")
        for style in styles:
            check_image(style.image, "style picture")
            if not style.weight > 0.0:
                raise ImageError(f"a style picture has the weight {style.weight}: it must be positive")
        self.styles = list(styles)
        self._settings = settings
        self._network = network
        self._device = device
        self._pictures = [self._picture(style.image) for style in self.styles]
        self._targets: dict[tuple[int, float, str | None], StyleTargets] = {}

    @property
    def digest(self) -> str:
        """A hash of all pictures, weights and regions, in hexadecimal; equal for equal styles."""
        whole = repr([(style.digest, style.weight, style.region) for style in self.styles])
        return hashlib.blake2b(whole.encode(), digest_size=16).hexdigest()

    @property
    def regions(self) -> list[str | None]:
        """The regions that have a style, in the order in which they were named."""
        return list(dict.fromkeys(style.region for style in self.styles))

    def match_colors_to(self, content: np.ndarray) -> None:
        """Color transfer: recolors the style pictures to this content, if the setting `color` asks for it.

        Done for the first frame of a shot and kept until the next one, so that the targets stay constant.

        Args:
            content: (H, W, 3 or 4) float32, sRGB in 0..1.
        """
        recolor = {Color.LUMINANCE: match_luminance, Color.MATCH: match_color}.get(self._settings.color)
        if recolor is not None:
            self._pictures = [self._picture(recolor(each.image[..., :3], content)) for each in self.styles]
            self._targets.clear()

    def targets(self, region: str | None, longer_side: int, working_scale: float = 1.0) -> StyleTargets:
        """A region's targets for frames with this longer side in px.

        Args:
            working_scale: working size over the frame's own size, at most 1.
        """
        key = longer_side, working_scale, region
        if key not in self._targets:
            pictures = [
                (self._at_size(picture, longer_side, working_scale), style.weight)
                for style, picture in zip(self.styles, self._pictures, strict=True)
                if style.region == region
            ]
            self._targets[key] = style_targets(
                self._network, pictures, self._settings, replicate=replicates(longer_side)
            )
        return self._targets[key]

    def pictures_without_region(self) -> list[Tensor]:
        """The pictures, (1, 3, h, w) in 0..1, of the styles without region; all where each has one."""
        pairs = list(zip(self.styles, self._pictures, strict=True))
        return [picture for style, picture in pairs if style.region is None] or self._pictures

    def color_statistics(self) -> tuple[Tensor, Tensor]:
        """Mean (3) and covariance (3, 3) of all pictures' colors together."""
        pixels = torch.cat([picture[0].flatten(1) for picture in self._pictures], dim=1)
        return pixels.mean(dim=1), torch.cov(pixels)

    def _picture(self, image: np.ndarray) -> Tensor:
        return to_tensor(image[..., :3], self._device)

    def _at_size(self, picture: Tensor, longer_side: int, working_scale: float) -> Tensor:
        """The picture resized as the settings ask for, never enlarged: an enlarged picture has no strokes of
        the size of a pixel, and its statistics are those of a blurred one.

        The settings refer to the frame's own size: the strokes are reduced with the frame, and enlarged with
        it again when it is upsampled.
        """
        asked = (self._settings.style_size or longer_side / working_scale) * self._settings.style_scale
        return fit(picture, min(max(picture.shape[-2:]), asked) * working_scale)
