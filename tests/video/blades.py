"""Renders of upright blades before a ground, every second one of which is moved by the wind."""

from __future__ import annotations

import numpy as np

from video.frames.render_passes import Passes
from video.motion.motion_field import RenderedFrame

HEIGHT, WIDTH, PERIOD = 48, 480, 8
NEAR, FAR = 4.0, 10.0
# Columns that a blade in the wind moves by from frame to frame; all others, and the ground, are at rest.
SWAY = 2.0
_SAMPLES = 16


def blades_frame(number: int, sway: float = SWAY, first: int = 0, end: int = WIDTH) -> RenderedFrame:
    """The frame of that number: blades of 4 px, one every 8 px from the first column on."""
    columns = np.arange(WIDTH)
    # A filter of 2 px, as a renderer has it.
    offsets = 2.0 * ((np.arange(_SAMPLES) + 0.5) / _SAMPLES - 0.5)
    share, hit, speed = np.zeros(WIDTH), np.zeros(WIDTH, bool), np.zeros(WIDTH)
    for index, left in enumerate(range(first, end, PERIOD)):
        moves = sway * (index % 2)
        middle = left + 2.3 + moves * (number - 1)
        covers = np.abs(columns[:, None] + offsets - middle) < 2.0
        share = np.maximum(share, covers.mean(axis=1))
        inside = np.abs(columns - middle) < 2.0
        hit |= inside
        speed[inside] = moves
    vector = np.zeros((HEIGHT, WIDTH, 4), np.float32)
    vector[..., 0] = vector[..., 2] = -speed
    depth = np.broadcast_to(np.where(hit, NEAR, FAR), (HEIGHT, WIDTH)).astype(np.float32)
    green, brown = np.array([0.2, 0.6, 0.2]), np.array([0.5, 0.4, 0.3])
    color = share[:, None] * green + (1.0 - share[:, None]) * brown
    image = np.broadcast_to(color, (HEIGHT, WIDTH, 3)).astype(np.float32)
    return RenderedFrame(number, image, Passes(vector=vector, depth=depth))
