"""Working resolution: downscales frames to the size they are stylized at, upscales motion to full size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from compositor.stylization.temporal import DetailConstraint
from video.coherence.thicket import Thicket
from video.frames.render_passes import Passes
from video.motion.coverage import Coverage
from video.motion.motion_field import Motion, RenderedFrame
from video.motion.motion_vectors import expected_depth, motion_by_vectors
from video.motion.reliability import reliability
from video.motion.static_regions import seems_static, static_mask
from video.motion.surface_warp import SurfaceWarp, surface_reliability, surface_visibility, surface_warp
from video.motion.warp import warp

# Pixels of the full size: vectors that differ by more from the mean around them are of another surface.
_SAME_SURFACE = 0.5

Size = tuple[int, int]
"""Height and width."""


def downscale(rendered: RenderedFrame, size: Size) -> RenderedFrame:
    """The frame at the working size; the same object if that is its own.

    Images are averaged. Depth and object index are those of the pixel nearest to the small one's center,
    since there is nothing between two surfaces. Motion vectors are averaged and scaled with the image; where
    surfaces meet they too are the nearest pixel's.

    Args:
        rendered: at full size, which the result keeps as `full`.
        size: no larger than the image.
    """
    if rendered.image.shape[:2] == size:
        return rendered
    passes = None if rendered.passes is None else _passes(rendered.passes, size, rendered.image.shape[:2])
    return replace(rendered, image=_averaged(rendered.image, size), passes=passes, full=rendered)


@dataclass(frozen=True)
class FullSize:
    """Motion and reliability of a frame at the size it is delivered at, where its strokes are tied.

    Attributes:
        backward: (H, W, 2), pixels, the motion to the previous frame.
        reliability: (H, W) float32 in 0..1, of that motion.
        static_mask: (H, W) bool, where the previous styled frame is kept unchanged.
        surfaces: None where silhouettes are not known.
        thicket: foliage and the like, whose strokes are moved as a sheet; None without.
    """

    backward: np.ndarray
    reliability: np.ndarray
    static_mask: np.ndarray
    surfaces: FullSizeSurfaces | None = None
    thicket: Thicket | None = None

    def with_thicket(self, thicket: Thicket | None) -> FullSize:
        """The same with what was found at the working size."""
        if thicket is None:
            return self
        size = self.static_mask.shape
        share, backward = _upscaled(thicket.share, size), _upscaled_motion(thicket.backward, size)
        return replace(self, thicket=Thicket(share, backward))

    def held_by(self, held: np.ndarray) -> FullSize:
        """The same where strokes are held by (h, w) in 0..1, of the working size: see `held_beside`."""
        if held.min() == 1.0:
            return self
        held = _upscaled(held, self.static_mask.shape)
        held[held > 1.0 - 1e-4] = 1.0  # rounding
        surfaces = self.surfaces
        if surfaces is not None:
            surfaces = replace(surfaces, reliability=surfaces.reliability * held)
        static = self.static_mask & (held == 1.0)
        return replace(self, reliability=self.reliability * held, static_mask=static, surfaces=surfaces)


@dataclass(frozen=True)
class FullSizeSurfaces:
    """The warp by surface at full size.

    Attributes:
        moved: from the previous frame.
        reliability: (H, W) float32 in 0..1, up to the silhouettes.
        coverage: of this frame's silhouettes; None without any.
    """

    moved: SurfaceWarp
    reliability: np.ndarray
    coverage: Coverage | None


def at_full_size(
    motion: Motion,
    trusted: np.ndarray,
    before: RenderedFrame,
    current: RenderedFrame,
    *,
    exact_motion: Callable[[RenderedFrame, RenderedFrame], Motion | None] = motion_by_vectors,
) -> FullSize | None:
    """Motion and reliability at full size of two frames at a smaller working size; None if they are not.

    The render's own vectors are taken at full size, and static mask and reliability found from them, for a
    pixel of the working size may be static or reliable in a part only. Estimated motion is upscaled with its
    reliability.

    Args:
        motion: at the working size.
        trusted: (h, w) float32 in 0..1, the reliability of `motion`.
        exact_motion: gives the exact motion between two frames, where there is one.
    """
    full_before, full_current = before.full, current.full
    if full_before is None or full_current is None:
        return None
    size, frames = full_current.image.shape[:2], (full_before, full_current)
    exact = exact_motion(*frames) if motion.exact else None
    if exact is not None:
        surfaces = _surfaces(exact, *frames)
        return FullSize(exact.backward, reliability(exact, *frames), static_mask(exact, *frames), surfaces)
    backward = _upscaled_motion(motion.backward, size)
    backward = np.where(seems_static(*frames)[..., None], np.float32(0.0), backward)
    static = static_mask(Motion(backward, backward), *frames)
    return FullSize(backward, _upscaled(trusted, size), static)


def moved_detail(detailed: np.ndarray, full: FullSize) -> DetailConstraint:
    """The previous frame at full size (`StylizedFrame.detailed`), warped to this one."""
    static, surfaces = full.static_mask, full.surfaces
    if surfaces is None:
        target, trusted = warp(detailed, full.backward), full.reliability
    else:
        target, trusted = surfaces.moved.image(detailed), surfaces.reliability
        if surfaces.coverage is not None:
            target = surfaces.coverage.recomposed(target)
    if full.thicket is not None:
        target, trusted = full.thicket.mixed_into(target, detailed), full.thicket.held(trusted)
    target[static] = detailed[static]
    return DetailConstraint(target, np.where(static, np.float32(1.0), trusted), static)


def _surfaces(motion: Motion, before: RenderedFrame, current: RenderedFrame) -> FullSizeSurfaces | None:
    moved = surface_warp(motion.backward, before, current, expected_depth(before, current))
    if moved is None:
        return None
    visible = surface_visibility(motion, moved, before, current)
    trusted = surface_reliability(visible, moved, before, current)[0]
    return FullSizeSurfaces(moved, trusted, current.coverage)


def _passes(passes: Passes, size: Size, full: Size) -> Passes:
    """The passes at a smaller size; those of another size than their frame stay, and are refused later."""
    vector, depth, index = passes.vector, passes.depth, passes.index
    return replace(
        passes,
        vector=_downscaled_vector(vector, size)
        if vector is not None and vector.shape[:2] == full
        else vector,
        depth=_nearest(depth, size) if depth is not None and depth.shape == full else depth,
        index=_nearest(index, size) if index is not None and index.shape == full else index,
    )


def _downscaled_vector(vector: np.ndarray, size: Size) -> np.ndarray:
    """A Vector pass (H, W, 4) at a smaller size, in its pixels."""
    (height, width), (full_height, full_width) = size, vector.shape[:2]
    mean, nearest = _averaged(vector, size), _nearest(vector, size)
    mixed = np.abs(mean - nearest).max(axis=2, keepdims=True) > _SAME_SURFACE
    across, down = width / full_width, height / full_height
    return np.where(mixed, nearest, mean) * np.array([across, down, across, down], np.float32)


def _upscaled_motion(motion: np.ndarray, size: Size) -> np.ndarray:
    """A motion (h, w, 2) at full size, in its pixels."""
    scale = np.array([size[1] / motion.shape[1], size[0] / motion.shape[0]], np.float32)
    return _upscaled(motion, size) * scale


def _averaged(array: np.ndarray, size: Size) -> np.ndarray:
    return cv2.resize(array, size[::-1], interpolation=cv2.INTER_AREA)


def _nearest(array: np.ndarray, size: Size) -> np.ndarray:
    rows, columns = (
        ((np.arange(short) + 0.5) * long / short).astype(int)
        for short, long in zip(size, array.shape[:2], strict=True)
    )
    return np.ascontiguousarray(array[rows[:, None], columns])


def _upscaled(array: np.ndarray, size: Size) -> np.ndarray:
    return cv2.resize(array, size[::-1], interpolation=cv2.INTER_LINEAR)
