"""Layer weights: parses layers as `relu2_1`, or `relu2_1:0.5` for half the others' weight."""

from __future__ import annotations

from collections.abc import Sequence

from compositor.errors import SettingsError


def layer_weights(names: Sequence[str]) -> dict[str, float]:
    """Each layer's share of its loss; the shares sum to one (Gatys 2016, equation 5, w_l).

    Raises:
        SettingsError: a weight is no positive number, or a layer is named twice.
    """
    weights: dict[str, float] = {}
    for text in names:
        name, separator, number = text.partition(":")
        if name in weights:
            raise SettingsError(f"the layer {name} is named twice")
        weights[name] = _weight(text, number) if separator else 1.0
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def _weight(text: str, number: str) -> float:
    try:
        weight = float(number)
    except ValueError:
        weight = 0.0
    if not 0.0 < weight < float("inf"):
        raise SettingsError(f"{text!r} needs a positive number after the colon, as in relu2_1:0.5")
    return weight
