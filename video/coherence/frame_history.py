"""Frame history: the correspondence of a frame to the unstyled frames before it.

Nothing here needs a styled result, so that frames can be prefetched while the ones before are stylized.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from video.coherence.disocclusion import held_beside
from video.coherence.illumination import luma_change
from video.coherence.stretched_strokes import held_against_stretch
from video.coherence.thicket import Thicket, find_thicket
from video.coherence.working_resolution import FullSize, at_full_size
from video.motion.coverage import Coverage
from video.motion.motion_field import Motion, RenderedFrame
from video.motion.motion_source import MotionFinder
from video.motion.motion_vectors import between_views, expected_depth, longer_motion, motion_by_vectors
from video.motion.reliability import agreement, changed, reliability, soft_edges, visibility
from video.motion.shot_detection import begins_shot
from video.motion.shot_light import as_dark_as
from video.motion.static_regions import static_mask
from video.motion.surface_warp import SurfaceWarp, surface_reliability, surface_visibility, surface_warp
from video.motion.warp import inside_frame, warp

# Share of a frame that must be unreliable for older frames to be looked at.
_MIN_OPEN_SHARE = 0.001


@dataclass(frozen=True)
class EarlierFrame:
    """A frame before the previous one, and where it is used.

    Attributes:
        age: frames back; 1 is the previous frame.
        backward: (H, W, 2), pixels, the motion to it.
        share: (H, W) float32 in 0..1, its weight in the warped result: what newer frames leave open.
        moved: moves its result by surface; None where silhouettes are not known.
    """

    age: int
    backward: np.ndarray
    share: np.ndarray
    moved: SurfaceWarp | None = None

    def warp(self, image: np.ndarray) -> np.ndarray:
        """Its result (H, W, 3), moved to the frame at hand."""
        return warp(image, self.backward) if self.moved is None else self.moved.image(image)


@dataclass(frozen=True)
class FrameCorrespondence:
    """Where the surfaces of a frame were in the frames before, and how reliable that is.

    Attributes:
        motion: to the previous frame.
        previous_reliability: (H, W) float32 in 0..1, of that motion.
        older: the frames before the previous one, newest first.
        static_mask: (H, W) bool, where the previous result is kept unchanged.
        visibility: (H, W) float32 in 0..1, how surely the previous frame shows the same surface, under any
            illumination; 0 in disoccluded areas.
        luma_change: (H, W) float32 in -1..1, how much brighter it is now; see `video.coherence.illumination`.
        held: (H, W) float32 in 0..1, how much strokes are held: less beside disoccluded areas,
            and where the motion stretches them.
        full_size: the same at the delivered size; everything else is at the working size.
        moved: moves the previous result by surface; None where silhouettes are not known.
        coverage: of the frame's own silhouettes; None where they are not known.
        thicket: foliage and the like, whose strokes are moved as a sheet; None without.
    """

    motion: Motion
    previous_reliability: np.ndarray
    older: tuple[EarlierFrame, ...]
    static_mask: np.ndarray
    visibility: np.ndarray
    luma_change: np.ndarray
    held: np.ndarray
    full_size: FullSize
    moved: SurfaceWarp | None = None
    coverage: Coverage | None = None
    thicket: Thicket | None = None

    def warp(self, image: np.ndarray) -> np.ndarray:
        """The previous result (H, W, 3), moved to this frame."""
        return warp(image, self.motion.backward) if self.moved is None else self.moved.image(image)

    @property
    def weight(self) -> np.ndarray:
        """(H, W) float32 in 0..1: the reliability of all earlier frames together."""
        weight = self.previous_reliability.copy()
        for each in self.older:
            weight += each.share
        return weight

    def free_of_static(self) -> FrameCorrespondence:
        """The same with no pixel that is kept unchanged: what is painted there may have become another."""
        full = replace(self.full_size, static_mask=np.zeros_like(self.full_size.static_mask))
        return replace(self, static_mask=np.zeros_like(self.static_mask), full_size=full)

    def joined(self, current: RenderedFrame) -> FrameCorrespondence:
        """The same with strokes that are held less beside disoccluded areas, and where they are stretched."""
        depth = None if current.passes is None else current.passes.depth
        known = np.maximum(self.weight, self.visibility)
        if self.thicket is not None:
            known = np.maximum(known, self.thicket.share)
        held = held_beside(known, depth, ~inside_frame(self.motion.backward))
        if self.motion.exact:
            # Estimated motion is too uneven to tell.
            held *= held_against_stretch(self.motion.backward)
        static = self.static_mask & (held == 1.0)
        return replace(self, held=held, static_mask=static, full_size=self.full_size.held_by(held))


class FrameHistory:
    """The last unstyled frames of the current shot, to which a new frame is brought into correspondence.

    Args:
        finder: of the motion between frames.
        length: number of frames that are kept; those 1, 2, 4, … back are looked at.
    """

    def __init__(self, finder: MotionFinder, length: int) -> None:
        self._finder = finder
        self._frames: deque[RenderedFrame] = deque(maxlen=length)

    def add(self, frame: RenderedFrame) -> None:
        """Appends a frame."""
        if self._frames:
            # At full size only the previous frame is looked at.
            self._frames[-1] = replace(self._frames[-1], full=None)
        self._frames.append(frame)

    def clear(self) -> None:
        """Begins a shot."""
        self._frames.clear()

    @property
    def is_empty(self) -> bool:
        """Whether the next frame has none to be brought into correspondence to."""
        return not self._frames

    def correspondence(self, current: RenderedFrame) -> FrameCorrespondence | None:
        """The correspondence of a frame to the ones before; None if it begins a shot, which clears them."""
        if not self._frames or not self._finder.finds_motion:
            return None
        earlier = [as_dark_as(frame, current) for frame in self._frames]
        previous = earlier[-1]
        motion = self._finder.between(previous, current)
        previous_reliability = reliability(motion, previous, current)
        if begins_shot(previous, current, previous_reliability):
            self.clear()
            return None
        found = correspond(motion, previous_reliability, previous, current)
        older = self._older(earlier, current, motion, found.previous_reliability)
        return replace(found, older=older).joined(current)

    def _older(
        self,
        earlier: list[RenderedFrame],
        current: RenderedFrame,
        motion: Motion,
        previous_reliability: np.ndarray,
    ) -> tuple[EarlierFrame, ...]:
        """The frames before the previous one that add something, newest first.

        Ruder, Dosovitskiy, Brox 2016, equation 9: an older frame counts for what the newer ones leave open.
        """
        previous, weight = earlier[-1], previous_reliability.copy()
        found: list[EarlierFrame] = []
        for age in self._ages():
            if float((1.0 - weight).mean()) < _MIN_OPEN_SHARE:
                break
            frames = previous, earlier[-age], current
            by_surface = _older_by_surface(motion, *frames)
            if by_surface is None:
                (backward, trusted), moved = motion_to_older(self._finder, motion, *frames), None
            else:
                backward, trusted, moved = by_surface
            share = np.maximum(trusted - weight, 0.0)
            weight += share
            found.append(EarlierFrame(age, backward, share, moved))
        return tuple(found)

    def _ages(self) -> list[int]:
        return [age for power in range(1, 8) if (age := 2**power) <= len(self._frames)]


def correspondence_to_view(
    finder: MotionFinder, other: RenderedFrame, current: RenderedFrame
) -> FrameCorrespondence | None:
    """The correspondence of a frame to another view of the same moment, in the place of a previous frame.

    None where the settings ask for no motion.
    """
    if not finder.finds_motion:
        return None
    motion = finder.between_views(other, current)
    trusted = reliability(motion, other, current)
    found = correspond(motion, trusted, other, current, exact_motion=between_views)
    return found.joined(current)


def correspond(
    motion: Motion,
    trusted: np.ndarray,
    previous: RenderedFrame,
    current: RenderedFrame,
    *,
    exact_motion: Callable[[RenderedFrame, RenderedFrame], Motion | None] = motion_by_vectors,
) -> FrameCorrespondence:
    """The correspondence of a frame to one other, along the motion between them.

    Args:
        trusted: (H, W) float32 in 0..1, the reliability of the motion.
        exact_motion: see `at_full_size`.
    """
    static, frames = static_mask(motion, previous, current), (previous, current)
    full_size = at_full_size(motion, trusted, *frames, exact_motion=exact_motion)
    full_size = full_size or FullSize(motion.backward, trusted, static)
    moved = surface_warp(motion.backward, previous, current, expected_depth(previous, current))
    if moved is None:
        visible, change = _visibility_and_luma_change(motion, previous, current)
    else:
        trusted, visible, change = _by_surface(motion, moved, previous, current)
    coverage = None if moved is None else current.coverage
    held, thicket = np.ones_like(visible), find_thicket(motion, coverage)
    full_size = full_size.with_thicket(thicket)
    return FrameCorrespondence(
        motion, trusted, (), static, visible, change, held, full_size, moved, coverage, thicket
    )


def _visibility_and_luma_change(
    motion: Motion, previous: RenderedFrame, current: RenderedFrame
) -> tuple[np.ndarray, np.ndarray]:
    """`visibility` and `luma_change` of `FrameCorrespondence`."""
    images = motion.backward, previous.image, current.image
    visible = visibility(motion, previous, current)
    change = luma_change(*images, visible)
    # In estimated motion an object that moves out of the way may look consistent, too: but another surface
    # differs in more than its illumination.
    return soft_edges(visible * (1.0 - changed(*images, expected=change))), change


def _by_surface(
    motion: Motion, moved: SurfaceWarp, previous: RenderedFrame, current: RenderedFrame
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reliability, `visibility` and `luma_change` of `FrameCorrespondence`, up to the silhouettes."""
    visible = surface_visibility(motion, moved, previous, current)
    pure = visible if current.coverage is None else visible * current.coverage.sure
    before = moved.smooth(np.ascontiguousarray(previous.image[..., :3]))
    change = luma_change(np.zeros_like(motion.backward), before, current.image, pure)
    trusted, visible = surface_reliability(visible, moved, previous, current, (None, change))
    return trusted, visible, change


def _older_by_surface(
    motion: Motion, previous: RenderedFrame, older: RenderedFrame, current: RenderedFrame
) -> tuple[np.ndarray, np.ndarray, SurfaceWarp] | None:
    """As `motion_to_older`, up to the silhouettes, and the warp; None where they are not known."""
    if not motion.exact:
        return None
    backward, depth = longer_motion(motion, previous, older, current)
    moved = surface_warp(backward, older, current, depth)
    if moved is None:
        return None
    return backward, surface_reliability(moved.shown, moved, older, current)[0], moved


def motion_to_older(
    finder: MotionFinder,
    motion: Motion,
    previous: RenderedFrame,
    older: RenderedFrame,
    current: RenderedFrame,
) -> tuple[np.ndarray, np.ndarray]:
    """Motion to a frame before the previous one, (H, W, 2) in pixels, and its reliability (H, W) in 0..1.

    Args:
        motion: between `current` and `previous`.
    """
    if motion.exact:
        backward, depth = longer_motion(motion, previous, older, current)
        return backward, soft_edges(agreement(backward, older, current, depth))
    longer = finder.flow(older, current)
    return longer.backward, reliability(longer, older, current)
