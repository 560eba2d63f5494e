"""Seams: what is measured at the first frames of chunks, beside the frames inside of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from statistics import fmean

from video.reports.frame_measure import FrameMeasure


@dataclass(frozen=True)
class SeamReport:
    """Warp errors where a chunk follows another one of the same shot, and inside of the chunks.

    A seam at a cut is none: it has no warp error.

    Attributes:
        seams: by the first frame of the later chunk.
        inside: of all other frames, the mean; None without any.
    """

    seams: dict[int, float]
    inside: float | None

    @property
    def mean(self) -> float | None:
        """Over the seams; None without any."""
        return fmean(self.seams.values()) if self.seams else None

    @property
    def ratio(self) -> float | None:
        """Of a seam's warp error to one inside; 1 if there is nothing to be seen of it."""
        return self.mean / self.inside if self.mean is not None and self.inside else None

    @property
    def worst(self) -> int | None:
        """The frame of the worst seam."""
        return max(self.seams, key=lambda frame: self.seams[frame]) if self.seams else None


def seam_report(measured: Sequence[FrameMeasure], seams: Collection[int]) -> SeamReport:
    """The report on frames that were measured in order.

    Args:
        seams: the first frames of chunks.
    """
    errors = {each.number: each.warp_error for each in measured if each.warp_error is not None}
    inside = [error for number, error in errors.items() if number not in seams]
    return SeamReport(
        {number: error for number, error in errors.items() if number in seams},
        fmean(inside) if inside else None,
    )
