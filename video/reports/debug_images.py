"""Debug images: motion as a color wheel, reliability as gray."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from video.coherence.warm_start import WarmStart
from video.files.output_folder import DEBUG_MOTION, DEBUG_RELIABILITY
from video.frames.framing import cropped
from video.frames.sequence import frame_path
from video.images.image_files import write_png

# Pixels: a shorter longest motion is not made to look long.
_SHORTEST_SCALE = 1.0


def write_debug(output: Path, number: int, warm_start: WarmStart, margin: float = 0.0) -> None:
    """Writes a frame's motion to the previous one and the reliability of its warm start.

    Args:
        margin: what is left out on the left and right, as a share of the width; see `video.frames.framing`.

    Raises:
        FileError: they cannot be written.
    """
    columns = round(margin * warm_start.reliability.shape[1])
    motion = cropped(warm_start.correspondence.motion.backward, columns)
    write_png(frame_path(output / DEBUG_MOTION, number), flow_wheel(motion))
    gray = np.repeat(warm_start.reliability[..., None], 3, axis=2)
    # Blue where the previous result is kept unchanged.
    gray[warm_start.correspondence.static_mask] = (0.45, 0.6, 1.0)
    write_png(frame_path(output / DEBUG_RELIABILITY, number), cropped(gray, columns))


def flow_wheel(motion: np.ndarray) -> np.ndarray:
    """A motion field as colors, (H, W, 3) float32 in 0..1: the hue is the direction, white is no motion.

    Right is red, down is yellow-green, left is cyan, up is violet. Full color is the 99th percentile of the
    lengths, or 1 px.
    """
    length = np.hypot(motion[..., 0], motion[..., 1])
    scale = max(_SHORTEST_SCALE, float(np.percentile(length, 99)))
    hue = np.degrees(np.arctan2(motion[..., 1], motion[..., 0])) % 360.0
    saturation = np.minimum(length / scale, 1.0)
    hsv = np.dstack([hue, saturation, np.ones_like(hue)]).astype(np.float32)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
