"""Takes away the fine noise that the optimization leaves in a picture."""

from __future__ import annotations

import cv2
import numpy as np

from video.settings import Denoise

# Both filters want a width in their own units. These factors remove the most of white noise whose standard
# deviation is `strength` from a rendered frame (measured for deviations of 2 and 6 levels).
_BILATERAL_WIDTH = 4.0
_NLM_WIDTH = 1.8
_BILATERAL_RADIUS = 1.5
_NLM_PATCH, _NLM_SEARCH = 5, 15


def denoise(image: np.ndarray, rendered: np.ndarray, method: Denoise, strength: float) -> np.ndarray:
    """The picture without its fine noise; alpha and what was left as rendered keep their values exactly.

    Args:
        image: (H, W, 3 or 4) float32 in 0..1.
        rendered: of the same shape; pixels that have its color are no result of the optimization.
        method: how; `none` gives the image back.
        strength: standard deviation of the noise, in levels of 1/255; 0 gives the image back.
    """
    if method is Denoise.NONE or strength <= 0.0:
        return image
    color = np.ascontiguousarray(image[..., :3])
    smooth = _bilateral(color, strength) if method is Denoise.BILATERAL else _nlm(color, strength)
    untouched = (color == rendered[..., :3]).all(axis=2, keepdims=True)
    return np.concatenate([np.where(untouched, color, smooth), image[..., 3:]], axis=2)


def _bilateral(color: np.ndarray, strength: float) -> np.ndarray:
    smooth = cv2.bilateralFilter(color, 0, _BILATERAL_WIDTH * strength / 255.0, _BILATERAL_RADIUS)
    return np.clip(smooth, 0.0, 1.0)


def _nlm(color: np.ndarray, strength: float) -> np.ndarray:
    # In 16 bits: OpenCV's non-local means for 8 bits would round before the file does.
    levels = np.round(color * 65535.0).astype(np.uint16)
    width = _NLM_WIDTH * strength * 257.0
    smooth = cv2.fastNlMeansDenoising(levels, [width], None, _NLM_PATCH, _NLM_SEARCH, cv2.NORM_L1)
    return smooth.astype(np.float32) / 65535.0
