"""Circular margins: sizes at every scale, and copies that become one and meet over the edge."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from compositor.image_ops.circular import CircularMargin


def padded(image: torch.Tensor, margin: int) -> torch.Tensor:
    return torch.cat([image[..., -margin:], image, image[..., :margin]], dim=-1)


@given(width=st.integers(16, 4096), share=st.floats(0.0, 0.25), scale=st.floats(0.05, 1.0))
def test_the_width_without_margins_is_found_from_that_with_them(
    width: int, share: float, scale: float
) -> None:
    circular = CircularMargin(width, int(width * share))
    smaller = max(1, round(width * scale))
    assert circular.inner(circular.padded(smaller)) == smaller
    assert circular.padded(width) == width + 2 * circular.margin


def test_equal_copies_keep_their_value_to_the_last_bit() -> None:
    image = torch.rand(1, 3, 6, 40)
    circular = CircularMargin(40, 9)
    assert torch.equal(circular.merged(padded(image, 9)), padded(image, 9))


@pytest.mark.parametrize("margin", [1, 5, 10])
def test_copies_become_one_and_meet_over_the_edge(margin: int) -> None:
    circular = CircularMargin(40, margin)
    # A slope over all columns: its two ends, which should meet, are 40 apart.
    slope = torch.arange(40 + 2 * margin, dtype=torch.float32).expand(1, 3, 2, -1)
    merged = circular.merged(slope)
    assert torch.equal(merged[..., : 2 * margin], merged[..., 40:])
    inner = merged[0, 0, 0, margin:-margin].numpy()
    # Along the circle, over the edge included, no step is larger than those that spread the difference.
    around = np.abs(np.diff(np.append(inner, inner[0])))
    assert around.max() <= 40.0 / (2 * margin) + 1.0
    # What is farther from the edge than the margin stays.
    assert torch.equal(merged[..., 2 * margin : 40], slope[..., 2 * margin : 40])


def test_a_pixel_is_fixed_where_both_copies_are() -> None:
    fixed = torch.zeros(1, 1, 1, 16, dtype=torch.bool)
    # Width 12, margins of 2: columns 1 and 13 show the same, and so do 3 and 15.
    fixed[..., [1, 13, 3, 7]] = True
    assert CircularMargin(12, 2).fixed(fixed)[0, 0, 0].nonzero().ravel().tolist() == [1, 7, 13]
