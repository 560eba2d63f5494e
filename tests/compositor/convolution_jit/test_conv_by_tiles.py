"""Winograd's filtering in machine code, by tiles and by blocks, against PyTorch's own convolution."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from compositor.convolution import winograd_matrices
from compositor.convolution.winograd_matrices import F4X4, bands
from compositor.convolution_jit.kernels import empty_relu_mask_bits
from tests.compositor.convolution_jit.ways import BLOCKS, LARGE_TILES, SMALL_TILES, Way
from tests.compositor.random_maps import random

WAYS = [SMALL_TILES, LARGE_TILES, BLOCKS]
SIZES = [(9, 14), (8, 4), (5, 1), (1, 6), (13, 26)]

pytestmark = pytest.mark.usefixtures("needs_code")


def layer(height: int, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """Maps, weight and bias of 64 channels to 128."""
    return random(1, 64, height, width, seed=0), random(128, 64, 3, 3, seed=1) / 24, random(128, seed=2)


def expected_result(maps: Tensor, weight: Tensor, bias: Tensor, *, replicate: bool) -> Tensor:
    padded = F.pad(maps, (1, 1, 1, 1), mode="replicate" if replicate else "constant")
    return F.relu(F.conv2d(padded, weight, bias))


def packed(positive: Tensor) -> Tensor:
    """Where maps (1, C, H, W) are above zero, a bit for each."""
    values = (positive > 0).permute(0, 2, 3, 1)[0].numpy()
    return torch.from_numpy(np.packbits(values, axis=-1, bitorder="little"))


def check_gradient(weight: Tensor, pull: Tensor, positive: Tensor, way: Way = LARGE_TILES) -> None:
    expected = F.conv_transpose2d(pull * (positive > 0), weight)
    found = way.gradient_below(pull, weight, packed(positive))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("replicate", [True, False])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_it_is_the_rectified_convolution(way: Way, replicate: bool, height: int, width: int) -> None:
    maps, weight, bias = layer(height, width)
    found, flags = way.convolved(maps, weight, bias, replicate=replicate)
    assert torch.equal(flags, packed(found))
    assert found.is_contiguous(memory_format=torch.channels_last)
    expected = expected_result(maps, weight, bias, replicate=replicate)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_it_takes_the_gradient_back(way: Way, height: int, width: int) -> None:
    weight = layer(height, width)[1]
    pull, positive = random(1, 128, height, width, seed=3), random(1, 128, height, width, seed=4)
    check_gradient(weight, pull, positive, way)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_bands_of_any_number_of_rows(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    maps, weight, bias = layer(27, 10)
    monkeypatch.setattr(winograd_matrices, "_BAND", length * 4 * F4X4.tile**2 * 3 * 128)
    kernel = LARGE_TILES.kernel(weight).forwards
    assert {len(band) for band in bands(7, 3, kernel)} <= {length, length - 1}
    expected = expected_result(maps, weight, bias, replicate=True)
    found, _ = LARGE_TILES.convolved(maps, weight, bias, replicate=True)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    check_gradient(weight, random(1, 128, 27, 10, seed=3), expected)


@pytest.mark.parametrize("way", WAYS)
def test_parts_of_larger_memory(way: Way) -> None:
    """A gradient often is: rows stand apart, or values lie in another order."""
    weight = layer(6, 7)[1]
    pull, positive = (random(1, 128, 11, 15, seed=seed) for seed in (3, 4))
    check_gradient(weight, pull[..., 2:8, 3:10], positive[..., 1:7, 1:8], way)
    check_gradient(weight, pull[..., ::2, ::2], positive.contiguous()[..., :6, :8], way)
    check_gradient(weight, torch.ones(1, 1, 1, 1).expand(1, 128, 6, 7), positive[..., 1:7, 1:8], way)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_threads_changes_nothing(way: Way, threads: int) -> None:
    """Three have parts of one row of tiles, one has parts of four."""
    maps, weight, bias = layer(65, 38)
    pull = random(1, 128, 65, 38, seed=3)

    def both() -> tuple[Tensor, Tensor]:
        result, flags = way.convolved(maps, weight, bias, replicate=False)
        return result, way.gradient_below(pull, weight, flags)

    before = torch.get_num_threads()
    expected = both()
    try:
        torch.set_num_threads(threads)
        # Products are added up in another order.
        torch.testing.assert_close(both(), expected, rtol=1e-4, atol=1e-4)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("way", WAYS)
def test_the_same_again_bit_for_bit(way: Way) -> None:
    maps, weight, bias = layer(65, 38)
    pull = random(1, 128, 65, 38, seed=3)
    first, flags = way.convolved(maps, weight, bias, replicate=True)
    back = way.gradient_below(pull, weight, flags)
    for _ in range(5):
        assert torch.equal(way.convolved(maps, weight, bias, replicate=True)[0], first)
        assert torch.equal(way.gradient_below(pull, weight, flags), back)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("replicate", [True, False])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_pooled_at_once(way: Way, replicate: bool, height: int, width: int) -> None:
    """Result and gradient are those of the convolution and PyTorch's pooling one after the other."""
    maps, weight, bias = layer(height, width)
    leaf = maps.clone().requires_grad_(True)
    padded = F.pad(leaf, (1, 1, 1, 1), mode="replicate" if replicate else "constant")
    padded.retain_grad()
    whole = F.relu(F.conv2d(padded, weight, bias))
    expected = F.avg_pool2d(whole, 2, ceil_mode=True, count_include_pad=False)
    found, flags = way.convolved(maps, weight, bias, replicate=replicate, pooled=True)
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(flags, packed(whole))
    assert flags.shape == empty_relu_mask_bits(height, width, 128).shape
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    pull = random(*expected.shape, seed=3)
    before = pull.clone()
    expected.backward(pull)
    assert padded.grad is not None
    below = way.gradient_below(pull, weight, flags, pooled=True)
    torch.testing.assert_close(below, padded.grad, rtol=1e-4, atol=1e-3)
    assert torch.equal(pull, before)
