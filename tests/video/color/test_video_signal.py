"""HDR, wide gamuts and the curves of H.273 become the sRGB that they were made from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.video.made_files.movie_files import LOSSLESS, MovieFile, scene, ycbcr10
from video.color.video_signal import Primaries, Transfer, VideoColors
from video.movies.movie import read_movie

# ITU-R BT.2087: linear RGB of BT.709 to that of BT.2020.
TO_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
# From the primaries by hand: BT.709 to Display P3, both with the white D65.
TO_P3 = np.array([[0.8225, 0.1774, 0.0000], [0.0332, 0.9669, 0.0000], [0.0171, 0.0724, 0.9108]])


def light_of(display: np.ndarray) -> np.ndarray:
    return np.where(display <= 0.04045, display / 12.92, ((display + 0.055) / 1.055) ** 2.4)


def srgb(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)


def pq(nits: np.ndarray) -> np.ndarray:
    power = np.power(np.maximum(nits / 10000.0, 0.0), 0.1593017578125)
    return np.power((0.8359375 + 18.8515625 * power) / (1.0 + 18.6875 * power), 78.84375)


def hlg(light: np.ndarray) -> np.ndarray:
    log = 0.17883277 * np.log(np.maximum(12.0 * light - 0.28466892, 1e-9)) + 0.55991073
    return np.where(light <= 1.0 / 12.0, np.sqrt(3.0 * np.maximum(light, 0.0)), log)


def oetf(light: np.ndarray) -> np.ndarray:
    return np.where(light < 0.018, 4.5 * light, 1.099 * np.power(np.maximum(light, 1e-9), 0.45) - 0.099)


# The white of an SDR picture is the reference white of HDR: 203 cd/m² in PQ, 75 % of HLG's signal.
ENCODED: dict[str, tuple[Callable[[np.ndarray], np.ndarray], int, int]] = {
    "pq": (lambda light: pq(203.0 * light @ TO_2020.T), Primaries.BT2020, Transfer.PQ),
    "hlg": (lambda light: hlg(0.26496 * light @ TO_2020.T), Primaries.BT2020, Transfer.HLG),
    "bt2020": (lambda light: oetf(light @ TO_2020.T), Primaries.BT2020, Transfer.BT2020_10),
    "bt2020 12": (lambda light: oetf(light @ TO_2020.T), Primaries.BT2020, Transfer.BT2020_12),
    "p3": (lambda light: srgb(light @ TO_P3.T), Primaries.SMPTE432, Transfer.SRGB),
    "p3 of a phone": (lambda light: oetf(light @ TO_P3.T), Primaries.SMPTE432, Transfer.BT709),
    "p3 pq": (lambda light: pq(203.0 * light @ TO_P3.T), Primaries.SMPTE432, Transfer.PQ),
    "linear": (lambda light: light, Primaries.BT709, Transfer.LINEAR),
    "gamma 2.2": (lambda light: light ** (1 / 2.2), Primaries.BT709, Transfer.GAMMA22),
    "gamma 2.8": (lambda light: light ** (1 / 2.8), Primaries.BT709, Transfer.GAMMA28),
}


@pytest.mark.parametrize("name", ENCODED)
def test_what_is_no_brighter_than_white_comes_back(name: str) -> None:
    encode, primaries, transfer = ENCODED[name]
    rng = np.random.default_rng(1)
    grays = np.repeat(np.linspace(0.0, 0.9, 64)[:, None], 3, axis=1)
    colors = np.concatenate([scene(3).reshape(-1, 3), rng.uniform(0.05, 0.9, (500, 3)), grays])
    signal = encode(light_of(colors)).astype(np.float32)
    found = VideoColors(primaries, transfer, 9).to_srgb(signal)
    assert found.dtype == np.float32
    assert np.abs(found - colors).max() * 255.0 < 1.0
    white = VideoColors(primaries, transfer, 9).to_srgb(encode(np.ones((1, 3))).astype(np.float32))
    # In HDR a little is left for highlights.
    assert white.min() * 255.0 > (245.0 if transfer in (Transfer.PQ, Transfer.HLG) else 253.9)


@pytest.mark.parametrize("transfer", [Transfer.PQ, Transfer.HLG])
def test_highlights_stay_apart_and_keep_their_hue(transfer: int) -> None:
    brightness = np.array([0.8, 1.0, 1.5, 2.0, 3.0, 3.7])[:, None]
    encode, white = (pq, 203.0) if transfer == Transfer.PQ else (hlg, 0.26496)
    colors = VideoColors(Primaries.BT709, transfer, 1)
    gray = colors.to_srgb(encode(white * brightness * np.ones(3)).astype(np.float32))
    assert (np.diff(gray[:, 0]) > 0.0005).all()
    assert gray.max() <= 1.0
    orange = light_of(
        colors.to_srgb(encode(white * brightness * np.array([1.0, 0.5, 0.2])).astype(np.float32))
    )
    np.testing.assert_allclose(orange[:, 1] / orange[:, 0], 0.5, rtol=0.02)
    np.testing.assert_allclose(orange[:, 2] / orange[:, 0], 0.2, rtol=0.02)
    brightest = colors.to_srgb(np.ones((1, 3), np.float32))
    assert brightest.min() > 0.999


@pytest.mark.parametrize("transfer", [1, 2, 6, 11, 13, 14])
@pytest.mark.parametrize("primaries", [1, 2])
def test_sdr_of_bt_709_is_shown_as_it_is(primaries: int, transfer: int) -> None:
    signal = np.random.default_rng(2).random((20, 3), np.float32)
    colors = VideoColors(primaries, transfer, 1)
    if transfer == Transfer.BT2020_10 and primaries == Primaries.UNSPECIFIED:
        return  # by its curve alone it is BT.2020
    np.testing.assert_array_equal(colors.to_srgb(signal), signal)


@pytest.mark.parametrize("primaries", [Primaries.BT470BG, Primaries.SMPTE170M, Primaries.EBU3213])
def test_primaries_of_television_are_converted_and_grays_stay(primaries: int) -> None:
    colors = VideoColors(primaries, Transfer.SMPTE170M, 6)
    grays = np.repeat(np.linspace(0.0, 1.0, 20, dtype=np.float32)[:, None], 3, axis=1)
    assert np.abs(colors.to_srgb(grays) - grays).max() * 255.0 < 0.6
    green = colors.to_srgb(np.array([[0.2, 0.8, 0.3]], np.float32))
    assert 1.0 < np.abs(green - (0.2, 0.8, 0.3)).max() * 255.0 < 40.0


@pytest.mark.parametrize("name", ["pq", "hlg", "bt2020", "p3", "p3 pq"])
def test_the_tags_of_a_movie_reach_its_colors(tmp_path: Path, name: str) -> None:
    encode, primaries, transfer = ENCODED[name]
    signal = encode(light_of(scene(1)))
    of_red, of_blue = 0.2627, 0.0593
    red, green, blue = (signal[..., place] for place in range(3))
    luma = of_red * red + (1.0 - of_red - of_blue) * green + of_blue * blue
    frame = ycbcr10([64 + 876 * luma, 512 + 896 * (blue - luma) / 1.8814, 512 + 896 * (red - luma) / 1.4746])
    frame.colorspace = 9
    tags = {"colorspace": 9, "color_primaries": primaries, "color_trc": transfer, "color_range": 1}
    movie = MovieFile(pixel_format="yuv444p10le", tags=tags, options=LOSSLESS)
    found = list(read_movie(movie.write(tmp_path / "movie.mp4", [frame, frame])))
    assert len(found) == 2
    for each in found:
        difference = np.abs(each - scene(1)) * 255.0
        assert difference.mean() < 2.0
        assert difference.max() < 8.0
