"""Color transfer and luminance of display-referred images, float32, sRGB in 0..1; arrays are (H, W, 3)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

# NTSC's luma and chroma, as Gatys et al. 2016 (Preserving Color in Neural Artistic Style Transfer) use them.
_RGB_TO_YIQ = np.array(
    [[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]], dtype=np.float32
)
LUMA_WEIGHTS = _RGB_TO_YIQ[0]
"""Of red, green and blue; they add up to 1."""

_YIQ_TO_RGB = np.linalg.inv(_RGB_TO_YIQ).astype(np.float32)


def luminance(image: np.ndarray) -> np.ndarray:
    """The luma, (H, W) float32 in 0..1."""
    return image[..., :3] @ LUMA_WEIGHTS


def luma(image: Tensor) -> Tensor:
    """The luma (1, 1, H, W) of a tensor (1, 3, H, W)."""
    weights = torch.from_numpy(LUMA_WEIGHTS).to(image).view(1, 3, 1, 1)
    return (image * weights).sum(dim=1, keepdim=True)


def gray(image: np.ndarray) -> np.ndarray:
    """The luma in all three channels."""
    return np.repeat(luminance(image)[..., None], 3, axis=2).astype(np.float32)


def with_luminance(image: np.ndarray, luma: np.ndarray) -> np.ndarray:
    """The image's chroma with another luma (H, W), clipped to 0..1."""
    yiq = image[..., :3] @ _RGB_TO_YIQ.T
    yiq[..., 0] = luma
    return np.clip(yiq @ _YIQ_TO_RGB.T, 0.0, 1.0).astype(np.float32)


def match_luminance(style: np.ndarray, content: np.ndarray, visible: np.ndarray | None = None) -> np.ndarray:
    """The style picture in gray, its luma with the content's mean and deviation (section 3.2 there).

    Args:
        visible: (H, W) in 0..1, by which the style's pixels count; None for all of them.
    """
    luma, target = luminance(style), luminance(content)
    mean, deviation = luma.mean(), luma.std()
    if visible is not None:
        mean = np.average(luma, weights=visible)
        deviation = np.sqrt(np.average(np.square(luma - mean), weights=visible))
    scaled = (luma - mean) * (target.std() / max(float(deviation), 1e-4)) + target.mean()
    return np.repeat(np.clip(scaled, 0.0, 1.0)[..., None], 3, axis=2).astype(np.float32)


def match_color(style: np.ndarray, content: np.ndarray, visible: np.ndarray | None = None) -> np.ndarray:
    """The style picture recolored to the content's mean and covariance, clipped to 0..1.

    Gatys et al. 2016, Preserving Color in Neural Artistic Style Transfer, equation 3 with the symmetric
    square roots ("image analogies" color transfer): A = Σ_c^½ Σ_s^-½.

    Args:
        visible: (H, W) in 0..1, by which the style's pixels count; None for all of them.
    """
    pixels, target = (
        style.reshape(-1, 3).astype(np.float64),
        content[..., :3].reshape(-1, 3).astype(np.float64),
    )
    weights = None if visible is None else visible.ravel().astype(np.float64)
    mean = pixels.mean(axis=0) if weights is None else np.average(pixels, axis=0, weights=weights)
    transform = _power(np.cov(target.T), 0.5) @ _power(np.cov(pixels.T, aweights=weights), -0.5)
    moved = (pixels - mean) @ transform.T + target.mean(axis=0)
    return np.clip(moved, 0.0, 1.0).reshape(style.shape).astype(np.float32)


def _power(covariance: np.ndarray, exponent: float) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    # A picture of few colors has almost no variance in some direction; it is not amplified there.
    return (vectors * np.maximum(values, 1e-6) ** exponent) @ vectors.T
