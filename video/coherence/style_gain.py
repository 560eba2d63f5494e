"""How strongly the style pulls in the frames of a shot, so that they all are as much in it as the first."""

from __future__ import annotations

from compositor.progress import Report

# Power of the ratio of two style losses that the factor is corrected by. The loss gives way to the factor far
# less than in proportion: by a twentieth to twice the factor, where most of a frame rests.
_EAGERNESS = 3.0


class StyleGainController:
    """A factor of the style's weight that follows the style loss from frame to frame.

    What holds a frame to the one before wears its style off: by how much depends on the motion, on what is
    revealed and on how long the shot goes on. So after every held frame the factor is corrected by how its
    style loss relates to that of the shot's first frame, which was not held.

    Args:
        most: what it may come to; it stays at 1 or above.
    """

    def __init__(self, most: float) -> None:
        self._least, self._most = min(1.0, most), most
        self.gain = self.initial
        self._wanted: float | None = None

    @property
    def initial(self) -> float:
        """The factor of a shot's second frame."""
        return (self._least * self._most) ** 0.5

    def update(self, report: Report, *, begins_shot: bool) -> None:
        """Corrects the factor by a finished frame; frames come in order."""
        loss = report.losses.get("style", 0.0)
        if begins_shot:
            self.gain, self._wanted = self.initial, loss
        elif self._wanted and loss > 0.0:
            self.gain = min(max(self.gain * (loss / self._wanted) ** _EAGERNESS, self._least), self._most)
