"""Warm start: the earlier results, warped to a frame, as its start image and temporal target."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from video.coherence.disocclusion import fill_disocclusions
from video.coherence.frame_history import FrameCorrespondence

# In a further pass, how much of the start image is the neighbor's result where that is reliable; the rest is
# the frame's own (Ruder, Dosovitskiy, Brox 2016, section 4.4, one minus their δ).
_NEIGHBOR_SHARE = 0.5
# Reliability of strokes on a surface whose illumination has changed, after their luma was changed with it. As
# free as disoccluded areas they would lose half of the change in the optimization; held as strongly as the
# rest they would keep more of it than frames that are stylized alone.
_CHANGED_LUMA_RELIABILITY = 0.2
# Below this no earlier frame counts as showing the surface.
_MIN_KNOWN = 1e-3


@dataclass(frozen=True)
class WarmStart:
    """The start of a frame from the results before it, at the working size.

    Attributes:
        correspondence: of the frame to the ones before.
        target: (H, W, 3) float32 in 0..1, the earlier results, warped to this frame.
        reliability: (H, W) float32 in 0..1, of the target: 0 in disoccluded areas.
        start: (H, W, 3) float32 in 0..1, the start image: the target with its disocclusions filled.
        detailed: (H, W, 3) float32 in 0..1 or None, the previous result at full size, not warped.
        begins_shot: made from another view of the same moment alone; that stands for the previous result.
        other_view: the part of another view in it; None without, and where it is all of it.
    """

    correspondence: FrameCorrespondence
    target: np.ndarray
    reliability: np.ndarray
    start: np.ndarray
    detailed: np.ndarray | None = None
    begins_shot: bool = False
    other_view: WarmStart | None = None

    def blended_with(self, own: np.ndarray) -> np.ndarray:
        """The start image of a further pass: a frame's own result (H, W, 3), blended with the target."""
        start = own + _NEIGHBOR_SHARE * self.reliability[..., None] * (self.target - own)
        start[self.correspondence.static_mask] = self.start[self.correspondence.static_mask]
        return start


class StyledHistory:
    """The last results of the current shot: the engine's own (`optimized`), not the styled files.

    With a strength of one half, say, a warm start from the styled file would halve the style of every further
    frame again.

    Args:
        length: number of results that are kept.
    """

    def __init__(self, length: int) -> None:
        self._results: deque[np.ndarray] = deque(maxlen=length)
        self._detailed: np.ndarray | None = None

    def add(self, optimized: np.ndarray, detailed: np.ndarray | None = None) -> None:
        """Appends the result of a frame, (h, w, 3) float32 in 0..1, and the same at full size."""
        self._results.append(optimized)
        self._detailed = detailed

    def warm_start(self, content: np.ndarray, correspondence: FrameCorrespondence | None) -> WarmStart | None:
        """The warm start of a frame; None for a cold start, which clears the results.

        Args:
            content: (H, W, 3 or 4) float32 in 0..1, the unstyled frame at the working size.
            correspondence: to the frames whose results were added.
        """
        if correspondence is None or not self._results:
            self._results.clear()
            return None
        previous, static = self._results[-1], correspondence.static_mask
        target, known = self._target(correspondence)
        known *= correspondence.held
        target[static], known[static] = previous[static], 1.0
        coverage, mixed = correspondence.coverage, None
        if coverage is not None:
            mixed = coverage.mixed & ~static
            known[mixed] = 0.0
        start = fill_disocclusions(np.ascontiguousarray(content[..., :3]), target, known, mixed)
        if coverage is not None:
            start = coverage.recomposed(start)
            target[coverage.mixed] = start[coverage.mixed]
        trusted = np.maximum(correspondence.weight, _CHANGED_LUMA_RELIABILITY * correspondence.visibility)
        trusted *= correspondence.held
        thicket = correspondence.thicket
        if thicket is not None:
            start, target = (thicket.mixed_into(each, previous) for each in (start, target))
            trusted = thicket.held(trusted)
        start[static], target[static], trusted[static] = previous[static], previous[static], 1.0
        return WarmStart(correspondence, target, trusted, start, self._detailed)

    def _target(self, correspondence: FrameCorrespondence) -> tuple[np.ndarray, np.ndarray]:
        """The warped earlier results, mixed by their shares; (H, W), how surely they show the same surfaces.

        A surface that is visible in the previous frame, and yet unreliable, has another illumination: it gets
        the previous result with the change of luma added.
        """
        weight = correspondence.weight
        # An older frame with the same illumination goes before the previous one with another.
        known = np.where(
            weight > correspondence.previous_reliability,
            weight,
            np.maximum(weight, correspondence.visibility),
        )
        warped = correspondence.warp(self._results[-1]) + correspondence.luma_change[..., None]
        total = warped * (correspondence.previous_reliability + known - weight)[..., None]
        for each in correspondence.older:
            total += each.warp(self._results[-each.age]) * each.share[..., None]
        # Where nothing is known the previous result stands in, with no weight.
        unknown = known < _MIN_KNOWN
        target = total / np.maximum(known, _MIN_KNOWN)[..., None]
        target[unknown] = warped[unknown]
        return np.clip(target, 0.0, 1.0).astype(np.float32), known
