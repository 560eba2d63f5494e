"""Layers with weights."""

from __future__ import annotations

import pytest

from compositor.errors import SettingsError
from compositor.networks.layer_weights import layer_weights


def test_layers_without_weights_share_equally() -> None:
    assert layer_weights(("relu1_1", "relu2_1")) == {"relu1_1": 0.5, "relu2_1": 0.5}


def test_weights_are_relative_to_each_other() -> None:
    assert layer_weights(("relu1_1:3", "relu2_1")) == {"relu1_1": 0.75, "relu2_1": 0.25}


@pytest.mark.parametrize("text", ["relu1_1:", "relu1_1:0", "relu1_1:-1", "relu1_1:inf", "relu1_1:x"])
def test_a_weight_that_is_no_positive_number_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="positive number"):
        layer_weights((text,))


def test_a_layer_named_twice_is_refused() -> None:
    with pytest.raises(SettingsError, match="twice"):
        layer_weights(("relu1_1", "relu1_1:2"))
