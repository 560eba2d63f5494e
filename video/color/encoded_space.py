"""Display-referred color spaces that are described by their primaries and a gamma, as PNGs do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from video.color.color_space import REC_709, decode_srgb, encode_srgb, rgb_to_xyz

# Of primaries that lie in a line, or almost: a hundred times as much as the widest in use have.
_CONDITION = 1e6


@dataclass(frozen=True)
class EncodedSpace:
    """A file's RGB.

    Attributes:
        exponent: light is value to this power; None for sRGB's curve.
        chromaticities: x and y of red, green, blue and white.
    """

    exponent: float | None = None
    chromaticities: tuple[float, ...] = REC_709

    def to_display(self, color: np.ndarray) -> np.ndarray:
        """See `video.images.picture.Shown`."""
        values = np.clip(color, 0.0, 1.0)
        light = decode_srgb(values) if self.exponent is None else np.power(values, self.exponent)
        return encode_srgb(light @ self._to_rec_709.T)

    @property
    def is_srgb(self) -> bool:
        """Whether the values are sRGB as they are."""
        return self.exponent is None and bool(np.allclose(self.chromaticities, REC_709, atol=2e-3))

    @cached_property
    def _to_rec_709(self) -> np.ndarray:
        here, there = rgb_to_xyz(REC_709), rgb_to_xyz(self.chromaticities)
        return (np.linalg.inv(here) @ there).astype(np.float32)


def span_colors(chromaticities: tuple[float, ...]) -> bool:
    """Whether primaries and white are such that every color within has an amount of each primary."""
    if not all(0.0 <= x <= 1.0 for x in chromaticities) or min(chromaticities[1::2]) <= 0.0:
        return False
    xy = np.array(chromaticities, np.float64).reshape(4, 2)
    xyz = np.stack([xy[:, 0], xy[:, 1], 1.0 - xy.sum(axis=1)]) / xy[:, 1]
    if np.linalg.cond(xyz[:, :3]) > _CONDITION:
        return False
    # Of a white outside of the primaries one of them is less than nothing.
    return bool((np.linalg.solve(xyz[:, :3], xyz[:, 3]) > 0.0).all())
