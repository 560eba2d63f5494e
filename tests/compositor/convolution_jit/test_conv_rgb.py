"""The network's first convolution in machine code, against PyTorch's own."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from compositor.convolution_jit.conv_rgb import LEAST_WIDTH, by_taps, convolved, fits, gradient_below
from tests.compositor.random_maps import random

SIZES = [(16, 16), (7, 9), (1, LEAST_WIDTH), (3, 5)]

pytestmark = pytest.mark.usefixtures("needs_code")


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_it_is_the_rectified_convolution_and_its_gradient(height: int, width: int) -> None:
    picture, weight, bias = (
        random(1, 3, height, width, seed=0),
        random(64, 3, 3, 3, seed=1),
        random(64, seed=2),
    )
    padded = F.pad(picture, (1, 1, 1, 1), mode="replicate").requires_grad_(True)
    expected = F.relu(F.conv2d(padded, weight, bias))
    found, flags = convolved(picture, by_taps(weight), bias)
    assert found.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(found, expected.detach(), rtol=1e-4, atol=1e-4)
    pull = random(1, 64, height, width, seed=3)
    (below,) = torch.autograd.grad(expected, padded, pull)
    torch.testing.assert_close(gradient_below(pull, by_taps(weight), flags), below, rtol=1e-4, atol=1e-4)


def test_parts_of_larger_memory() -> None:
    """A picture and a gradient that are windows of larger ones."""
    weight, bias = random(64, 3, 3, 3, seed=1), random(64, seed=2)
    picture = random(1, 3, 20, 30, seed=0)[..., 3:12, 5:25]
    expected, flags = convolved(picture.contiguous(memory_format=torch.channels_last), by_taps(weight), bias)
    assert torch.equal(convolved(picture, by_taps(weight), bias)[0], expected)
    pull = random(1, 64, 20, 30, seed=3)[..., 3:12, 5:25]
    alone = pull.contiguous(memory_format=torch.channels_last)
    found = gradient_below(pull, by_taps(weight), flags)
    assert torch.equal(found, gradient_below(alone, by_taps(weight), flags))


def test_it_is_for_the_picture_alone() -> None:
    assert fits(torch.zeros(64, 3, 3, 3))
    assert not fits(torch.zeros(64, 64, 3, 3))
    assert not fits(torch.zeros(32, 3, 3, 3))
    assert not fits(torch.zeros(64, 3, 3, 3, dtype=torch.bfloat16))
