"""The rectified convolution against PyTorch's own operations, forwards and backwards."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from compositor.convolution.pooling import average_pool
from compositor.networks.conv_relu import Kernel, pooled_convolution, rectified_convolution


def random(*shape: int, dtype: torch.dtype, seed: int) -> Tensor:
    values = torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return values.to(dtype)


def by_autograd(maps: Tensor, weight: Tensor, bias: Tensor, *, replicate: bool) -> Tensor:
    padded = F.pad(maps, (1, 1, 1, 1), mode="replicate" if replicate else "constant")
    return F.relu(F.conv2d(padded, weight, bias))


@pytest.mark.parametrize("replicate", [True, False])
@pytest.mark.parametrize("channels", [3, 8])
@pytest.mark.parametrize(("height", "width"), [(9, 12), (2, 3), (1, 1)])
def test_result_and_gradient_are_those_of_autograd(
    replicate: bool, channels: int, height: int, width: int
) -> None:
    dtype = torch.float64
    maps = random(1, channels, height, width, dtype=dtype, seed=0)
    maps = maps.contiguous(memory_format=torch.channels_last).requires_grad_(True)
    weight, bias = (
        random(5, channels, 3, 3, dtype=dtype, seed=1),
        random(5, dtype=dtype, seed=2),
    )
    pull = random(1, 5, height, width, dtype=dtype, seed=3)
    ours = rectified_convolution(maps, Kernel(weight, bias), replicate=replicate, dtype=dtype)
    theirs = by_autograd(maps, weight, bias, replicate=replicate)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(
        torch.autograd.grad(ours, maps, pull)[0], torch.autograd.grad(theirs, maps, pull)[0]
    )


@pytest.mark.parametrize(("height", "width"), [(9, 12), (2, 3), (5, 8)])
def test_the_pictures_own_layer(height: int, width: int) -> None:
    """64 channels of 3, in single precision."""
    shape = (1, 3, height, width)
    maps = random(*shape, dtype=torch.float32, seed=0).contiguous(memory_format=torch.channels_last)
    maps.requires_grad_(True)
    weight = random(64, 3, 3, 3, dtype=torch.float32, seed=1)
    bias = random(64, dtype=torch.float32, seed=2)
    kernel = Kernel(weight, bias)
    assert kernel.packed is None
    ours = rectified_convolution(maps, kernel, replicate=True, dtype=torch.float32)
    theirs = by_autograd(maps, weight, bias, replicate=True)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
    pull = random(1, 64, height, width, dtype=torch.float32, seed=3) * (theirs.detach() > 1e-3)
    found, expected = (torch.autograd.grad(each, maps, pull)[0] for each in (ours, theirs))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("replicate", [True, False])
@pytest.mark.parametrize(("height", "width"), [(9, 12), (1, 5)])
def test_pooled_is_the_pooled_result(dtype: torch.dtype, replicate: bool, height: int, width: int) -> None:
    maps = random(1, 64, height, width, dtype=dtype, seed=0).contiguous(memory_format=torch.channels_last)
    maps.requires_grad_(True)
    kernel = Kernel(random(64, 64, 3, 3, dtype=dtype, seed=1) / 24, random(64, dtype=dtype, seed=2))
    ours = pooled_convolution(maps, kernel, replicate=replicate, dtype=dtype)
    theirs = average_pool(rectified_convolution(maps, kernel, replicate=replicate, dtype=dtype))
    error = 0.02 if dtype is torch.bfloat16 else 1e-4
    torch.testing.assert_close(ours, theirs, rtol=error, atol=error)
    pull = random(*ours.shape, dtype=dtype, seed=3)
    found, expected = (torch.autograd.grad(each, maps, pull)[0] for each in (ours, theirs))
    torch.testing.assert_close(found, expected, rtol=error, atol=error)


@pytest.mark.parametrize("outputs", [4, 64])
def test_first_layer_reads_single_precision_and_hands_on_bfloat16(outputs: int) -> None:
    """Values that bfloat16 could not tell apart make a difference."""
    maps = torch.full((1, 3, 4, 4), 200.0).requires_grad_(True)
    weight, bias = torch.ones(outputs, 3, 3, 3), torch.full((outputs,), -27.0 * 200.0)
    with torch.no_grad():
        moved = rectified_convolution(maps + 0.25, Kernel(weight, bias), replicate=True, dtype=torch.bfloat16)
    torch.testing.assert_close(moved, torch.full((1, outputs, 4, 4), 27.0 * 0.25, dtype=torch.bfloat16))
    result = rectified_convolution(maps + 0.25, Kernel(weight, bias), replicate=True, dtype=torch.bfloat16)
    (gradient,) = torch.autograd.grad(result.float().sum(), maps)
    assert gradient.dtype is torch.float32
    torch.testing.assert_close(gradient.sum(), torch.tensor(outputs * 16.0 * 27.0))
