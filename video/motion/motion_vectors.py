"""The render's own motion: Blender's Vector pass, the cameras' where it has none, and between two views."""

from __future__ import annotations

import numpy as np

from video.frames.render_passes import BACKGROUND_DEPTH, Passes
from video.motion.motion_field import Motion, RenderedFrame
from video.motion.reprojection import reproject

# Pixels: a surface whose vector is this close to the cameras' motion is static in the world.
_STATIC = 0.25


def why_no_vectors(earlier: RenderedFrame, current: RenderedFrame) -> str | None:
    """Why the two frames' Vector passes do not give the motion between them; None if they do."""
    first, second = earlier.passes, current.passes
    if first is None or second is None:
        return "there are no passes"
    if first.motion_blur or second.motion_blur:
        return "with motion blur Blender renders no motion vectors"
    if first.vector is None or second.vector is None:
        return "the passes have no motion vectors"
    if current.number - earlier.number not in (-1, 1):
        return "Blender's motion vectors reach from one frame to the next only"
    if (
        first.vector.shape[:2] != current.image.shape[:2]
        or second.vector.shape[:2] != current.image.shape[:2]
    ):
        return "the passes have another size than the frames"
    return None


def vector_motion(earlier: RenderedFrame, current: RenderedFrame) -> Motion:
    """The motion between neighboring frames, forwards in time or backwards.

    To be called where `why_no_vectors` is None.
    """
    return Motion(motion_to(earlier, current), motion_to(current, earlier), exact=True)


def motion_by_vectors(earlier: RenderedFrame, current: RenderedFrame) -> Motion | None:
    """As `vector_motion`; None where the Vector passes do not give it."""
    return vector_motion(earlier, current) if why_no_vectors(earlier, current) is None else None


def motion_to(other: RenderedFrame, here: RenderedFrame) -> np.ndarray:
    """The motion from `here` to a neighboring frame, (H, W, 2) float32, pixels, y down.

    With rows counted downwards, the point at (x, y) was at (x + X, y − Y) in the frame before and is at
    (x − Z, y + W) in the one after. To be called where `why_no_vectors` is None.
    """
    passes = _passes(here)
    motion = _to_previous(passes) if here.number > other.number else _to_next(passes)
    return _with_background(motion, passes, _passes(other))


def longer_motion(
    motion: Motion, neighbor: RenderedFrame, older: RenderedFrame, current: RenderedFrame
) -> tuple[np.ndarray, np.ndarray]:
    """Motion to a frame several frames back, even where a surface was occluded since.

    The motion of what is static in the world is computed from the cameras, exactly; everything else is
    assumed to have moved evenly. The caller checks the result.

    Args:
        motion: the exact motion between `current` and `neighbor`, the frame next to it.

    Returns:
        (H, W, 2) float32, pixels, y down; and (H, W) float32, the depth that is expected there: this
        frame's own where there are no cameras.
    """
    steps = (current.number - older.number) / (current.number - neighbor.number)
    now, beside, then = _passes(current), _passes(neighbor), _passes(older)
    backward = motion.backward * np.float32(steps)
    depth = np.full(backward.shape[:2], 1e10, np.float32) if now.depth is None else now.depth
    near, far = _world_motion(now, beside), _world_motion(now, then)
    if near is None or far is None:
        return backward, depth
    static = np.linalg.norm(near[0] - motion.backward, axis=2) < _STATIC
    return np.where(static[..., None], far[0], backward), np.where(static, far[1], depth)


def expected_depth(earlier: RenderedFrame, current: RenderedFrame) -> np.ndarray | None:
    """(H, W): depth of this frame's surfaces for the earlier camera, if they are static in the world."""
    world = _world_motion(_passes(current), _passes(earlier))
    return None if world is None else world[1]


def why_no_geometry(other: RenderedFrame, here: RenderedFrame) -> str | None:
    """Why cameras and depths do not give the motion between two views; None if they do."""
    for frame in (other, here):
        passes = _passes(frame)
        if passes.depth is None or passes.camera is None:
            return "the views' passes have no depth, or no camera is known"
        if passes.camera.projection is None and passes.camera.sphere is None:
            return "the views' cameras have no projection that is known"
        if passes.motion_blur:
            return "with motion blur a depth belongs to no moment"
        if passes.depth.shape != here.image.shape[:2]:
            return "the passes have another size than the frames"
    return None


def between_views(other: RenderedFrame, here: RenderedFrame) -> Motion | None:
    """The motion between two views of one moment: `backward` leads from `here` to `other`.

    What moves in the world does not matter: both views show it at the same moment. None where
    `why_no_geometry` is not.
    """
    if why_no_geometry(other, here) is not None:
        return None
    there, back = _disparity(here, other), _disparity(other, here)
    return None if there is None or back is None else Motion(there, back, exact=True)


def _disparity(here: RenderedFrame, other: RenderedFrame) -> np.ndarray | None:
    found = _world_motion(_passes(here), _passes(other))
    return None if found is None else found[0]


def _world_motion(here: Passes, there: Passes) -> tuple[np.ndarray, np.ndarray] | None:
    if here.camera is None or there.camera is None or here.depth is None:
        return None
    return reproject(here.camera, there.camera, here.depth)


def _with_background(motion: np.ndarray, here: Passes, there: Passes) -> np.ndarray:
    """The motion with the cameras' in the background, where Blender before 5.2 has zeros."""
    if here.depth is None or not (background := here.depth >= BACKGROUND_DEPTH).any():
        return motion
    world = _world_motion(here, there)
    return motion if world is None else np.where(background[..., None], world[0], motion)


def _to_previous(passes: Passes) -> np.ndarray:
    return _vector(passes)[..., :2] * np.array([1.0, -1.0], np.float32)


def _to_next(passes: Passes) -> np.ndarray:
    return _vector(passes)[..., 2:] * np.array([-1.0, 1.0], np.float32)


def _vector(passes: Passes) -> np.ndarray:
    if passes.vector is None:
        raise ValueError("the passes have no motion vectors")
    return passes.vector


def _passes(frame: RenderedFrame) -> Passes:
    return frame.passes or Passes()
