"""What a movie's color tags mean: from the nonlinear RGB of a video signal to sRGB.

The numbers are the code points of ITU-T H.273 (ISO/IEC 23091-2), which containers and codecs share.

- **SDR of BT.709 or BT.601** keeps its values, as players do; other primaries than BT.709's are converted.
- **SDR of a wide gamut** (BT.2020, Display P3) is brought to light by its own transfer function.
- **PQ** is light as a display shows it: 203 cd/m², the reference white of HDR (ITU-R BT.2408), becomes white.
- **HLG** is light of the scene; 75 % of the signal is the reference white. The system gamma that turns it
  into light of a display depends on the display's brightness (BT.2100, note 5f) and is 1 for a nominal peak
  of 334 cd/m²: there the reference white has 88 cd/m², about that of an SDR display.
- **Highlights** are compressed from a little below white on (Reinhard et al. 2002, equation 4), by the
  largest of the three components, so that hue and saturation stay. What is not brighter than white looks as
  it does in SDR.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import numpy as np

from video.color.color_space import decode_srgb, encode_srgb, rgb_to_xyz

_LEVELS = 1 << 16
_PQ_PEAK = 10_000.0
# cd/m²: of the reference white, and the brightest highlight that the compression keeps apart from white.
_PQ_WHITE, _PQ_BRIGHTEST = 203.0, 1000.0
# sRGB value from which on highlights are compressed. White becomes 0.975, six levels of 255 less.
_KNEE = 0.95


class Primaries(IntEnum):
    """Table 2 of H.273."""

    BT709 = 1
    UNSPECIFIED = 2
    BT470M = 4
    BT470BG = 5
    SMPTE170M = 6
    SMPTE240M = 7
    FILM = 8
    BT2020 = 9
    SMPTE428 = 10
    SMPTE431 = 11
    SMPTE432 = 12
    EBU3213 = 22


class Transfer(IntEnum):
    """Table 3 of H.273."""

    BT709 = 1
    UNSPECIFIED = 2
    GAMMA22 = 4
    GAMMA28 = 5
    SMPTE170M = 6
    SMPTE240M = 7
    LINEAR = 8
    LOG = 9
    LOG_SQRT = 10
    IEC61966_2_4 = 11
    BT1361 = 12
    SRGB = 13
    BT2020_10 = 14
    BT2020_12 = 15
    PQ = 16
    SMPTE428 = 17
    HLG = 18


class Matrix(IntEnum):
    """Table 4 of H.273."""

    RGB = 0
    BT709 = 1
    UNSPECIFIED = 2
    FCC = 4
    BT470BG = 5
    SMPTE170M = 6
    SMPTE240M = 7
    YCGCO = 8
    BT2020 = 9


_D65 = (0.3127, 0.3290)
_C = (0.310, 0.316)
_CHROMATICITIES: dict[int, tuple[float, ...]] = {
    Primaries.BT709: (0.640, 0.330, 0.300, 0.600, 0.150, 0.060, *_D65),
    Primaries.BT470M: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, *_C),
    Primaries.BT470BG: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    Primaries.SMPTE170M: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    Primaries.SMPTE240M: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    Primaries.FILM: (0.681, 0.319, 0.243, 0.692, 0.145, 0.049, *_C),
    Primaries.BT2020: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    Primaries.SMPTE431: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    Primaries.SMPTE432: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),
    Primaries.EBU3213: (0.630, 0.340, 0.295, 0.605, 0.155, 0.077, *_D65),
}
_WIDE = {Primaries.FILM, Primaries.BT2020, Primaries.SMPTE431, Primaries.SMPTE432}
# Curves of SDR video, whose values players show as they are.
_SDR = {
    Transfer.BT709,
    Transfer.UNSPECIFIED,
    Transfer.SMPTE170M,
    Transfer.SMPTE240M,
    Transfer.IEC61966_2_4,
    Transfer.BT1361,
    Transfer.SRGB,
    Transfer.BT2020_10,
    Transfer.BT2020_12,
}


@dataclass(frozen=True)
class VideoColors:
    """The color tags of a movie, by their code points; ones that are not known count as unspecified."""

    primaries: int = Primaries.UNSPECIFIED
    transfer: int = Transfer.UNSPECIFIED
    matrix: int = Matrix.UNSPECIFIED

    @property
    def is_hdr(self) -> bool:
        """Whether highlights are brighter than white."""
        return self.transfer in (Transfer.PQ, Transfer.HLG)

    @property
    def is_srgb(self) -> bool:
        """Whether the values are shown as they are."""
        return self.transfer in _SDR and self._primaries == Primaries.BT709

    def to_srgb(self, signal: np.ndarray) -> np.ndarray:
        """The signal (…, 3), float32 in 0..1, as sRGB in 0..1, float32."""
        if self.is_srgb:
            return signal
        codes = np.round(np.clip(signal, 0.0, 1.0) * np.float32(_LEVELS - 1)).astype(np.uint16)
        light = _light_table(self._curve)[codes]
        to_rec_709 = _to_rec_709(self._primaries)
        if to_rec_709 is not None:
            light = light @ to_rec_709.T
        np.maximum(light, 0.0, out=light)
        return encode_srgb(_compressed(light, _brightest(self.transfer)) if self.is_hdr else light)

    @property
    def _primaries(self) -> int:
        """Those that are named; else those that go with the rest of the tags."""
        if self.primaries in _CHROMATICITIES:
            return self.primaries
        wide = self.is_hdr or self.matrix == Matrix.BT2020 or self.transfer in _OF_BT2020
        return Primaries.BT2020 if wide else Primaries.BT709

    @property
    def _curve(self) -> int:
        if self.transfer not in _SDR:
            return self.transfer if self.transfer in _TO_LIGHT else Transfer.SRGB
        if self._primaries not in _WIDE:
            return Transfer.SRGB
        if self.transfer == Transfer.UNSPECIFIED:
            return Transfer.BT709 if self._primaries == Primaries.BT2020 else Transfer.SRGB
        return self.transfer


_OF_BT2020 = (Transfer.BT2020_10, Transfer.BT2020_12)


@lru_cache(maxsize=8)
def _to_rec_709(primaries: int) -> np.ndarray | None:
    if primaries == Primaries.BT709:
        return None
    here, there = (rgb_to_xyz(_CHROMATICITIES[each]) for each in (Primaries.BT709, primaries))
    return (np.linalg.inv(here) @ there).astype(np.float32)


@lru_cache(maxsize=4)
def _light_table(transfer: int) -> np.ndarray:
    """Light, relative to the reference white, of each level of a signal in 16 bits; float32."""
    signal = np.arange(_LEVELS, dtype=np.float64) / (_LEVELS - 1)
    return _TO_LIGHT[transfer](signal).astype(np.float32)


def _pq(signal: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084, BT.2100 table 4."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    power = signal ** (1.0 / m2)
    return (np.maximum(power - c1, 0.0) / (c2 - c3 * power)) ** (1.0 / m1) * (_PQ_PEAK / _PQ_WHITE)


def _hlg_scene(signal: np.ndarray) -> np.ndarray:
    """The inverse OETF of BT.2100 table 5, in 0..1."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(signal <= 0.5, signal**2 / 3.0, (np.exp((signal - c) / a) + b) / 12.0)


def _hlg(signal: np.ndarray) -> np.ndarray:
    return _hlg_scene(signal) / _hlg_scene(np.array(0.75))


def _bt709(signal: np.ndarray) -> np.ndarray:
    """The inverse OETF of BT.709 and of BT.2020, in full precision as BT.2020 table 4 gives its constants."""
    alpha, beta = 1.09929682680944, 0.018053968510807
    return np.where(signal < 4.5 * beta, signal / 4.5, ((signal + alpha - 1.0) / alpha) ** (1.0 / 0.45))


def _smpte240m(signal: np.ndarray) -> np.ndarray:
    return np.where(signal < 0.0913, signal / 4.0, ((signal + 0.1115) / 1.1115) ** (1.0 / 0.45))


_TO_LIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    Transfer.BT709: _bt709,
    Transfer.SMPTE170M: _bt709,
    Transfer.IEC61966_2_4: _bt709,
    Transfer.BT1361: _bt709,
    Transfer.BT2020_10: _bt709,
    Transfer.BT2020_12: _bt709,
    Transfer.SMPTE240M: _smpte240m,
    Transfer.GAMMA22: lambda signal: signal**2.2,
    Transfer.GAMMA28: lambda signal: signal**2.8,
    Transfer.LINEAR: lambda signal: signal,
    Transfer.LOG: lambda signal: np.where(signal > 0.0, 10.0 ** (2.0 * (signal - 1.0)), 0.0),
    Transfer.LOG_SQRT: lambda signal: np.where(signal > 0.0, 10.0 ** (2.5 * (signal - 1.0)), 0.0),
    Transfer.SRGB: lambda signal: decode_srgb(signal).astype(np.float64),
    Transfer.SMPTE428: lambda signal: signal**2.6 * (52.37 / 48.0),
    Transfer.PQ: _pq,
    Transfer.HLG: _hlg,
}


def _brightest(transfer: int) -> float:
    """The light that the compression makes white, relative to the reference white."""
    return _PQ_BRIGHTEST / _PQ_WHITE if transfer == Transfer.PQ else float(_hlg(np.ones(1))[0])


def _compressed(light: np.ndarray, brightest: float) -> np.ndarray:
    """Rec. 709 light (…, 3), not negative, with its highlights in 0..1."""
    largest = light.max(axis=-1)
    bright = largest > decode_srgb(np.array(_KNEE))
    if not bright.any():
        return light
    end = _beyond_white(np.array(brightest, np.float32))
    room = np.float32(1.0 - _KNEE)
    most = (end - _KNEE) / room
    above = (np.minimum(_beyond_white(largest[bright]), end) - _KNEE) / room
    mapped = _KNEE + room * above * (1.0 + above / most**2) / (1.0 + above)
    result = light.copy()
    result[bright] *= (decode_srgb(mapped) / largest[bright])[:, None]
    return result


def _beyond_white(light: np.ndarray) -> np.ndarray:
    """sRGB's curve, continued above 1."""
    return np.float32(1.055) * np.power(light, np.float32(1.0 / 2.4)) - np.float32(0.055)
