"""The weights of the losses, from detail to paint."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compositor.losses.loss_weights import LossWeights
from compositor.settings import StyleSettings

SETTINGS = StyleSettings(content_weight=2.0, contrast_weight=0.5, style_weight=10.0, local_weight=4.0)


def test_in_the_middle_the_weights_are_those_of_the_settings() -> None:
    assert LossWeights.of(SETTINGS) == LossWeights(content=2.0, contrast=0.5, style=10.0, local=4.0)


def test_detail_and_paint_are_each_other_s_inverse() -> None:
    detail, paint = (LossWeights.of(replace(SETTINGS, paint=paint)) for paint in (0.0, 1.0))
    assert detail.content == pytest.approx(6.0)
    assert detail.local == pytest.approx(4.0 / 3.0)
    assert detail.content * paint.content == pytest.approx(4.0)
    assert (detail.contrast, paint.contrast) == pytest.approx((1.5, 0.5 / 3.0))
    assert detail.style * paint.style == pytest.approx(100.0)
    assert detail.local * paint.local == pytest.approx(16.0)


def test_a_weight_of_zero_stays_zero() -> None:
    assert LossWeights.of(replace(SETTINGS, local_weight=0.0, paint=1.0)).local == 0.0
