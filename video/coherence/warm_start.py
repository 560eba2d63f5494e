"""What earlier results say about this frame: moved here, as far as each can be believed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from video.coherence.disocclusion import start_image
from video.coherence.frame_history import FrameCorrespondence
from video.motion.warp import warp

# In a further pass, how much of the start image is the neighbor's result where that is reliable; the rest is
# the frame's own (Ruder, Dosovitskiy, Brox 2016, section 4.4, one minus their δ).
_NEIGHBORS_SHARE = 0.5
# The reliability of the strokes on a surface whose light has changed, in that light. As free as what has just
# come into view they would lose half of the change in the optimization; held as strongly as the rest they
# would keep more of it than frames that are stylized alone.
_OTHER_LIGHT = 0.2


@dataclass(frozen=True)
class WarmStart:
    """What the results before say about a frame.

    Attributes:
        sight: by what it is known.
        target: (H, W, 3) float32 in 0..1, the earlier results, moved to this frame.
        reliability: (H, W) float32 in 0..1, of the target: 0 where nothing is known.
        start: (H, W, 3) float32 in 0..1, the image to start from.
        detailed: (H, W, 3), the frame beside it as it was finished at full size, not moved, if it was.
    """

    correspondence: FrameCorrespondence
    target: np.ndarray
    reliability: np.ndarray
    start: np.ndarray
    detailed: np.ndarray | None = None

    def blended_with(self, own: np.ndarray) -> np.ndarray:
        """The start image of a further pass: a frame's own result (H, W, 3), drawn to its neighbors'."""
        start = own + _NEIGHBORS_SHARE * self.reliability[..., None] * (self.target - own)
        start[self.correspondence.static_mask] = self.start[self.correspondence.static_mask]
        return start


class StyledHistory:
    """The last results of the shot at hand: the engine's own (`optimized`), not what was made of them.

    With a strength of one half, say, a warm start from the styled picture would halve the style of every
    further frame again.

    Args:
        length: results that are kept.
    """

    def __init__(self, length: int) -> None:
        self._results: deque[np.ndarray] = deque(maxlen=length)
        self._detailed: np.ndarray | None = None

    def add(self, optimized: np.ndarray, detailed: np.ndarray | None = None) -> None:
        """Remembers the result of a frame, (H, W, 3) float32 in 0..1, and what finishing made of it."""
        self._results.append(optimized)
        self._detailed = detailed

    def warm_start(self, content: np.ndarray, correspondence: FrameCorrespondence | None) -> WarmStart | None:
        """What is known about a frame; None, and nothing is remembered any more, if nothing is seen of it.

        Args:
            content: (H, W, 3 or 4) float32 in 0..1, the unstyled frame at the size that it is painted at.
            sight: of the frames whose results were added.
        """
        if correspondence is None or not self._results:
            self._results.clear()
            return None
        before, resting = self._results[-1], correspondence.static_mask
        target, known = self._target(correspondence)
        target[resting], known[resting] = before[resting], 1.0
        start = start_image(np.ascontiguousarray(content[..., :3]), target, known)
        start[resting] = before[resting]
        trusted = np.maximum(correspondence.weight, _OTHER_LIGHT * correspondence.visibility)
        trusted[resting] = 1.0
        return WarmStart(correspondence, target, trusted, start, self._detailed)

    def _target(self, correspondence: FrameCorrespondence) -> tuple[np.ndarray, np.ndarray]:
        """The earlier results together, by their shares, and (H, W) how surely they show the same surfaces.

        A surface that was seen, and yet cannot be trusted, is in another light: it gets the last result in
        that light.
        """
        weight = correspondence.weight
        # What an older frame shows in this light comes before what the last one shows in another.
        known = np.where(
            weight > correspondence.previous_reliability,
            weight,
            np.maximum(weight, correspondence.visibility),
        )
        moved = (
            warp(self._results[-1], correspondence.motion.backward) + correspondence.luma_change[..., None]
        )
        total = moved * (correspondence.previous_reliability + known - weight)[..., None]
        for each in correspondence.older:
            total += warp(self._results[-each.age], each.backward) * each.share[..., None]
        # Where nothing is known the closest frame's result stands in, with no weight.
        nothing = known < 1e-3
        target = total / np.maximum(known, 1e-3)[..., None]
        target[nothing] = moved[nothing]
        return np.clip(target, 0.0, 1.0).astype(np.float32), known
