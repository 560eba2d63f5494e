"""High-frequency share: how much of a picture's power is finer than strokes, next to the painting's own.

Power above half the Nyquist frequency is detail of less than 4 px: grain, outliers, jagged edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from compositor.image_ops.resize import fit_array
from video.reports.light import LUMA_WEIGHTS

HALF_NYQUIST = 0.25
"""Cycles per pixel, radially."""

# Power, in squared units of 0..1, of a picture without any detail but rounding.
_NO_POWER = 1e-10
# A painting's share counts as so much at least: of a gray one the chroma has none.
_LEAST_SHARE = 1e-5


class HighFrequency(NamedTuple):
    """Of the luma, and of both chroma channels together."""

    luma: float
    chroma: float


class HighFrequencyRatio:
    """The high-frequency share of frames relative to that of the paintings at the same size.

    Args:
        paintings: (h, w, 3 or 4) float32, sRGB in 0..1.
    """

    def __init__(self, paintings: Sequence[np.ndarray]) -> None:
        self._paintings = paintings
        self._side = 0
        self._shares: list[HighFrequency] = []

    def of(self, image: np.ndarray) -> HighFrequency:
        """The ratio for a frame (H, W, 3 or 4): 1 where it has as much fine detail as the paintings.

        A painting is reduced to the frame's longer side. Where it is smaller than the frame it is not
        enlarged, since it would lose its fine detail; the frame is reduced instead. Of several paintings the
        mean ratio counts.
        """
        side = max(image.shape[:2])
        if side != self._side:
            self._side = side
            self._shares = [high_frequency_share(fit_array(each, side)) for each in self._paintings]
        ratios = []
        for painting, share in zip(self._paintings, self._shares, strict=True):
            own = high_frequency_share(fit_array(image, max(painting.shape[:2])))
            ratios.append([one / max(other, _LEAST_SHARE) for one, other in zip(own, share, strict=True)])
        return HighFrequency(*map(float, np.mean(ratios, axis=0)))


def high_frequency_share(image: np.ndarray) -> HighFrequency:
    """The power above half the Nyquist frequency relative to all but that of the mean.

    Of luma and chroma by ITU-R BT.709, under a Hann window: without it the jump from one border to the
    opposite one counts as fine detail.

    Args:
        image: (H, W, 3 or 4) float32, sRGB in 0..1.

    Returns:
        In 0..1; white noise has 1 − π / 16 = 0.804. 0 for a channel that is constant.
    """
    color = image[..., :3].astype(np.float32)
    luma = color @ LUMA_WEIGHTS
    # Both color differences, scaled to the same range of ±0.5.
    blue, red = ((color[..., channel] - luma) / (2.0 * (1.0 - LUMA_WEIGHTS[channel])) for channel in (2, 0))
    height, width = luma.shape
    window = np.outer(*(np.hanning(side + 2)[1:-1].astype(np.float32) for side in (height, width)))
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    fine = radius > HALF_NYQUIST
    return HighFrequency(_share([luma], window, fine), _share([blue, red], window, fine))


def _share(channels: Sequence[np.ndarray], window: np.ndarray, fine: np.ndarray) -> float:
    """The power of channels (H, W) at the frequencies `fine` (H, W // 2 + 1), over all of it."""
    high = total = 0.0
    width = window.shape[1]
    # Each frequency but those of the first column, and of the last of an even width, stands for two.
    twice = np.full(fine.shape[1], 2.0)
    twice[0] = 1.0
    if width % 2 == 0:
        twice[-1] = 1.0
    for channel in channels:
        # Without the mean as the window weighs it, nothing of it leaks into other frequencies.
        varying = channel - np.average(channel, weights=window)
        power = np.square(np.abs(np.fft.rfft2(varying * window))) * twice
        high += float(power[fine].sum())
        total += float(power.sum())
    return high / total if total > _NO_POWER * window.size**2 else 0.0
