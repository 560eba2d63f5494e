"""Style library: the style pictures, and a cache of their targets for each frame size."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from compositor.errors import ImageError
from compositor.image_ops.arrays import check_image, map_to_tensor, to_tensor
from compositor.image_ops.color import match_color, match_luminance
from compositor.image_ops.hidden_pixels import fill_hidden, visible_part
from compositor.image_ops.resize import fit, resize
from compositor.losses.style_targets import StylePicture, StyleTargets, replicates, style_targets
from compositor.networks.features import FeatureNetwork
from compositor.settings import Color, StyleSettings

MAX_STYLE_WEIGHT = 1e9
"""Weights are divided by their sum, which must not overflow."""


@dataclass(frozen=True)
class Style:
    """A style picture, (h, w, 3 or 4) float32, sRGB in 0..1, straight alpha.

    Its pixels count as much as they are visible; what is hidden has no part in anything.

    Attributes:
        weight: positive and at most MAX_STYLE_WEIGHT, relative to the other styles of the same region.
        region: name of the mask where it applies; None for wherever no region's mask does.
    """

    image: np.ndarray
    weight: float = 1.0
    region: str | None = None

    @property
    def digest(self) -> str:
        """A hash of the picture alone, in hexadecimal: of what is visible."""
        pixels = np.ascontiguousarray(self.color, np.float32)
        if self.visible is not None:
            pixels = np.concatenate([pixels, self.visible[..., None]], axis=2)
        return hashlib.blake2b(repr(pixels.shape).encode() + pixels.tobytes(), digest_size=16).hexdigest()

    @cached_property
    def color(self) -> np.ndarray:
        """(h, w, 3): the color, that of visible pixels nearby where nothing is visible."""
        return fill_hidden(self.image)

    @cached_property
    def visible(self) -> np.ndarray | None:
        """(h, w) in 0..1: the alpha; None where all of the picture is opaque."""
        return visible_part(self.image)


def check_style(image: np.ndarray, name: str) -> np.ndarray:
    """Returns the picture if it can be a style's; raises ImageError, which names it, if it cannot."""
    check_image(image, name)
    visible = visible_part(image)
    if visible is not None and not (visible > 0.0).any():
        raise ImageError(f"the {name} is wholly transparent: there is nothing to take a style from")
    return image


def styles_digest(styles: Sequence[Style]) -> str:
    """A hash of all pictures, weights and regions, in hexadecimal; equal for equal styles."""
    whole = repr([(style.digest, style.weight, style.region) for style in styles])
    return hashlib.blake2b(whole.encode(), digest_size=16).hexdigest()


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
            check_style(style.image, "style picture")
            if not 0.0 < style.weight <= MAX_STYLE_WEIGHT:
                raise ImageError(
                    f"a style picture has the weight {style.weight}: it must be positive, and at most"
                    f" {MAX_STYLE_WEIGHT:.0f}"
                )
        self.styles = list(styles)
        self._settings = settings
        self._network = network
        self._device = device
        self._pictures = [to_tensor(style.color, device) for style in self.styles]
        self._visible = [
            None if style.visible is None else map_to_tensor(style.visible, device) for style in self.styles
        ]
        self._targets: dict[tuple[int, float, str | None], StyleTargets] = {}

    @property
    def digest(self) -> str:
        """A hash of all pictures, weights and regions, in hexadecimal; equal for equal styles."""
        return styles_digest(self.styles)

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
            recolored = [recolor(each.color, content, each.visible) for each in self.styles]
            self._pictures = [to_tensor(each, self._device) for each in recolored]
            self._targets.clear()

    def targets(self, region: str | None, longer_side: int, working_scale: float = 1.0) -> StyleTargets:
        """A region's targets for frames with this longer side in px.

        Args:
            working_scale: working size over the frame's own size, at most 1.
        """
        key = longer_side, working_scale, region
        if key not in self._targets:
            pictures = self.pictures(region, longer_side, working_scale)
            self._targets[key] = style_targets(
                self._network, pictures, self._settings, replicate=replicates(longer_side)
            )
        return self._targets[key]

    def pictures(
        self, region: str | None, longer_side: int, working_scale: float = 1.0, factor: float = 1.0
    ) -> list[StylePicture]:
        """A region's pictures, as large as frames with this longer side are compared with, times a factor.

        A picture that is too small for the factor is enlarged, and has no detail of that size.
        """
        asked = (self._settings.style_size or longer_side / working_scale) * self._settings.style_scale
        return [
            StylePicture(
                _at_size(picture, asked, working_scale, factor),
                style.weight,
                None if visible is None else _at_size(visible, asked, working_scale, factor),
            )
            for style, picture, visible in zip(self.styles, self._pictures, self._visible, strict=True)
            if style.region == region
        ]

    def pictures_without_region(self) -> list[StylePicture]:
        """The pictures at their own size of the styles without region; of all where each has one."""
        whole = [
            (style.region, StylePicture(picture, style.weight, visible))
            for style, picture, visible in zip(self.styles, self._pictures, self._visible, strict=True)
        ]
        return [each for region, each in whole if region is None] or [each for _, each in whole]

    def color_statistics(self) -> tuple[Tensor, Tensor]:
        """Mean (3) and covariance (3, 3) of all pictures' visible colors together."""
        pixels = torch.cat([picture[0].flatten(1) for picture in self._pictures], dim=1)
        if all(visible is None for visible in self._visible):
            return pixels.mean(dim=1), torch.cov(pixels)
        weights = torch.cat(
            [
                picture.new_ones(picture[0, 0].numel()) if visible is None else visible.flatten()
                for picture, visible in zip(self._pictures, self._visible, strict=True)
            ]
        )
        return (pixels * weights).sum(dim=1) / weights.sum(), torch.cov(pixels, aweights=weights)


def _at_size(picture: Tensor, asked: float, working_scale: float, factor: float) -> Tensor:
    """The picture resized to a longer side in px, not enlarged but by the factor: an enlarged picture has no
    strokes of the size of a pixel, and its statistics are those of a blurred one.

    The size asked for refers to the frame's own: the strokes are reduced with the frame, and enlarged with it
    again when it is upsampled.
    """
    small = fit(picture, min(max(picture.shape[-2:]), asked) * working_scale)
    if factor == 1.0:
        return small
    height, width = (round(side * factor) for side in small.shape[-2:])
    return resize(picture, height, width).clamp(0.0, 1.0)
