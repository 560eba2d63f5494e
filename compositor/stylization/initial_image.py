"""Initial image of a cold start: content, noise, or noise with the style's colors."""

from __future__ import annotations

import torch
from torch import Tensor

from compositor.losses.terms import matrix_root
from compositor.settings import Start, StyleSettings
from compositor.stylization.style_library import StyleLibrary

# Standard deviation of gray noise, in 0..1.
_NOISE = 0.15


def make_initial_image(content: Tensor, library: StyleLibrary, settings: StyleSettings) -> Tensor:
    """(1, 3, H, W) in 0..1, as `settings.start` names it.

    Noise is drawn on the CPU, so that a seed means the same image on every device.

    Args:
        content: (1, 3, H, W) in 0..1.
    """
    if settings.start is Start.CONTENT:
        return content
    generator = torch.Generator().manual_seed(settings.seed)
    noise = torch.randn(content.shape, generator=generator).to(content.device)
    if settings.start is Start.NOISE:
        return (0.5 + _NOISE * noise).clamp(0.0, 1.0)
    mean, covariance = library.color_statistics()
    colored = torch.einsum("ij,bjhw->bihw", matrix_root(covariance), noise)
    return (mean.view(1, 3, 1, 1) + colored).clamp(0.0, 1.0)
