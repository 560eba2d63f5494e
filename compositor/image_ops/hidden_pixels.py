"""Pictures with alpha: colors for what is hidden, and where something is visible."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from compositor.image_ops.arrays import to_array, to_tensor


def visible_part(image: np.ndarray) -> np.ndarray | None:
    """The alpha of an image (H, W, 3 or 4), (H, W) float32 in 0..1; None where all of it is opaque."""
    if image.shape[2] == 3 or bool((image[..., 3] >= 1.0).all()):
        return None
    return np.clip(image[..., 3], 0.0, 1.0).astype(np.float32)


def fill_hidden(image: np.ndarray) -> np.ndarray:
    """The color of an image (H, W, 3 or 4) float32 in 0..1, straight alpha, whose hidden pixels are replaced.

    Where alpha is zero the color is that of the visible pixels nearby, the mean over the smallest square of a
    pyramid that has any (Gortler et al. 1996, The Lumigraph, section 3.2, "push-pull"). So what an editor has
    left below a transparent area leads to no edge beside a visible one.

    Returns:
        (H, W, 3) float32; where nothing is visible at all, the image's color.
    """
    color, visible = np.ascontiguousarray(image[..., :3], np.float32), visible_part(image)
    if visible is None or not (visible > 0.0).any() or (visible > 0.0).all():
        return color
    share = to_tensor(visible[..., None], torch.device("cpu"))
    filled = to_array(_pulled(to_tensor(color, torch.device("cpu")) * share, share))
    return np.where(visible[..., None] > 0.0, color, filled)


def _pulled(weighted: Tensor, share: Tensor) -> Tensor:
    """weighted / share, (1, 3, H, W), from the next coarser level of the pyramid where share is zero."""
    own = weighted / share.clamp_min(1e-12)
    if bool((share > 0.0).all()):
        return own
    coarse = _pulled(*(F.avg_pool2d(each, 2, ceil_mode=True) for each in (weighted, share)))
    coarse = F.interpolate(coarse, own.shape[-2:], mode="bilinear", align_corners=False)
    return torch.where(share > 0.0, own, coarse)


def at_features(visible: Tensor | None, features: Tensor) -> Tensor | None:
    """A map (1, 1, H, W) at the size of feature maps (1, C, h, w), by means."""
    if visible is None:
        return None
    height, width = features.shape[-2:]
    return F.adaptive_avg_pool2d(visible, (height, width))
