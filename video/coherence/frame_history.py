"""What the unstyled frames tell of a frame: how it moved since the ones before, how far that can be believed.

Nothing here asks for a result, so that all of it can be worked out before the frames in front are stylized.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from video.coherence.working_resolution import FullSize, at_full_size
from video.motion.illumination import light_change
from video.motion.motion_field import Motion, RenderedFrame
from video.motion.motion_source import MotionFinder
from video.motion.motion_vectors import longer_motion
from video.motion.reliability import agreement, changed, reliability, seen_before, soft_edges
from video.motion.shot_detection import begins_shot
from video.motion.static_regions import static_mask

# Share of the frame that must be in doubt for an older frame to be asked.
_WORTH_ASKING = 0.001


@dataclass(frozen=True)
class EarlierFrame:
    """A frame before the last, as far as it knows what the ones after it do not.

    Attributes:
        age: frames back; 1 is the last one.
        backward: (H, W, 2), the motion to it.
        share: (H, W) float32 in 0..1, how much of a pixel it stands for.
    """

    age: int
    backward: np.ndarray
    share: np.ndarray


@dataclass(frozen=True)
class FrameCorrespondence:
    """What the frames before show of a frame.

    Attributes:
        motion: to the frame beside it.
        recent: (H, W) float32 in 0..1, the reliability of that motion alone.
        older: the frames before that one, the later ones first.
        still: (H, W) bool, where the result beside it holds unchanged.
        seen: (H, W) float32 in 0..1, how surely the frame beside it shows the same surface, in any light.
        light: (H, W) float32 in -1..1, how much lighter that is now; see `video.motion.illumination`.
        full: the same at the size that the frame is delivered at; all else is at that at which it is painted.
    """

    motion: Motion
    previous_reliability: np.ndarray
    older: tuple[EarlierFrame, ...]
    static_mask: np.ndarray
    visibility: np.ndarray
    luma_change: np.ndarray
    full_size: FullSize

    @property
    def weight(self) -> np.ndarray:
        """(H, W) float32 in 0..1: the reliability of all of them together."""
        weight = self.previous_reliability.copy()
        for each in self.older:
            weight += each.share
        return weight


class FrameHistory:
    """The last unstyled frames of the shot at hand.

    Args:
        finder: of the motion between frames.
        length: frames that are kept; those 1, 2, 4, … back are asked.
    """

    def __init__(self, finder: MotionFinder, length: int) -> None:
        self._finder = finder
        self._frames: deque[RenderedFrame] = deque(maxlen=length)

    def add(self, frame: RenderedFrame) -> None:
        """Remembers a frame."""
        if self._frames:
            # At full size only the last frame is looked at.
            self._frames[-1] = replace(self._frames[-1], full=None)
        self._frames.append(frame)

    def forget(self) -> None:
        """Begins a shot."""
        self._frames.clear()

    def at(self, current: RenderedFrame) -> FrameCorrespondence | None:
        """What is seen of a frame; None, and nothing is remembered any more, if it begins a shot."""
        if not self._frames or not self._finder.finds_motion:
            return None
        before = self._frames[-1]
        motion = self._finder.between(before, current)
        recent = reliability(motion, before, current)
        if begins_shot(before, current, recent):
            self.forget()
            return None
        resting = static_mask(motion, before, current)
        full = at_full_size(motion, recent, before, current) or FullSize(motion.backward, recent, resting)
        seen, light = _in_other_light(motion, before, current)
        return FrameCorrespondence(
            motion, recent, self._older(current, motion, recent), resting, seen, light, full
        )

    def _older(self, current: RenderedFrame, motion: Motion, recent: np.ndarray) -> tuple[EarlierFrame, ...]:
        """What older frames add, the closest first.

        Ruder, Dosovitskiy, Brox 2016, equation 9: an older frame counts for what the newer ones leave open.
        """
        before, weight = self._frames[-1], recent.copy()
        found: list[EarlierFrame] = []
        for age in self._ages():
            if float((1.0 - weight).mean()) < _WORTH_ASKING:
                break
            backward, trusted = to_older(self._finder, motion, before, self._frames[-age], current)
            share = np.maximum(trusted - weight, 0.0)
            weight += share
            found.append(EarlierFrame(age, backward, share))
        return tuple(found)

    def _ages(self) -> list[int]:
        return [age for power in range(1, 8) if (age := 2**power) <= len(self._frames)]


def _in_other_light(
    motion: Motion, before: RenderedFrame, current: RenderedFrame
) -> tuple[np.ndarray, np.ndarray]:
    """How surely the same surface is seen in whatever light, and how much lighter it is, (H, W) each."""
    pictures = motion.backward, before.image, current.image
    seen = seen_before(motion, before, current)
    light = light_change(*pictures, seen)
    # By the pictures alone a thing that moves out of the way may look consistent, too: but another surface
    # differs in more than its light.
    return soft_edges(seen * (1.0 - changed(*pictures, light=light))), light


def to_older(
    finder: MotionFinder, recent: Motion, before: RenderedFrame, older: RenderedFrame, current: RenderedFrame
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
