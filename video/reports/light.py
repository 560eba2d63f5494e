"""Light: whether the luma of styled frames follows that of the rendered ones, in a fade or at nightfall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LUMA_WEIGHTS = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""ITU-R BT.709-6, section 3: the weights of red, green and blue."""

LEAST_CHANGE = 0.02
"""The mean luma of the render must change by so much of 0..1 for the light to be compared."""

# A standard deviation of luma that is none: the styled frames all have the same light.
_CONSTANT = 1e-6


@dataclass(frozen=True)
class Light:
    """The styled frames' mean luma over the rendered ones'.

    Attributes:
        slope: of the least-squares line; 1 where the light changes as much as in the render.
        correlation: Pearson's; 0 where the styled frames all have the same mean luma.
    """

    slope: float
    correlation: float


def mean_luma(image: np.ndarray) -> float:
    """The mean luma of a frame (H, W, 3 or 4), of its sRGB values in 0..1, not linearized."""
    return float((image[..., :3].reshape(-1, 3).mean(axis=0, dtype=np.float64) * LUMA_WEIGHTS).sum())


def light(rendered: Sequence[float], styled: Sequence[float]) -> Light | None:
    """Compares the mean lumas of the same frames; None where the render's hardly changes."""
    if not rendered or max(rendered) - min(rendered) < LEAST_CHANGE:
        return None
    own, result = (np.asarray(each) - np.mean(each) for each in (rendered, styled))
    slope = float((own * result).sum() / np.square(own).sum())
    if result.std() < _CONSTANT:
        return Light(slope, 0.0)
    return Light(slope, float((own * result).mean() / (own.std() * result.std())))
