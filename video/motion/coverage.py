"""Coverage: the silhouettes of a rendered frame, and how much of their pixels the nearer surface covers.

A pixel on a silhouette shows two surfaces at once, in the shares that the render's antialiasing gave them. It
belongs to neither: moved along with one of them it carries a piece of the other. So it is never moved. What
is moved are the two surfaces beside it, each continued a few pixels beyond its border, and the pixel is
composited of them again by its coverage in the frame at hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from video.frames.render_passes import BACKGROUND_DEPTH, Passes

# Share of the nearer surface's disparity by which a step in disparity is more than a slope or a bend.
_STEP = 0.04
# How many times the usual step in a patch of so many pixels it must be: out of focus, depths are noise, since
# each is that of a single ray.
_NOISE_STEPS, _PATCH = 5.0, 9
# Pixels next to a silhouette: fewer that hang together are none.
_SMALLEST = 12
# Pixels: how far the surfaces at a silhouette are told apart. A Lanczos kernel reaches 4 px.
_ZONE = 6.0
# Pixels from the border between two pixels' depths within which the render's filter may have mixed them.
_BAND = 1.9
# Weights of the pixels next to that border, and of the ring behind them, where a surface's own color is taken
# from: used only where it has no purer pixel, as a thin wire.
_BORDER_PURITY, _RING_PURITY = 1e-4, 1e-2
# Standard deviation in pixels, size, and least weight of the surroundings that continue a surface, in the
# order in which they are tried: the wide ones where the narrow ones hold none of it, and what is not pure
# where it has nothing pure.
_SURROUNDINGS = (1.0, 7, 2e-5), (3.0, 17, 2e-5), (1.0, 7, 1e-12), (3.0, 17, 1e-12)
# Standard deviation, in pixels, of the filter that makes a coverage of depths alone.
_FILTER = 0.6
# Squared distance in 0..1 of two surfaces' colors at which the render tells no more than the depths do, and
# how many times their variances count.
_NOISE, _TEXTURE = 0.03**2, 2.0
# By so much the coverage by color may differ from that by depths: a texture may have the other's color.
_LATITUDE = 0.5
# Standard deviation in pixels and size of the surroundings in which both surfaces must have sure pixels, and
# the weights of these: up to which a surface is not known there, and from which it is. Beyond a straight edge
# three pixels away they have 0.037.
_SUPPORT_SIGMA, _SUPPORT_SIZE = 1.4, 9
_NO_SUPPORT, _SUPPORT = 0.01, 0.037
# Standard deviation, as a share of the longer side, of the surroundings whose mixed pixels are counted: about
# that of a stroke. The share of these from which silhouettes begin to be crowded, and at which they are, if a
# silhouette is 1/480 of the longer side wide: beside a single one it is a tenth, beside a pole a fifth.
_COUNTED = 1 / 50
_FEW, _CROWDED = 0.22, 0.34
_SILHOUETTE = 1 / 480
# A coverage that is this close to 0 or 1 counts as such.
_PURE = 0.04


@dataclass(frozen=True)
class Coverage:
    """The silhouettes of one frame. At each, the nearer of two surfaces covers a part of the other.

    Attributes:
        threshold: (H, W) float32, the disparity (one over the depth) between the two surfaces of the nearest
            silhouette; what has more is the nearer one.
        zone: (H, W) bool, within a few pixels of a silhouette.
        near: (H, W) bool, shows the nearer surface of the nearest silhouette.
        share: (H, W) float32 in 0..1, of the nearer surface; 0 or 1 but for mixed pixels.
        mixed: (H, W) bool, shows both surfaces.
        sure: (H, W) bool, shows one surface, the same in color and in depth.
        purity: (H, W) float32 in 0..1, the weight of a pixel where its surface is continued; 1 where `sure`.
        support: (H, W) float32 in 0..1, whether both surfaces have sure pixels beside a mixed one; else 1.
            In foliage, and on a wire, what is known of a surface is itself a mixture.
        crowded: (H, W) float32 in 0..1, how many silhouettes there are around: 1 in foliage, hair and grass.
    """

    threshold: np.ndarray
    zone: np.ndarray
    near: np.ndarray
    share: np.ndarray
    mixed: np.ndarray
    sure: np.ndarray
    purity: np.ndarray
    support: np.ndarray
    crowded: np.ndarray

    def layers(self, field: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A field (H, W) or (H, W, C) float32 as it is on the nearer surfaces, and on the farther ones.

        Pixels of one surface have their own value in its layer; in the zone the other layer continues the
        other surface smoothly. Outside of the zone both are the field.
        """
        near, far = field.copy(), field.copy()
        for layer, mask in ((near, self.near), (far, ~self.near)):
            open_part = self.zone & ~(mask & self.sure)
            layer[open_part] = _continued(field, mask * self.purity, open_part)
        return near, far

    def by_surface(self, field: np.ndarray, filtered: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """A filter's result for a field, of each surface for itself; mixed pixels have theirs mixed."""
        near, far = (filtered(layer) for layer in self.layers(field))
        return far + self._share_for(field) * (near - far)

    def sides(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(N, C) each: the nearer and the farther surface of an image (H, W, C) in each mixed pixel."""
        near, far = self.near * self.purity, ~self.near * self.purity
        return _continued(image, near, self.mixed), _continued(image, far, self.mixed)

    def composited(self, near: np.ndarray, far: np.ndarray) -> np.ndarray:
        """(N, C), each mixed pixel of its two surfaces (N, C): share·near + (1 − share)·far."""
        return far + self.share[self.mixed][:, None] * (near - far)

    def recomposed(self, image: np.ndarray) -> np.ndarray:
        """The image (H, W, C) with its mixed pixels composited anew; all others are the image's own."""
        result = image.copy()
        if self.mixed.any():
            result[self.mixed] = self.composited(*self.sides(image))
        return result

    def _share_for(self, field: np.ndarray) -> np.ndarray:
        return self.share if field.ndim == 2 else self.share[..., None]


def edge_coverage(image: np.ndarray, passes: Passes | None) -> Coverage | None:
    """The coverage of a frame's silhouettes; None where it has no depth, or motion blur mixes its surfaces.

    The share of a mixed pixel is where its color lies between those of the pure pixels on both sides: that is
    what the render's own antialiasing made of it. Where the two colors hardly differ, or textures vary more
    than they do, the depths around it tell.

    Args:
        image: (H, W, 3 or 4) float32 in 0..1, the render; straight alpha.
        passes: of the render.
    """
    if passes is None or passes.depth is None or passes.motion_blur or passes.depth.shape != image.shape[:2]:
        return None
    inverse = disparity(passes.depth)
    step, middle = _steps(inverse)
    border = _without_specks(step > 0.0)
    if not border.any():
        return None
    threshold, distance = _nearest_value(middle, border)
    by_depth = inverse > threshold
    band = distance < _BAND
    purity = np.where(band, np.float32(_RING_PURITY), np.float32(1.0))
    purity[border] = _BORDER_PURITY
    share = by_depth.astype(np.float32)
    share[band] = _share(image, by_depth, purity, band)
    share[share < _PURE], share[share > 1.0 - _PURE] = 0.0, 1.0
    mixed = (share > 0.0) & (share < 1.0)
    near = share > 0.5
    sure = ~mixed & (near == by_depth)
    purity = np.where(sure, np.float32(1.0), np.float32(_BORDER_PURITY))
    support = np.where(mixed, _support(near, sure), np.float32(1.0))
    return Coverage(threshold, distance < _ZONE, near, share, mixed, sure, purity, support, _crowded(mixed))


def disparity(depth: np.ndarray) -> np.ndarray:
    """One over a depth (H, W), float32; 0 in the background, and behind the camera."""
    surface = (depth > 0.0) & (depth < BACKGROUND_DEPTH)
    return np.where(surface, 1.0 / np.maximum(depth, 1e-6), 0.0).astype(np.float32)


def _steps(inverse: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(H, W) each: the largest step in disparity to a neighbor that is an edge, or 0; and its middle."""
    largest, middle = np.zeros_like(inverse), np.zeros_like(inverse)
    for axis in (0, 1):
        field = inverse if axis else inverse.T
        views = (largest, middle) if axis else (largest.T, middle.T)
        step = np.diff(field, axis=1)
        # One over the depth of a plane is linear in the image: a slope goes on to one side at least.
        padded = np.pad(step, ((0, 0), (1, 1)))
        size = np.minimum(np.abs(step - padded[:, :-2]), np.abs(step - padded[:, 2:]))
        size /= np.maximum(np.maximum(field[:, 1:], field[:, :-1]), 1e-9)
        noise = cv2.medianBlur(np.clip(size * 255.0, 0.0, 255.0).astype(np.uint8), _PATCH) / 255.0
        size = np.where((size > _STEP) & (size > _NOISE_STEPS * noise), np.abs(step), 0.0)
        between = 0.5 * (field[:, 1:] + field[:, :-1])
        for part in (slice(None, -1), slice(1, None)):
            greatest, mean = (view[:, part] for view in views)
            larger = size > greatest
            greatest[larger], mean[larger] = size[larger], between[larger]
    return largest, middle


def _without_specks(border: np.ndarray) -> np.ndarray:
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(border.astype(np.uint8), connectivity=8)
    large = np.asarray(statistics)[:, cv2.CC_STAT_AREA] >= _SMALLEST
    return border & large[np.asarray(labels, np.int64)]


def _nearest_value(values: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(H, W) each: the value at the nearest marked pixel, and how far it is."""
    distance, found = cv2.distanceTransformWithLabels(
        (~at).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    labels = np.asarray(found, np.int64)
    table = np.zeros(int(labels.max()) + 1, np.float32)
    table[labels[at]] = values[at]
    return table[labels], distance.astype(np.float32)


def _share(image: np.ndarray, near: np.ndarray, purity: np.ndarray, where: np.ndarray) -> np.ndarray:
    """(N,) in 0..1: the nearer surface's share of the pixels `where`."""
    color = np.ascontiguousarray(image[..., :3])
    own, squares = color[where], np.square(color).sum(axis=2)
    fronts, backs = (
        (_continued(color, mask * purity, where), _continued(squares, mask * purity, where))
        for mask in (near, ~near)
    )
    across = fronts[0] - backs[0]
    contrast = np.square(across).sum(axis=1)
    texture = sum(np.maximum(square - np.square(mean).sum(axis=1), 0.0) for mean, square in (fronts, backs))
    by_color = ((own - backs[0]) * across).sum(axis=1) / np.maximum(contrast, 1e-9)
    by_depth = cv2.GaussianBlur(near.astype(np.float32), (0, 0), _FILTER)[where]
    by_color = np.clip(by_color, by_depth - _LATITUDE, by_depth + _LATITUDE)
    confidence = contrast / (contrast + _TEXTURE * texture + _NOISE)
    share = np.clip(by_depth + confidence * (by_color - by_depth), 0.0, 1.0)
    if image.shape[2] == 4:
        # Straight alpha: the color of a pixel before nothing at all is the surface's alone.
        alpha = np.ascontiguousarray(image[..., 3])
        share = 1.0 - (1.0 - share) * _continued(alpha, ~near * purity, where)
    return share


def _support(near: np.ndarray, sure: np.ndarray) -> np.ndarray:
    weights = ((mask & sure).astype(np.float32) for mask in (near, ~near))
    size = _SUPPORT_SIZE, _SUPPORT_SIZE
    least = np.minimum(*(cv2.GaussianBlur(weight, size, _SUPPORT_SIGMA) for weight in weights))
    return np.clip((least - _NO_SUPPORT) / (_SUPPORT - _NO_SUPPORT), 0.0, 1.0)


def _crowded(mixed: np.ndarray) -> np.ndarray:
    longer = max(mixed.shape)
    sigma = max(1.0, _COUNTED * longer)
    density = cv2.GaussianBlur(mixed.astype(np.float32), (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    # In pixels a silhouette has the same width at every size.
    return np.clip((density * (_SILHOUETTE * longer) - _FEW) / (_CROWDED - _FEW), 0.0, 1.0)


def _continued(field: np.ndarray, weight: np.ndarray, where: np.ndarray) -> np.ndarray:
    """(N,) or (N, C): the weighted mean of a field around each of the pixels `where`.

    Normalized convolution (Knutsson, Westin 1993); the field's own value where no weight is near.
    """
    field, weight = np.ascontiguousarray(field, np.float32), weight.astype(np.float32)
    weighted = field * (weight if field.ndim == 2 else weight[..., None])
    result = field[where]
    found = np.zeros(len(result), bool)
    for sigma, size, least in _SURROUNDINGS:
        if found.all():
            break
        total, mean = (cv2.GaussianBlur(each, (size, size), sigma)[where] for each in (weight, weighted))
        new = ~found & (total > least)
        divisor = total[new] if field.ndim == 2 else total[new][:, None]
        result[new] = mean[new] / divisor
        found |= new
    return result
