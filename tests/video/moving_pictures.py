"""Pictures whose motion is known exactly: waves that are sampled at shifted places."""

from __future__ import annotations

import numpy as np

from video.frames.render_passes import Passes
from video.motion.motion_field import Motion, RenderedFrame

_RNG = np.random.default_rng(7)
# Wavelengths of 9 to 60 px in all directions: fine enough to be matched, coarse enough to be interpolated.
_WAVES = 2.0 * np.pi / _RNG.uniform(9.0, 60.0, 24)
_ANGLES, _PHASES = _RNG.uniform(0.0, 2.0 * np.pi, (2, 3, 24))


def waves(height: int, width: int, right: float = 0.0, down: float = 0.0) -> np.ndarray:
    """A smooth texture, (height, width, 3) float32 in 0..1, moved by so many pixels."""
    x = np.arange(width)[None, :, None, None] - right
    y = np.arange(height)[:, None, None, None] - down
    angles = _WAVES * (x * np.cos(_ANGLES) + y * np.sin(_ANGLES)) + _PHASES
    return (0.5 + 0.04 * np.cos(angles).sum(axis=3)).clip(0.0, 1.0).astype(np.float32)


def constant_motion(height: int, width: int, right: float, down: float = 0.0) -> Motion:
    """The motion of a whole picture that moves by so many pixels from one frame to the next."""
    forward = np.broadcast_to(np.array([right, down], np.float32), (height, width, 2)).copy()
    return Motion(backward=-forward, forward=forward)


def rendered(image: np.ndarray, number: int = 1, passes: Passes | None = None) -> RenderedFrame:
    """A picture as a frame."""
    return RenderedFrame(number, image, passes)
