"""The filter of the mesh: what it takes of waves of known lengths, and what it leaves."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from compositor.image_ops.mesh_filter import without_mesh


def waves(period: float, dim: int) -> Tensor:
    """Waves of an amplitude of 0.2 along a dimension of an image of 40×48 pixels."""
    phases = (torch.arange(48.0 if dim == 3 else 40.0) + 0.25) * (2.0 * math.pi / period)
    shape = (1, 1, 1, -1) if dim == 3 else (1, 1, -1, 1)
    return 0.5 + 0.2 * torch.cos(phases).view(shape).expand(1, 3, 40, 48)


@pytest.mark.parametrize("period", [2.0, 2.5, 3.0, 4.0, 8.0])
@pytest.mark.parametrize("dim", [2, 3])
def test_of_waves_along_rows_and_columns_it_takes_the_fourth_power_of_a_sine(period: float, dim: int) -> None:
    image = waves(period, dim)
    found = without_mesh(image)[..., 4:-4, 4:-4]
    kept = 1.0 - math.sin(math.pi / period) ** 4
    torch.testing.assert_close(found - 0.5, kept * (image[..., 4:-4, 4:-4] - 0.5))


def test_slopes_and_the_outermost_pixels_stay() -> None:
    slopes = torch.linspace(0.0, 1.0, 20).view(1, 1, 1, -1) * torch.linspace(0.0, 1.0, 15).view(1, 1, -1, 1)
    slopes = slopes.expand(1, 3, -1, -1)
    torch.testing.assert_close(without_mesh(slopes), slopes)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 2), (1, 5), (2, 3), (3, 3)])
def test_small_images_are_filtered_along_the_sides_that_are_long_enough(height: int, width: int) -> None:
    image = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))
    found = without_mesh(image)
    assert found.shape == image.shape
    assert torch.equal(found, image) == (max(height, width) < 3)
