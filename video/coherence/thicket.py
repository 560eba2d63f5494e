"""Thickets: foliage, hair and grass, whose strokes are moved as a sheet and not with each blade.

A stroke there is wider than what it is painted over. Moved with every blade for itself it would be cut into
splinters by the first frame that follows, and what the blades reveal is as narrow as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from video.motion.coverage import Coverage
from video.motion.motion_field import Motion
from video.motion.warp import inside_frame, warp

# How much a thicket's strokes are held to the sheet that is moved: what lies under them goes other ways.
_HELD = 0.3
# Standard deviation, as a share of the longer side, of the surroundings whose mean motion the sheet has.
_SHEET = 1 / 40
# By how much of the longer side the motions there deviate from their mean: up to which a pixel's own motion
# serves as well, and from which it does not.
_EVEN, _UNEVEN = 1 / 4800, 1 / 1200


@dataclass(frozen=True)
class Thicket:
    """The thickets of a frame, and how their strokes move.

    Attributes:
        share: (H, W) float32 in 0..1, how surely a pixel belongs to one.
        backward: (H, W, 2) float32, pixels, the even motion to the earlier frame.
    """

    share: np.ndarray
    backward: np.ndarray

    def mixed_into(self, moved: np.ndarray, earlier: np.ndarray) -> np.ndarray:
        """A moved result (H, W, 3) float32 in 0..1, with the earlier one moved as a sheet in the thickets."""
        return moved + self.share[..., None] * (warp(earlier, self.backward) - moved)

    def held(self, reliability: np.ndarray) -> np.ndarray:
        """The reliability (H, W) of such a result, from that of the moved one."""
        return reliability + self.share * (_HELD - reliability)


def find_thicket(motion: Motion, coverage: Coverage | None) -> Thicket | None:
    """The thickets of a frame by its own silhouettes; None where there are none, or these are not known.

    Args:
        motion: to the earlier frame, of which `backward` is used.
    """
    if coverage is None or not coverage.crowded.any():
        return None
    pure = (~coverage.mixed).astype(np.float32)
    mean, square = (_mean(each, pure) for each in (motion.backward, np.square(motion.backward)))
    deviation = np.sqrt(np.maximum(square - np.square(mean), 0.0).sum(axis=2)) / max(pure.shape)
    share = coverage.crowded * np.clip((deviation - _EVEN) / (_UNEVEN - _EVEN), 0.0, 1.0)
    share *= inside_frame(mean)
    return Thicket(share, mean) if share.any() else None


def _mean(field: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(H, W, 2): the weighted mean of the surroundings."""
    total, weighted = (
        cv2.GaussianBlur(each, (0, 0), max(1.0, _SHEET * max(weight.shape)), borderType=cv2.BORDER_REFLECT)
        for each in (weight, field * weight[..., None])
    )
    return weighted / np.maximum(total, 1e-6)[..., None]
