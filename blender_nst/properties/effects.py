"""Which settings have no effect at the moment, by the values of others: they are drawn gray."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_Settings = Any
"""`Scene.nst`."""

_HAS_EFFECT: Mapping[str, Callable[[_Settings], bool]] = {
    "adam_beta1": lambda nst: nst.optimizer == "ADAM",
    "adam_beta2": lambda nst: nst.optimizer == "ADAM",
    "learning_rate": lambda nst: nst.optimizer == "ADAM",
    "lbfgs_history": lambda nst: nst.optimizer == "LBFGS",
    "seed": lambda nst: nst.start == "NOISE",
    "working_detail": lambda nst: nst.working_size == 0,
    "sharpening": lambda nst: nst.working_size > 0 or nst.working_detail != "FULL",
    "denoise_strength": lambda nst: nst.denoise != "NONE",
    "dynamic_range": lambda nst: nst.output_format == "EXR",
    "movie_codec": lambda nst: nst.movie,
    "input_normalization": lambda nst: nst.network not in ("embedded", "vgg16", "vgg19"),
    "history_length": lambda nst: nst.motion != "NONE",
    "warm_style_gain": lambda nst: nst.motion != "NONE",
    "local_layers": lambda nst: nst.local_weight > 0.0,
    "window_layers": lambda nst: nst.local_weight > 0.0,
    "style_layers": lambda nst: nst.style_weight > 0.0,
    "content_layers": lambda nst: nst.content_weight > 0.0,
}


def has_effect(nst: _Settings, name: str) -> bool:
    """Whether a setting changes what is made, with the others as they are."""
    return _HAS_EFFECT[name](nst) if name in _HAS_EFFECT else True
