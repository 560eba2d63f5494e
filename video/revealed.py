"""A start image near the goal for areas that the previous result says nothing about."""

from __future__ import annotations

import cv2
import numpy as np

# Standard deviation, as a share of the longer side, over which the style's shift of colour is averaged.
_REACH = 0.04


def start_image(
    content: np.ndarray, warped_content: np.ndarray, warped_styled: np.ndarray, reliability: np.ndarray
) -> np.ndarray:
    """The warped previous result where it is reliable, the render in the style's local colours elsewhere.

    Revealed areas filled with the plain render keep its colours and show; so the difference that the style
    made to the reliable surroundings (a normalised average around each pixel) is added to the render there.

    Args:
        content: (H, W, 3) float32 in 0..1, this frame's render.
        warped_content, warped_styled: (H, W, 3), the previous render and result, moved to this frame.
        reliability: (H, W) in 0..1.

    Returns:
        (H, W, 3) float32 in 0..1.
    """
    weight = reliability[..., None]
    sigma = max(2.0, _REACH * max(content.shape[:2]))
    shift = cv2.GaussianBlur((warped_styled - warped_content) * weight, (0, 0), sigma)
    evidence = cv2.GaussianBlur(reliability, (0, 0), sigma)[..., None]
    # With hardly any evidence nearby the shift fades to none instead of being a guess.
    recoloured = content + shift / np.maximum(evidence, 0.02)
    return np.clip(weight * warped_styled + (1.0 - weight) * recoloured, 0.0, 1.0).astype(np.float32)
