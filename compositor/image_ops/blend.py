"""Blending of the optimized image with the render: channel gains, the render's colors, strength, masks."""

from __future__ import annotations

import numpy as np

from compositor.image_ops.color import luminance, with_luminance
from compositor.settings import Color, StyleSettings


def mix(
    content: np.ndarray,
    optimized: np.ndarray,
    settings: StyleSettings,
    unstyled_mask: np.ndarray | None = None,
) -> np.ndarray:
    """The final frame: gains, the render's chroma (if `color` is `luminance`), `strength` and mask applied.

    In this order. Where no style is mixed in, the render's values are returned bit for bit.

    Args:
        content: (H, W, 3 or 4) float32, sRGB in 0..1, straight alpha, which is passed on.
        optimized: (H, W, 3) float32 in 0..1.
        unstyled_mask: (H, W) in 0..1; 1 leaves a pixel as rendered.

    Returns:
        float32 in 0..1 with the content's shape.
    """
    gains = np.array([settings.red_gain, settings.green_gain, settings.blue_gain], dtype=np.float32)
    styled = np.clip(optimized * gains, 0.0, 1.0)
    if settings.color is Color.LUMINANCE:
        styled = with_luminance(content, luminance(styled))
    share = np.full(content.shape[:2], settings.strength, dtype=np.float32)
    if unstyled_mask is not None:
        share *= 1.0 - np.clip(unstyled_mask, 0.0, 1.0)
    rendered = content[..., :3]
    mixed = np.where(share[..., None] > 0.0, rendered + share[..., None] * (styled - rendered), rendered)
    mixed = np.where(share[..., None] >= 1.0, styled, mixed)
    return np.concatenate([mixed, content[..., 3:]], axis=2).astype(np.float32)
