"""Chooses where the motion between two frames comes from, and says why when it is not the best source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

from compositor.networks.raft import Raft
from compositor.settings import DeviceChoice
from video.errors import FrameError
from video.motion.motion_field import FlowEstimator, Motion, RenderedFrame
from video.motion.motion_vectors import vector_motion, why_no_vectors
from video.motion.optical_flow import DisFlow, FarnebackFlow
from video.motion.warp import warp_smooth
from video.settings import MotionSource

# Levels of 0..1 up to which a pixel counts as unchanged: half a level of an 8-bit file, and rounding.
_UNCHANGED = 0.003
# Share of a frame that looks the same from which on the camera rests. In a pan over smooth ground it was
# 0.16; before a still camera, with one thing that moves and a denoised render, 0.73.
_STILL_CAMERA = 0.3
# Pixels: side of the smallest patch that is believed to rest, under a camera that moves.
_PATCH = 7
# Standard deviation, in pixels, of the surroundings in which rest and motion are compared; mean differences
# of them in 0..1: up to which rest explains the picture at all, and by which it may explain it worse.
_SURROUNDINGS, _ALIKE, _NOISE = 2.0, 0.02, 0.005
# Pixels: less than this is rounding in the Vector pass.
_STILL = 0.01


@dataclass
class MotionFinder:
    """The motion between frames from the source that the settings name.

    Args:
        source: `auto` takes the Vector pass where there is one that can be used, DIS elsewhere.
        warning: called, once for each reason, with, why something else is used than what would be best.
        device: what RAFT computes on.
    """

    source: MotionSource
    warning: Callable[[str], None] = lambda text: None
    device: DeviceChoice = DeviceChoice.AUTO
    _flow: FlowEstimator | None = None
    _told: set[str] = field(default_factory=set)

    @property
    def reads_passes(self) -> bool:
        """Whether the passes of a frame are of any use."""
        return self.source in (MotionSource.AUTO, MotionSource.VECTORS)

    def between(self, earlier: RenderedFrame, current: RenderedFrame) -> Motion:
        """The motion between two frames.

        Raises:
            FrameError: vectors alone were asked for, and there are none.
        """
        if self.reads_passes:
            reason = why_no_vectors(earlier, current)
            if reason is None:
                return vector_motion(earlier, current)
            if self.source is MotionSource.VECTORS:
                raise FrameError(
                    current.number, f"{reason}; use --motion auto, which falls back to optical flow"
                )
            if current.passes is not None:
                self._tell(f"{reason}: optical flow is used instead")
        return self.flow(earlier, current)

    def flow(self, earlier: RenderedFrame, current: RenderedFrame) -> Motion:
        """The motion by the pictures alone; exactly none where they are the same."""
        if self._flow is None:
            self._flow = _flow_estimator(self.source, self.device)
        motion = self._flow.between(earlier.image, current.image)
        resting = seems_at_rest(earlier, current)
        here, there = resting, resting
        if _is_camera_still(unchanged(earlier, current)):
            here = resting | _needs_no_motion(motion.backward, earlier.image, current.image)
            there = resting | _needs_no_motion(motion.forward, current.image, earlier.image)
        motion.backward[here] = 0.0
        motion.forward[there] = 0.0
        return motion

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self.warning(text)


def unchanged(earlier: RenderedFrame, current: RenderedFrame) -> np.ndarray:
    """(H, W) bool: where the two pictures are the same, in a file's precision."""
    difference = np.abs(earlier.image - current.image).max(axis=2)
    return difference <= _UNCHANGED


def still(motion: Motion, earlier: RenderedFrame, current: RenderedFrame) -> np.ndarray:
    """(H, W) bool: where nothing moved and the render did not change.

    A surface that moves may look the same before and after; where the motion is exact, it has the last word.
    """
    same = unchanged(earlier, current) if motion.exact else seems_at_rest(earlier, current)
    return same & (np.abs(motion.backward).max(axis=2) < _STILL)


def seems_at_rest(earlier: RenderedFrame, current: RenderedFrame) -> np.ndarray:
    """(H, W) bool: where nothing seems to have moved, by the pictures alone.

    Under a camera that moves, single pixels look the same by chance: a flat sky is full of them, and held
    still they would stand in the picture as dots. So there only larger patches rest, a caption or a border.
    """
    same = unchanged(earlier, current)
    if _is_camera_still(same):
        return same
    kernel = np.ones((_PATCH, _PATCH), np.uint8)
    border = cv2.BORDER_REPLICATE
    return cv2.morphologyEx(same.astype(np.uint8), cv2.MORPH_OPEN, kernel, borderType=border) > 0


def _is_camera_still(same: np.ndarray) -> bool:
    return float(same.mean()) > _STILL_CAMERA


def _needs_no_motion(motion: np.ndarray, other: np.ndarray, here: np.ndarray) -> np.ndarray:
    """(H, W) bool: where the other picture is as much like this one without the motion as with it.

    Before a still camera the ground in a shadow that moves is the ground, though it may look like part of the
    shadow to the flow.
    """
    moved = warp_smooth(np.ascontiguousarray(other[..., :3]), motion)
    resting, moving = (
        cv2.GaussianBlur(np.abs(each - here[..., :3]).mean(axis=2), (0, 0), _SURROUNDINGS)
        for each in (other[..., :3], moved)
    )
    return (resting < _ALIKE) & (resting < moving + _NOISE)


def _flow_estimator(source: MotionSource, device: DeviceChoice) -> FlowEstimator:
    if source is MotionSource.FARNEBACK:
        return FarnebackFlow()
    if source is MotionSource.RAFT:
        return _RaftFlow(Raft(device))
    return DisFlow()


@dataclass(frozen=True)
class _RaftFlow:
    """RAFT both ways."""

    raft: Raft

    def between(self, earlier: np.ndarray, current: np.ndarray) -> Motion:
        return Motion(self.raft.flow(current, earlier), self.raft.flow(earlier, current))
