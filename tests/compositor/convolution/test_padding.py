"""Borders of feature maps against PyTorch's own padding."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from compositor.convolution.padding import bordered, folded


def maps(*shape: int, seed: int = 0) -> Tensor:
    values = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return values.contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("replicate", [True, False])
@pytest.mark.parametrize(("border", "below", "right"), [(1, 1, 1), (2, 2, 2), (1, 4, 3), (2, 2, 5)])
def test_it_is_pytorchs_padding(replicate: bool, border: int, below: int, right: int) -> None:
    values = maps(1, 6, 3, 4)
    expected = F.pad(values, (border, right, border, below), mode="replicate" if replicate else "constant")
    ours = bordered(values, border, 3 + border + below, 4 + border + right, replicate=replicate)
    assert torch.equal(ours.permute(2, 0, 1)[None], expected)


@pytest.mark.parametrize("replicate", [True, False])
def test_what_is_not_positive_counts_as_zero(replicate: bool) -> None:
    values, positive = maps(1, 6, 3, 4), maps(1, 6, 3, 4, seed=1).relu()
    ours = bordered(values, 1, 5, 6, replicate=replicate, positive=positive)
    assert torch.equal(ours, bordered(values * (positive > 0), 1, 5, 6, replicate=replicate))


@pytest.mark.parametrize("size", [(3, 4), (1, 1), (2, 1)])
def test_folding_is_the_gradient_of_replicating(size: tuple[int, int]) -> None:
    values = maps(1, 6, *size).requires_grad_(True)
    pull = maps(1, 6, size[0] + 2, size[1] + 2, seed=1)
    (expected,) = torch.autograd.grad(F.pad(values, (1, 1, 1, 1), mode="replicate"), values, pull)
    torch.testing.assert_close(folded(pull.clone()), expected)
