"""Warp by surface: moves what is in front and what is behind each for itself, as far as that is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from video.motion.coverage import Coverage, disparity
from video.motion.motion_field import Motion, RenderedFrame
from video.motion.reliability import changed, motion_strictness, round_trip, same_depth, soft_edges
from video.motion.warp import inside_frame, warp, warp_nearest, warp_smooth

# Share of another surface between the pixels at a source: up to which it is believed, from which it is not
# known at all. A pixel that just is pure may come from between a pure one and a half covered one; more would
# draw what is revealed slowly out into streaks, frame after frame.
_COVERED_STARTS, _COVERED_ENDS = 0.25, 0.42


@dataclass(frozen=True)
class SurfaceWarp:
    """Moves what belongs to an earlier frame to this one, each surface by its own pixels there.

    Attributes:
        backward: (H, W, 2), pixels, the motion to the earlier frame.
        coverage: of the earlier frame; None: it has no silhouettes, all is one surface.
        near: (H, W) bool, whether a pixel comes from the nearer surface at the silhouette next to its source.
        shown: (H, W) float32 in 0..1, how surely the earlier frame shows the surface there: 0 behind another
            one, on the ring of mixed pixels, and outside of the frame.
    """

    backward: np.ndarray
    coverage: Coverage | None
    near: np.ndarray
    shown: np.ndarray

    def image(self, image: np.ndarray) -> np.ndarray:
        """An image (H, W, C) float32 in 0..1 of the earlier frame; see `video.motion.warp.warp`."""
        return self._moved(image, warp)

    def smooth(self, field: np.ndarray) -> np.ndarray:
        """A field (H, W) or (H, W, C) float32 of the earlier frame; see `video.motion.warp.warp_smooth`."""
        return self._moved(field, warp_smooth)

    def _moved(self, field: np.ndarray, move: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
        if self.coverage is None:
            return move(field, self.backward)
        near, far = (move(layer, self.backward) for layer in self.coverage.layers(field))
        return np.where(self.near if field.ndim == 2 else self.near[..., None], near, far)


def surface_warp(
    backward: np.ndarray, earlier: RenderedFrame, current: RenderedFrame, depth: np.ndarray | None
) -> SurfaceWarp | None:
    """The warp from an earlier frame; None where the frames do not have what `Coverage` needs.

    Args:
        backward: (H, W, 2), pixels, the motion to the earlier frame.
        depth: (H, W), how far away the surfaces are expected to be there; None where that is not known.
    """
    before, now = earlier.passes, current.passes
    if before is None or now is None or before.depth is None or now.depth is None:
        return None
    if earlier.coverage is None and current.coverage is None:
        return None
    # A surface that moves along with the camera keeps its depth.
    expected = [disparity(each) for each in (now.depth, depth) if each is not None]
    there, inside = disparity(before.depth), inside_frame(backward).astype(np.float32)
    coverage = earlier.coverage
    if coverage is None:
        shown = _agreement(warp_smooth(there, backward), expected)
        return SurfaceWarp(backward, None, np.zeros(shown.shape, bool), shown * inside)
    agreement = (_agreement(warp_smooth(layer, backward), expected) for layer in coverage.layers(there))
    share = warp_smooth(coverage.share, backward)
    # Out of the zone all is one surface, and the share says which side of the last silhouette it was on.
    covered = warp_smooth(coverage.zone.astype(np.float32), backward)
    near, far = (
        each * _uncovered(covered * other)
        for each, other in zip(agreement, (1.0 - share, share), strict=True)
    )
    nearer = expected[-1] > warp_nearest(coverage.threshold, backward)
    chosen = np.where(near == far, nearer, near > far)
    return SurfaceWarp(backward, coverage, chosen, np.maximum(near, far) * inside)


def surface_visibility(
    motion: Motion, moved: SurfaceWarp, earlier: RenderedFrame, current: RenderedFrame
) -> np.ndarray:
    """As `video.motion.reliability.visibility`, up to the silhouettes; of sure pixels alone."""
    visible = moved.shown * round_trip(motion, moved.smooth(motion.forward), motion_strictness(motion))
    return visible * _same_index(moved, earlier, current)


def surface_reliability(
    visible: np.ndarray,
    moved: SurfaceWarp,
    earlier: RenderedFrame,
    current: RenderedFrame,
    changes: Sequence[np.ndarray | None] = (None,),
) -> list[np.ndarray]:
    """As `video.motion.reliability.reliability`, up to the silhouettes, (H, W) float32 in 0..1.

    Mixed pixels are as reliable as the surfaces that they show, by their shares.

    Args:
        visible: (H, W) float32 in 0..1, how surely the earlier frame shows the surfaces.
        changes: (H, W) float32 each, a change of luma that does not count; None counts any.

    Returns:
        one for each of the changes.
    """
    before = moved.smooth(np.ascontiguousarray(earlier.image[..., :3]))
    now, at_rest = np.ascontiguousarray(current.image[..., :3]), np.zeros_like(moved.backward)
    coverage = current.coverage
    if coverage is None:
        shown = soft_edges(visible, 0)
        return [shown * soft_edges(1.0 - changed(at_rest, before, now, expected=each)) for each in changes]
    # Of each surface for itself: what the one behind does not show says nothing of the one in front. And no
    # mixture surrounds what was not visible: its area need not be dilated.
    found: list[tuple[np.ndarray, ...]] = []
    difference = before - now
    seen = [soft_edges(layer, 0) for layer in coverage.layers(visible)]
    for change in changes:
        layers = coverage.layers(difference if change is None else difference + change[..., None])
        unchanged = (soft_edges(1.0 - changed(at_rest, layer, np.zeros_like(now))) for layer in layers)
        found.append(tuple(shown * each for shown, each in zip(seen, unchanged, strict=True)))
    return [far + coverage.share * (near - far) for near, far in found]


def _same_index(moved: SurfaceWarp, earlier: RenderedFrame, current: RenderedFrame) -> np.ndarray:
    """(H, W) float32, 0 where the object index says another surface; on silhouettes it says nothing."""
    same = np.ones(moved.shown.shape, np.float32)
    before, now = earlier.passes, current.passes
    if before is None or now is None or before.index is None or now.index is None:
        return same
    other = warp_nearest(before.index, moved.backward) != now.index
    if moved.coverage is not None:
        other &= ~(warp_nearest(moved.coverage.zone.astype(np.uint8), moved.backward) > 0)
    same[other] = 0.0
    return same


def _agreement(there: np.ndarray, expected: Sequence[np.ndarray]) -> np.ndarray:
    """How surely two disparities are of one surface, 0..1; `there` in the earlier frame."""
    best = np.zeros(there.shape, np.float32)
    for each in expected:
        # |1/a − 1/b| / min(1/a, 1/b) = |a − b| / min(a, b)
        share = np.abs(there - each) / np.maximum(np.minimum(there, each), 1e-9)
        best = np.maximum(best, same_depth(share))
    return best


def _uncovered(other: np.ndarray) -> np.ndarray:
    """How surely a surface shows where another one has the given share, 0..1."""
    return np.clip((_COVERED_ENDS - other) / (_COVERED_ENDS - _COVERED_STARTS), 0.0, 1.0)
