"""Filter of the mesh that an optimization leaves: waves of two pixels along rows and along columns.

Average pooling takes them out, so that the layers behind the first pooling hardly see them, and what is
optimized is left with them.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

# Second differences that make up the finest waves: of ω radians a pixel they take sin⁴(ω/2), all of a wave of
# two pixels, a half of one of three, a quarter of one of four. With one more the mesh can still be seen.
_DIFFERENCES = 2
_LEAST = 3


def without_mesh(image: Tensor) -> Tensor:
    """An image (1, 3, H, W) without waves of two pixels along rows and along columns.

    The outermost pixels of each row and column are left, as are sides of less than three pixels.
    """
    height, width = image.shape[-2:]
    if width >= _LEAST:
        image = _filtered(image, (1, 3), (1, 1, 0, 0))
    if height >= _LEAST:
        image = _filtered(image, (3, 1), (0, 0, 1, 1))
    return image


def _filtered(image: Tensor, kernel_size: tuple[int, int], border: tuple[int, int, int, int]) -> Tensor:
    kernel = image.new_tensor([-0.25, 0.5, -0.25]).view(1, 1, *kernel_size).expand(3, 1, -1, -1)
    finest = image
    for _ in range(_DIFFERENCES):
        # None at the border: any continuation would take slopes there for waves.
        finest = F.pad(F.conv2d(finest, kernel, groups=3), border)
    return image - finest
