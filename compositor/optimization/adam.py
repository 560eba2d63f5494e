"""Adam optimizer for the pixels of an image, with locally averaged second moments."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from compositor.image_ops.resize import resize

# Pixels: side of the cells over which the squared gradient is averaged.
_CELL = 16


@dataclass
class Moments:
    """Running means of the gradient (1, 3, H, W) and of its square (1, 1, H, W), after `step` steps."""

    mean: Tensor
    square: Tensor
    step: int

    def resized(self, height: int, width: int) -> Moments:
        """The moments for the next scale of the pyramid."""
        return Moments(
            resize(self.mean, height, width), resize(self.square, height, width).clamp_min(0.0), self.step
        )


class PixelAdam:
    """Adam (Kingma and Ba 2015) whose second moment is averaged over a neighborhood and over the channels.

    Departs from the paper there on purpose. With a second moment of its own, a converged pixel takes steps as
    large as any other, as its tiny gradient is divided by its own tiny size: grain in a still, flicker in an
    animation. With the neighborhood's scale its steps become small.

    Args:
        image: (1, 3, H, W) in 0..1, changed in place and clamped to 0..1.
        moments: of the coarser scale, already of this size.
        betas: decay rates of the means of the gradient and of its square.
    """

    def __init__(
        self, image: Tensor, moments: Moments | None = None, betas: tuple[float, float] = (0.9, 0.99)
    ) -> None:
        self._image = image
        self._betas = betas
        zeros = torch.zeros_like(image)
        self.moments = moments or Moments(zeros, zeros[:, :1].clone(), 0)

    def step(self, gradient: Tensor, rate: float) -> None:
        """One step against `gradient` (1, 3, H, W); a typical pixel changes by about `rate`."""
        moments, (beta1, beta2) = self.moments, self._betas
        moments.step += 1
        moments.mean.lerp_(gradient, 1.0 - beta1)
        moments.square.lerp_(_local_mean(gradient.square()), 1.0 - beta2)
        mean = moments.mean / (1.0 - beta1**moments.step)
        square = moments.square / (1.0 - beta2**moments.step)
        self._image.sub_(rate * mean / (square.sqrt() + 1e-12)).clamp_(0.0, 1.0)


def _local_mean(values: Tensor) -> Tensor:
    """(1, 1, H, W): the mean over the channels and about 32×32 px around each pixel."""
    cells = F.avg_pool2d(values.mean(dim=1, keepdim=True), _CELL, ceil_mode=True, count_include_pad=False)
    return F.interpolate(cells, values.shape[-2:], mode="bilinear", align_corners=False)
