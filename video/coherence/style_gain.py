"""Style gain: a factor of the style loss that keeps all frames of a shot as strongly styled as the first."""

from __future__ import annotations

from compositor.progress import FrameReport

# Exponent of the ratio of two style losses by which the gain is corrected. The loss responds far less than in
# proportion: by a twentieth to twice the gain, where most of a frame is static.
_EXPONENT = 3.0


class StyleGainController:
    """Controller of the style gain: follows the style loss from frame to frame.

    The temporal loss weakens the style of warm-started frames: by how much depends on the motion, on the
    disoccluded area and on how long the shot is. So after every warm-started frame the gain is corrected by
    the ratio of its style loss to that of the shot's first frame.

    Args:
        maximum: of the gain; its minimum is 1, or `maximum` if that is less.
    """

    def __init__(self, maximum: float) -> None:
        self._minimum, self._maximum = min(1.0, maximum), maximum
        self.gain = self.initial
        self._reference: float | None = None

    @property
    def initial(self) -> float:
        """The gain of a shot's second frame."""
        return (self._minimum * self._maximum) ** 0.5

    def update(self, report: FrameReport, *, begins_shot: bool) -> None:
        """Corrects the gain by the report of a frame; frames come in order."""
        loss = report.losses.get("style", 0.0)
        if begins_shot:
            self.gain, self._reference = self.initial, loss
        elif self._reference and loss > 0.0:
            corrected = self.gain * (loss / self._reference) ** _EXPONENT
            self.gain = min(max(corrected, self._minimum), self._maximum)
