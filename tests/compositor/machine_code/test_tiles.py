"""Winograd's sums in machine code, against PyTorch's own convolution."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from random_maps import random
from torch import Tensor

from compositor import filtering
from compositor.filtering import LARGE, SMALL, Filtering, bands
from compositor.machine_code.run import flags_of
from compositor.machine_code.tiles import convolved, gradient_below
from compositor.winograd import transformed

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


def check_gradient(weight: Tensor, pull: Tensor, positive: Tensor, how: Filtering = LARGE) -> None:
    expected = F.conv_transpose2d(pull * (positive > 0), weight)
    found = gradient_below(pull, transformed(weight, how).backwards, packed(positive))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("how", [SMALL, LARGE])
@pytest.mark.parametrize("replicate", [True, False])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_it_is_the_rectified_convolution(how: Filtering, replicate: bool, height: int, width: int) -> None:
    maps, weight, bias = layer(height, width)
    found, flags = convolved(maps, transformed(weight, how).forwards, bias, replicate=replicate)
    assert torch.equal(flags, packed(found))
    assert found.is_contiguous(memory_format=torch.channels_last)
    expected = expected_result(maps, weight, bias, replicate=replicate)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("how", [SMALL, LARGE])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_it_takes_the_gradient_back(how: Filtering, height: int, width: int) -> None:
    weight = layer(height, width)[1]
    pull, positive = random(1, 128, height, width, seed=3), random(1, 128, height, width, seed=4)
    check_gradient(weight, pull, positive, how)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_bands_of_any_number_of_rows(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    maps, weight, bias = layer(27, 10)
    kernel = transformed(weight, LARGE).forwards
    monkeypatch.setattr(filtering, "_BAND", length * 4 * LARGE.tile**2 * 3 * 128)
    assert {len(band) for band in bands(7, 3, kernel)} <= {length, length - 1}
    expected = expected_result(maps, weight, bias, replicate=True)
    found, _ = convolved(maps, kernel, bias, replicate=True)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    check_gradient(weight, random(1, 128, 27, 10, seed=3), expected)


def test_parts_of_larger_memory() -> None:
    """A gradient often is: rows stand apart, or values lie in another order."""
    weight = layer(6, 7)[1]
    pull, positive = (random(1, 128, 11, 15, seed=seed) for seed in (3, 4))
    check_gradient(weight, pull[..., 2:8, 3:10], positive[..., 1:7, 1:8])
    check_gradient(weight, pull[..., ::2, ::2], positive.contiguous()[..., :6, :8])
    check_gradient(weight, torch.ones(1, 1, 1, 1).expand(1, 128, 6, 7), positive[..., 1:7, 1:8])


@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_threads_changes_nothing(threads: int) -> None:
    maps, weight, bias = layer(22, 18)
    kernel = transformed(weight, LARGE).forwards
    pull = random(1, 128, 22, 18, seed=3)

    def both() -> tuple[Tensor, Tensor]:
        result, flags = convolved(maps, kernel, bias, replicate=False)
        return result, gradient_below(pull, kernel.transpose(1, 2), flags)

    before = torch.get_num_threads()
    expected = both()
    try:
        torch.set_num_threads(threads)
        # The products are PyTorch's, which may add up in another order.
        torch.testing.assert_close(both(), expected, rtol=1e-4, atol=1e-4)
    finally:
        torch.set_num_threads(before)


def test_the_same_again_bit_for_bit() -> None:
    maps, weight, bias = layer(22, 18)
    kernel = transformed(weight, LARGE).forwards
    pull = random(1, 128, 22, 18, seed=3)
    first, flags = convolved(maps, kernel, bias, replicate=True)
    back = gradient_below(pull, kernel.transpose(1, 2), flags)
    for _ in range(5):
        assert torch.equal(convolved(maps, kernel, bias, replicate=True)[0], first)
        assert torch.equal(gradient_below(pull, kernel.transpose(1, 2), flags), back)


@pytest.mark.parametrize("how", [SMALL, LARGE])
@pytest.mark.parametrize("replicate", [True, False])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_pooled_at_once(how: Filtering, replicate: bool, height: int, width: int) -> None:
    """Result and gradient are those of the convolution and PyTorch's pooling one after the other."""
    maps, weight, bias = layer(height, width)
    kernel = transformed(weight, how)
    leaf = maps.clone().requires_grad_(True)
    padded = F.pad(leaf, (1, 1, 1, 1), mode="replicate" if replicate else "constant")
    padded.retain_grad()
    whole = F.relu(F.conv2d(padded, weight, bias))
    expected = F.avg_pool2d(whole, 2, ceil_mode=True, count_include_pad=False)
    found, flags = convolved(maps, kernel.forwards, bias, replicate=replicate, pooled=True)
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(flags, packed(whole))
    assert flags.shape == flags_of(height, width, 128).shape
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    pull = random(*expected.shape, seed=3)
    expected.backward(pull)
    assert padded.grad is not None
    below = gradient_below(pull, kernel.backwards, flags, pooled=True)
    torch.testing.assert_close(below, padded.grad, rtol=1e-4, atol=1e-3)
