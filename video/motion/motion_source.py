"""Motion sources: the registry of how each one finds motion, and the finder that the settings choose.

To add a source: a member of `MotionSource` for the interface, and its `MotionMethod` in `MOTION_METHODS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from compositor.networks.raft import Raft
from compositor.settings import DeviceChoice
from video.errors import FrameError
from video.motion.motion_field import FlowEstimator, Motion, RenderedFrame
from video.motion.motion_vectors import between_views, vector_motion, why_no_geometry, why_no_vectors
from video.motion.optical_flow import DisFlow, FarnebackFlow, RaftFlow
from video.motion.static_regions import is_camera_static, needs_no_motion, seems_static, unchanged
from video.settings import MotionSource


@dataclass(frozen=True)
class MotionMethod:
    """How a motion source finds motion.

    Attributes:
        make_estimator: makes the optical flow, given the device that the engine computes on; None if the
            source finds no motion and every frame is stylized alone.
        reads_passes: the render's motion vectors are used where there are any.
        requires_vectors: it is an error where there are none; optical flow is used otherwise.
        computes_on_engine_device: the optical flow is computed on the device of the engine, so that a frame
            is not prefetched while another one is optimized there.
    """

    make_estimator: Callable[[DeviceChoice], FlowEstimator] | None
    reads_passes: bool = False
    requires_vectors: bool = False
    computes_on_engine_device: bool = False


MOTION_METHODS: dict[MotionSource, MotionMethod] = {
    MotionSource.AUTO: MotionMethod(lambda device: DisFlow(), reads_passes=True),
    MotionSource.VECTORS: MotionMethod(lambda device: DisFlow(), reads_passes=True, requires_vectors=True),
    MotionSource.DIS: MotionMethod(lambda device: DisFlow()),
    MotionSource.FARNEBACK: MotionMethod(lambda device: FarnebackFlow()),
    MotionSource.RAFT: MotionMethod(lambda device: RaftFlow(Raft(device)), computes_on_engine_device=True),
    MotionSource.NONE: MotionMethod(None),
}


@dataclass
class MotionFinder:
    """Finds the motion between frames by the source that the settings name.

    Args:
        source: one of `MOTION_METHODS`.
        warning: called, once for each reason, when optical flow is used in place of the render's vectors.
        device: what the engine computes on.
    """

    source: MotionSource
    warning: Callable[[str], None] = lambda text: None
    device: DeviceChoice = DeviceChoice.AUTO
    _estimator: FlowEstimator | None = None
    _warned: set[str] = field(default_factory=set)

    @property
    def method(self) -> MotionMethod:
        """How the source finds motion."""
        return MOTION_METHODS[self.source]

    @property
    def finds_motion(self) -> bool:
        """Whether the source finds motion at all."""
        return self.method.make_estimator is not None

    def between(self, earlier: RenderedFrame, current: RenderedFrame) -> Motion:
        """The motion between two frames.

        Raises:
            FrameError: the source requires motion vectors, and there are none.
        """
        if self.method.reads_passes:
            reason = why_no_vectors(earlier, current)
            if reason is None:
                return vector_motion(earlier, current)
            if self.method.requires_vectors:
                raise FrameError(
                    current.number, f"{reason}; use --motion auto, which falls back to optical flow"
                )
            if current.passes is not None:
                self._warn_once(f"{reason}: optical flow is used instead")
        return self.flow(earlier, current)

    def between_views(self, other: RenderedFrame, current: RenderedFrame) -> Motion:
        """The motion to another view of the same moment: by depth and cameras, or by optical flow."""
        motion = between_views(other, current)
        if motion is not None:
            return motion
        if self.method.reads_passes:
            self._warn_once(f"{why_no_geometry(other, current)}: between views optical flow is used instead")
        return self.flow(other, current)

    def flow(self, earlier: RenderedFrame, current: RenderedFrame) -> Motion:
        """The optical flow between two frames, by their images alone; exactly 0 where they are static.

        Raises:
            ValueError: the source finds no motion.
        """
        motion = self._flow_estimator().between(earlier.image, current.image)
        static = seems_static(earlier, current)
        here, there = static, static
        if is_camera_static(unchanged(earlier, current)):
            here = static | needs_no_motion(motion.backward, earlier.image, current.image)
            there = static | needs_no_motion(motion.forward, current.image, earlier.image)
        motion.backward[here] = 0.0
        motion.forward[there] = 0.0
        return motion

    def _flow_estimator(self) -> FlowEstimator:
        if self._estimator is None:
            if self.method.make_estimator is None:
                raise ValueError(f"the motion source {self.source} finds no motion")
            self._estimator = self.method.make_estimator(self.device)
        return self._estimator

    def _warn_once(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            self.warning(text)
