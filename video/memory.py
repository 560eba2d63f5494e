"""What earlier frames say about this one: their results, moved here, and how far each can be believed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from video.motion import Motion, Rendered
from video.motion_sources import MotionFinder, still
from video.reduction import FullSize, at_full_size
from video.reliability import agreement, reliability, soft_edges
from video.revealed import start_image
from video.settings import MotionSource
from video.shots import begins_shot
from video.vectors import longer_motion
from video.warp import warp

# Share of the frame that must be in doubt for an older frame to be asked.
_WORTH_ASKING = 0.001


@dataclass(frozen=True)
class Finished:
    """A frame and its result.

    `optimised` is the engine's own result, at the size that the frame was painted at; `styled` what was made
    of it for the artist, at the frame's size: with a strength of one half, say, a warm start from the latter
    would halve the style of every further frame again.
    """

    rendered: Rendered
    optimised: np.ndarray
    styled: np.ndarray
    detail: np.ndarray | None = None
    """(H, W, 3), what finishing at full size added, see `video.reduction.kept_detail`."""


@dataclass(frozen=True)
class Recall:
    """What the frames before say about a frame.

    Attributes:
        before: the frame beside it.
        motion: to that one.
        recent: (H, W) in 0..1, the reliability of that motion alone.
        target: (H, W, 3) float32 in 0..1, the earlier results, moved to this frame.
        reliability: (H, W) float32 in 0..1, of the target: 0 where nothing is known.
        still: (H, W) bool, where the result beside it holds unchanged.
        start: (H, W, 3) float32 in 0..1, the image to start from.
        full: the motion, its reliability and what is still at the size that the frame is delivered at; all
            else is at the size that it is painted at.
    """

    before: Finished
    motion: Motion
    recent: np.ndarray
    target: np.ndarray
    reliability: np.ndarray
    still: np.ndarray
    start: np.ndarray
    full: FullSize


class Memory:
    """The last frames of the shot at hand.

    Args:
        finder: of the motion between frames.
        length: frames that are kept; those 1, 2, 4, … back are asked.
    """

    def __init__(self, finder: MotionFinder, length: int) -> None:
        self._finder = finder
        self._frames: deque[Finished] = deque(maxlen=length)

    def add(self, finished: Finished) -> None:
        """Remembers a frame."""
        if self._frames:
            # At full size only the last frame is looked at.
            last = self._frames[-1]
            self._frames[-1] = replace(last, rendered=replace(last.rendered, full=None), detail=None)
        self._frames.append(finished)

    def forget(self) -> None:
        """Begins a shot."""
        self._frames.clear()

    def recall(self, current: Rendered) -> Recall | None:
        """What is known about a frame; None, and nothing is remembered any more, if it begins a shot."""
        if not self._frames or self._finder.source is MotionSource.NONE:
            return None
        before = self._frames[-1]
        motion = self._finder.between(before.rendered, current)
        recent = reliability(motion, before.rendered, current)
        if begins_shot(before.rendered, current, recent):
            self.forget()
            return None
        resting = still(motion, before.rendered, current)
        target, trusted = self._weighted(current, motion, recent)
        target[resting] = before.optimised[resting]
        trusted = np.where(resting, np.float32(1.0), trusted)
        start = start_image(np.ascontiguousarray(current.image[..., :3]), target, trusted)
        start[resting] = before.optimised[resting]
        full = at_full_size(motion, recent, before.rendered, current)
        full = full or FullSize(motion.backward, recent, resting)
        return Recall(before, motion, recent, target, trusted, resting, start, full)

    def _weighted(
        self, current: Rendered, motion: Motion, recent: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The earlier results together, the closest first.

        Ruder, Dosovitskiy, Brox 2016, equation 9: an older frame counts for what the newer ones leave open.
        """
        before = self._frames[-1]
        moved = warp(before.optimised, motion.backward)
        total = moved * recent[..., None]
        weight = recent.copy()
        for age in self._ages():
            if float((1.0 - weight).mean()) < _WORTH_ASKING:
                break
            older = self._frames[-age]
            backward, trusted = to_older(self._finder, motion, before.rendered, older.rendered, current)
            share = np.maximum(trusted - weight, 0.0)
            total += warp(older.optimised, backward) * share[..., None]
            weight += share
        # Where nothing is known the closest frame's result stands in, with no weight.
        nothing = weight < 1e-3
        target = total / np.maximum(weight, 1e-3)[..., None]
        target[nothing] = moved[nothing]
        return np.clip(target, 0.0, 1.0).astype(np.float32), weight

    def _ages(self) -> list[int]:
        return [age for power in range(1, 8) if (age := 2**power) <= len(self._frames)]


def to_older(
    finder: MotionFinder, recent: Motion, before: Rendered, older: Rendered, current: Rendered
) -> tuple[np.ndarray, np.ndarray]:
    """Motion to a frame before the last, (H, W, 2), and its reliability (H, W).

    Args:
        recent: the motion between `current` and `before`, the frame beside it.
    """
    if recent.exact:
        backward, depth = longer_motion(recent, before, older, current)
        return backward, soft_edges(agreement(backward, older, current, depth))
    longer = finder.flow(older, current)
    return longer.backward, reliability(longer, older, current)
