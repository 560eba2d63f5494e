"""Renders of a disk in front of a background whose coverage and motion are known exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from video.frames.render_passes import Passes
from video.motion.motion_field import RenderedFrame

HEIGHT, WIDTH, RADIUS = 72, 96, 17.3
NEAR, FAR = 4.0, 10.0
_SAMPLES = 16


@dataclass(frozen=True)
class Disk:
    """A disk with its center at (x, y), in pixels, which moves by (right, down) from frame to frame."""

    x: float = 40.0
    y: float = 34.0
    right: float = 0.0
    down: float = 0.0

    def at(self, number: int) -> Disk:
        """The disk in a frame; it is where it is in frame 1."""
        steps = number - 1
        return Disk(self.x + steps * self.right, self.y + steps * self.down, self.right, self.down)

    @property
    def share(self) -> np.ndarray:
        """(H, W) float32 in 0..1: how much of each pixel it covers."""
        offsets = (np.arange(_SAMPLES) + 0.5) / _SAMPLES - 0.5
        inside = [[self._covers(right, down) for right in offsets] for down in offsets]
        return np.mean(inside, axis=(0, 1)).astype(np.float32)

    def over(self, front: np.ndarray, back: np.ndarray) -> np.ndarray:
        """The disk of one color or picture over another, antialiased."""
        share = self.share[..., None]
        return (share * front + (1.0 - share) * back).astype(np.float32)

    def passes(self) -> Passes:
        """Its depth, and its vectors over a background that is at rest."""
        hit = self._covers(0.0, 0.0)
        vector = np.zeros((HEIGHT, WIDTH, 4), np.float32)
        vector[hit] = -self.right, self.down, -self.right, self.down
        return Passes(vector=vector, depth=np.where(hit, NEAR, FAR).astype(np.float32))

    def frame(self, number: int, front: np.ndarray, back: np.ndarray) -> RenderedFrame:
        """The frame of that number."""
        disk = self.at(number)
        return RenderedFrame(number, disk.over(front, back), disk.passes())

    def _covers(self, right: float, down: float) -> np.ndarray:
        rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
        return np.hypot(columns + right - self.x, rows + down - self.y) < RADIUS


def flat(red: float, green: float, blue: float) -> np.ndarray:
    """A picture of one color."""
    return np.broadcast_to(np.array([red, green, blue], np.float32), (HEIGHT, WIDTH, 3)).copy()


def gradient() -> np.ndarray:
    """A picture that gets lighter to the right and bluer downwards."""
    across = np.linspace(0.2, 0.6, WIDTH, dtype=np.float32)[None, :]
    down = np.linspace(0.3, 0.7, HEIGHT, dtype=np.float32)[:, None]
    return np.stack(np.broadcast_arrays(across, 0.5 * across + 0.2, down), axis=2).astype(np.float32)
