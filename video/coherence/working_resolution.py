"""A frame brought down to the size that it is painted at, and what is known there brought up again."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from compositor.stylization.temporal import DetailConstraint
from video.frames.render_passes import Passes
from video.motion.motion_field import Motion, RenderedFrame
from video.motion.motion_vectors import vector_motion, why_no_vectors
from video.motion.reliability import reliability
from video.motion.static_regions import seems_static, static_mask
from video.motion.warp import warp

# Pixels of the full size: vectors that differ by more from the mean around them are of another surface.
_SAME_SURFACE = 0.5

Size = tuple[int, int]
"""Height and width."""


def downscale(rendered: RenderedFrame, size: Size) -> RenderedFrame:
    """The frame at the size that it is painted at; the same object if that is its own.

    Pictures are averaged. Depth and object index are those of the pixel nearest to the small one's middle,
    since there is nothing between two surfaces. Motion vectors are averaged and become shorter with the
    picture; where surfaces meet they too are the nearest pixel's.

    Args:
        rendered: at full size, which the result keeps as `full`.
        size: no larger than the picture.
    """
    if rendered.image.shape[:2] == size:
        return rendered
    passes = None if rendered.passes is None else _passes(rendered.passes, size, rendered.image.shape[:2])
    return replace(rendered, image=_averaged(rendered.image, size), passes=passes, full=rendered)


@dataclass(frozen=True)
class FullSize:
    """What is known of a frame at the size that it is delivered at, with which its picture is finished.

    Attributes:
        backward: (H, W, 2), the motion to the frame beside it.
        reliability: (H, W) in 0..1, of that motion.
        static_mask: (H, W) bool, where the styled frame beside it holds unchanged.
    """

    backward: np.ndarray
    reliability: np.ndarray
    static_mask: np.ndarray


def at_full_size(
    motion: Motion, trusted: np.ndarray, before: RenderedFrame, current: RenderedFrame
) -> FullSize | None:
    """What is known of two frames that are painted smaller; None if they are not.

    What is still is found from the full pictures and the render's own vectors, for a pixel of the size that
    the frame was painted at may be still in a part only, and reliable in a part only; so is its reliability.
    A motion that is an estimate is brought up, and its reliability with it.

    Args:
        motion: at the size that the frames are painted at.
        trusted: (h, w) in 0..1, the reliability of `motion`.
    """
    then, now = before.full, current.full
    if then is None or now is None:
        return None
    size = now.image.shape[:2]
    if motion.exact and why_no_vectors(then, now) is None:
        exact = vector_motion(then, now)
        return FullSize(exact.backward, reliability(exact, then, now), static_mask(exact, then, now))
    backward = _longer(motion.backward, size)
    backward = np.where(seems_static(then, now)[..., None], np.float32(0.0), backward)
    return FullSize(backward, _enlarged(trusted, size), static_mask(Motion(backward, backward), then, now))


def moved_detail(detailed: np.ndarray, full: FullSize) -> DetailConstraint:
    """The frame before as it was finished (`Stylized.detailed`), for the next one's finish to start with."""
    trusted = np.where(full.static_mask, np.float32(1.0), full.reliability)
    return DetailConstraint(warp(detailed, full.backward), trusted, full.static_mask)


def _passes(passes: Passes, size: Size, full: Size) -> Passes:
    """Passes of another size than their frame are left as they are: the motion finder refuses them."""
    vector, depth, index = passes.vector, passes.depth, passes.index
    return replace(
        passes,
        vector=_shorter(vector, size) if vector is not None and vector.shape[:2] == full else vector,
        depth=_nearest(depth, size) if depth is not None and depth.shape == full else depth,
        index=_nearest(index, size) if index is not None and index.shape == full else index,
    )


def _shorter(vector: np.ndarray, size: Size) -> np.ndarray:
    """A Vector pass (H, W, 4) in the small picture's pixels."""
    (height, width), (full_height, full_width) = size, vector.shape[:2]
    mean, nearest = _averaged(vector, size), _nearest(vector, size)
    mixed = np.abs(mean - nearest).max(axis=2, keepdims=True) > _SAME_SURFACE
    across, down = width / full_width, height / full_height
    return np.where(mixed, nearest, mean) * np.array([across, down, across, down], np.float32)


def _longer(motion: np.ndarray, size: Size) -> np.ndarray:
    """A motion (h, w, 2) at full size, in its pixels."""
    scale = np.array([size[1] / motion.shape[1], size[0] / motion.shape[0]], np.float32)
    return _enlarged(motion, size) * scale


def _averaged(array: np.ndarray, size: Size) -> np.ndarray:
    return cv2.resize(array, size[::-1], interpolation=cv2.INTER_AREA)


def _nearest(array: np.ndarray, size: Size) -> np.ndarray:
    rows, columns = (
        ((np.arange(short) + 0.5) * long / short).astype(int)
        for short, long in zip(size, array.shape[:2], strict=True)
    )
    return np.ascontiguousarray(array[rows[:, None], columns])


def _enlarged(array: np.ndarray, size: Size) -> np.ndarray:
    return cv2.resize(array, size[::-1], interpolation=cv2.INTER_LINEAR)
