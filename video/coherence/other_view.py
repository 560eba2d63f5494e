"""The other view of a moment, as the other eye: its result as start and target beside a frame's own past."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from compositor.progress import FrameReport
from compositor.stylization.temporal import DetailConstraint
from video.coherence.frame_history import FrameCorrespondence
from video.coherence.warm_start import StyledHistory, WarmStart
from video.coherence.working_resolution import moved_detail


@dataclass(frozen=True)
class OtherView:
    """The same moment in a view that is styled already.

    Attributes:
        correspondence: of the frame to the other view.
        optimized: (h, w, 3) float32 in 0..1, the other view's result at the working size.
        detailed: (H, W, 3) float32 in 0..1, the same finished at full size; None if it was not.
        report: how it was stylized.
    """

    correspondence: FrameCorrespondence
    optimized: np.ndarray
    detailed: np.ndarray | None
    report: FrameReport

    def joined(self, own: WarmStart | None, content: np.ndarray) -> WarmStart:
        """The warm start of a frame from the other view, and from the frame's own past where that is hidden.

        What shows in both views is the other's, so that no difference between the two grows with time. What
        is static in the frame's own past stays as it was there.

        Args:
            own: from the frame's own past; None where it begins a shot.
            content: (h, w, 3 or 4) float32 in 0..1, the unstyled frame at the working size.
        """
        history = StyledHistory(1)
        history.add(self.optimized, self.detailed)
        other = history.warm_start(content, self.correspondence)
        if other is None:
            raise ValueError("the history is not empty")
        if own is None:
            return replace(other, begins_shot=True)
        share = np.where(own.correspondence.static_mask, np.float32(0.0), other.reliability)
        return replace(
            own,
            target=_mixed(own.target, other.target, share),
            start=_mixed(own.start, other.start, share),
            reliability=np.maximum(own.reliability, share),
            other_view=other,
        )


def detail_constraint(warm_start: WarmStart | None) -> DetailConstraint | None:
    """What ties an enlarged frame to the enlarged results that its warm start is made from."""
    if warm_start is None or warm_start.detailed is None:
        return None
    own = moved_detail(warm_start.detailed, warm_start.correspondence.full_size)
    other = detail_constraint(warm_start.other_view)
    if other is None:
        return own
    share = np.where(own.still, np.float32(0.0), other.reliability)
    target = _mixed(own.target, other.target, share)
    return DetailConstraint(target, np.maximum(own.reliability, share), own.still)


def _mixed(own: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    return own + share[..., None] * (other - own)
