"""Pooling against PyTorch's own operations."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from compositor.convolution.pooling import average_pool, max_pool


@pytest.mark.parametrize(("height", "width"), [(8, 10), (7, 10), (8, 9), (5, 3), (1, 1)])
def test_average_and_its_gradient_are_pytorchs(height: int, width: int) -> None:
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(1, 6, height, width, generator=generator)
    maps = maps.contiguous(memory_format=torch.channels_last).requires_grad_(True)
    expected = F.avg_pool2d(maps, 2, ceil_mode=True, count_include_pad=False)
    pull = torch.randn(expected.shape, generator=generator)
    pooled = average_pool(maps)
    assert torch.equal(pooled, expected)
    torch.testing.assert_close(
        torch.autograd.grad(pooled, maps, pull)[0], torch.autograd.grad(expected, maps, pull)[0]
    )


def test_an_odd_edge_is_kept() -> None:
    maps = torch.arange(9.0).view(1, 1, 3, 3).contiguous(memory_format=torch.channels_last)
    assert average_pool(maps).flatten().tolist() == [2.0, 3.5, 6.5, 8.0]
    assert max_pool(maps).flatten().tolist() == [4.0, 5.0, 7.0, 8.0]
