"""Light of a shot: takes a frame's change of light out of its content, and puts it onto its styled image.

`light` is a factor on display-referred values (sRGB in 0..1): 1 as in the reference of the shot, 0 in a
frame that has faded to black, above 1 where a lamp has gone on. At exactly 1 every function gives its
argument back.
"""

from __future__ import annotations

from math import exp

import numpy as np

MAX_GAIN = 12.0
"""The most that a dark frame is brightened: at this factor 8 bits have 21 levels left."""

# A content is darkened by no more than this factor: one as dark as before would show little of what has come
# to light.
_LEAST_GAIN = 0.25
# A styled image is brightened as by a light that stays below this, however bright it is: what is left of a
# palette above it is white.
_LIMIT = 2.3
# Exponent of that light. With it a value of 0.4, about the mean of a picture, becomes as many times as bright
# as the light says (1.5 times at a light of 1.5).
_BRIGHTENING = 1.6
_BLACK = 1e-6


def is_too_dark(light: float) -> bool:
    """Whether a frame is darker than its content can be brightened, so that it shows next to nothing."""
    return light < 1.0 / MAX_GAIN


def normalizing_gain(light: float) -> float:
    """The factor that gives a frame of this light that of its shot's reference, from 0.25 to `MAX_GAIN`."""
    return 1.0 if light == 1.0 else min(max(1.0 / max(light, _BLACK), _LEAST_GAIN), MAX_GAIN)


def without_light(content: np.ndarray, light: float) -> np.ndarray:
    """A rendered frame in the light of its shot's reference, as far as it can be changed.

    Args:
        content: (H, W, 3 or 4) float32, sRGB in 0..1; alpha is passed on.

    Returns:
        float32 in 0..1 with the content's shape.
    """
    if light == 1.0:
        return content
    normalized = np.array(content, np.float32)
    color = normalized[..., :3]
    np.clip(color * np.float32(normalizing_gain(light)), 0.0, 1.0, out=color)
    return normalized


def with_light(styled: np.ndarray, light: float) -> np.ndarray:
    """A styled image in the light of its frame.

    Less light darkens all values by the factor, so that black is reached. More light brightens the dark and
    the middle values and keeps white: by the largest channel, v → 1 - (1 - v)^k, and the others in
    proportion, so that hue and saturation stay. k grows with the light, to less than 4.

    Args:
        styled: (H, W, 3) float32, sRGB in 0..1, as the optimization gives it.

    Returns:
        (H, W, 3) float32 in 0..1.
    """
    if light == 1.0:
        return styled
    if light < 1.0:
        return styled * np.float32(max(light, 0.0))
    return _curved(styled, _exponent(light))


def with_changed_light(styled: np.ndarray, before: float, now: float) -> np.ndarray:
    """An image that `with_light` has given the light `before`, in the light `now`; float32 in 0..1."""
    if before == now:
        return styled
    if before < 1.0:
        unlit = np.clip(styled * np.float32(normalizing_gain(before)), 0.0, 1.0)
    elif before > 1.0:
        unlit = _curved(styled, 1.0 / _exponent(before))
    else:
        unlit = styled
    return with_light(unlit, now)


def _exponent(light: float) -> float:
    """k of `with_light` for a light above 1; it begins at 1, and as steeply as `_BRIGHTENING`."""
    room = _LIMIT - 1.0
    return (_LIMIT - room * exp((1.0 - light) / room)) ** _BRIGHTENING


def _curved(image: np.ndarray, exponent: float) -> np.ndarray:
    """The image with its largest channel v changed to 1 - (1 - v)^exponent, and the others in proportion."""
    largest = np.clip(image.max(axis=2, keepdims=True), 0.0, 1.0)
    curved = 1.0 - (1.0 - largest) ** np.float32(exponent)
    scale = np.where(largest > _BLACK, curved / np.maximum(largest, _BLACK), np.float32(exponent))
    return np.clip(image * scale, 0.0, 1.0).astype(np.float32)
