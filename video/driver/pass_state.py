"""What a pass carries from frame to frame: the results before, the style gain, and the shot's first image."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from compositor.progress import FrameReport
from compositor.settings import changes_optimization
from video.coherence.style_gain import StyleGainController
from video.coherence.warm_start import StyledHistory, WarmStart
from video.driver.other_views import StyledView
from video.driver.pass_plan import PassPlan
from video.driver.prepare import PreparedFrame
from video.frames.sequence import SourceFrame
from video.settings import SequenceSettings


class PassState:
    """The state of one pass.

    Args:
        styled_view: the first of several views, if the pass is over another one: what a shot begins with is
            that one's, so that all views are alike.

    Attributes:
        history: the results of the shot so far.
        shot_content: the first content image of the resumed frames' shot, until the style pictures are
            matched to it.
    """

    def __init__(self, settings: SequenceSettings, styled_view: StyledView | None) -> None:
        self.history = StyledHistory(settings.history_length)
        self.shot_content: np.ndarray | None = None
        self._style_gain = StyleGainController(settings.warm_style_gain)
        self._styled_view = styled_view
        self._first_settings: Mapping[str, float] = {}
        """Of the shot's first frame alone."""

    @property
    def style_gain(self) -> float:
        """Of the next frame, see `StyleGainController`."""
        return self._style_gain.gain

    def warm_start(self, prepared: PreparedFrame) -> WarmStart | None:
        """What a frame starts from; None for a cold start."""
        own = self.history.warm_start(prepared.content, prepared.correspondence)
        return own if prepared.other_view is None else prepared.other_view.joined(own, prepared.content)

    def first_content(self, plan: PassPlan, position: int, prepared: PreparedFrame) -> np.ndarray:
        """The first content image of the shot of a frame, see `PassPlan.shot_content`."""
        if self._styled_view is not None:
            return self._styled_view.shot_content(prepared.frame.number)
        return plan.shot_content(position, prepared)

    def follow_style(self, frame: SourceFrame, report: FrameReport, *, begins_shot: bool) -> None:
        """Corrects the style gain by the report of a frame.

        A frame that is to be painted more or less than the shot's first one says nothing of the gain.
        """
        if begins_shot:
            self._first_settings = frame.own_settings
        elif changes_optimization(self._first_settings, frame.own_settings):
            return
        if begins_shot and self._styled_view is not None:
            self._style_gain.update(self._styled_view.entry(frame.number).report, begins_shot=True)
            begins_shot = False
        self._style_gain.update(report, begins_shot=begins_shot)
