"""What a file's numbers mean. PNG: cICP, iCCP, sRGB, gAMA and cHRM, the first of them that is there."""

from __future__ import annotations

import itertools
import struct
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest

from tests.video.made_files.icc_files import (
    ADOBE_RGB,
    DISPLAY_P3,
    SRGB_CURVE,
    gamma_curve,
    make_gray_profile,
    make_profile,
    table_curve,
)
from tests.video.made_files.png_files import chromaticities_chunk, gamma_chunk, make_png, profile_chunk
from tests.video.made_files.tiff_files import Extra, Photometric, make_tiff
from video.errors import FileError
from video.images.image_files import read_picture

ROWS, COLUMNS = np.mgrid[0:20, 0:25]
# Muted colors, which every gamut here holds, from black to white in each channel's mean.
SRGB = np.stack([0.2 + 0.5 * COLUMNS / 24, 0.25 + 0.4 * ROWS / 19, np.full((20, 25), 0.5)], axis=2)
SRGB[:3] = np.linspace(0.0, 1.0, 25)[:, None]
LEVEL = 1.0 / 255.0
REC_709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
# From Rec. 709 to others of the same white.
ADOBE_OF_709 = np.array([[0.7151, 0.2849, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0412, 0.9588]])
P3_OF_709 = np.array([[0.8225, 0.1774, 0.0], [0.0332, 0.9669, 0.0], [0.0171, 0.0724, 0.9108]])
REC_2020_OF_709 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])


def light(display: np.ndarray) -> np.ndarray:
    """Light of sRGB."""
    return np.where(display <= 0.04045, display / 12.92, ((display + 0.055) / 1.055) ** 2.4)


def srgb(linear: np.ndarray) -> np.ndarray:
    """sRGB of light."""
    linear = np.clip(linear, 0.0, 1.0)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


# By chunk, its content and the values in 0..1 that show SRGB if the chunk is what counts.
P3_VALUES = srgb(light(SRGB) @ P3_OF_709.T)
LINEAR_VALUES = light(SRGB)
CICP = {b"cICP": bytes([12, 13, 0, 1])}
ICCP = {
    b"iCCP": profile_chunk(
        make_profile((0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290), gamma_curve(1.0))
    )
}
GAMMA = {b"gAMA": gamma_chunk(1 / 1.8)}
GAMMA_VALUES = light(SRGB) ** (1 / 1.8)
P3_CHRM = {b"cHRM": chromaticities_chunk(DISPLAY_P3)}


def read(path: Path, values: np.ndarray, chunks: dict[bytes, bytes], bits: int = 16) -> np.ndarray:
    path.write_bytes(make_png(values, chunks, bits))
    return read_picture(path).image


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("gamma", [1.0, 1 / 1.8, 1 / 2.2, 1 / 2.4, 0.45455, 0.45454, 0.3])
def test_gamma(tmp_path: Path, gamma: float, bits: int) -> None:
    # 1/2.2 is how sRGB is written in a gAMA chunk.
    values = SRGB if abs(gamma - 1 / 2.2) < 1e-4 else light(SRGB) ** gamma
    image = read(tmp_path / "a.png", values, {b"gAMA": gamma_chunk(gamma)}, bits)
    stored = np.round(values * (2**bits - 1)) / (2**bits - 1)
    truth = stored if abs(gamma - 1 / 2.2) < 1e-4 else srgb(stored ** (1 / gamma))
    np.testing.assert_allclose(image, truth, atol=2e-3)


@pytest.mark.parametrize("gamma", [None, 0.45455, 1.0])
def test_primaries(tmp_path: Path, gamma: float | None) -> None:
    linear = light(SRGB) @ P3_OF_709.T
    chunks = P3_CHRM | ({} if gamma is None else {b"gAMA": gamma_chunk(gamma)})
    image = read(tmp_path / "a.png", linear if gamma == 1.0 else srgb(linear), chunks)
    np.testing.assert_allclose(image, SRGB, atol=LEVEL)


def test_srgbs_own_primaries_change_nothing(tmp_path: Path) -> None:
    chunks = {b"gAMA": gamma_chunk(0.45455), b"cHRM": chromaticities_chunk(REC_709)}
    path = tmp_path / "a.png"
    np.testing.assert_allclose(read(path, SRGB, chunks), SRGB, atol=1e-5)
    assert read_picture(path).original is None


ORDER = {
    "cICP": (CICP, P3_VALUES),
    "iCCP": (ICCP, LINEAR_VALUES),
    "sRGB": ({b"sRGB": b"\0"}, SRGB),
    "gAMA": (GAMMA, GAMMA_VALUES),
}


# The standard forbids iCCP and sRGB in one file.
PAIRS = [pair for pair in itertools.combinations(ORDER, 2) if pair != ("iCCP", "sRGB")]


@pytest.mark.parametrize(("first", "second"), PAIRS)
@pytest.mark.parametrize("swapped", [False, True])
def test_the_standards_order_decides_whatever_the_files(
    tmp_path: Path, first: str, second: str, swapped: bool
) -> None:
    chunks = [ORDER[first][0], ORDER[second][0]]
    whole = chunks[1] | chunks[0] if swapped else chunks[0] | chunks[1]
    np.testing.assert_allclose(read(tmp_path / "a.png", ORDER[first][1], whole), SRGB, atol=LEVEL)
    # The other one alone says something else.
    other = read(tmp_path / "b.png", ORDER[first][1], chunks[1])
    assert np.abs(other - SRGB).max() > 5 * LEVEL


@pytest.mark.parametrize(
    ("codes", "values"),
    [
        ((1, 13, 0, 1), SRGB),
        ((12, 13, 0, 1), P3_VALUES),
        ((9, 13, 0, 1), srgb(light(SRGB) @ REC_2020_OF_709.T)),
        ((9, 8, 0, 1), light(SRGB) @ REC_2020_OF_709.T),
        ((1, 8, 0, 1), light(SRGB)),
        ((1, 4, 0, 1), light(SRGB) ** (1 / 2.2)),
        ((1, 1, 0, 1), SRGB),
        ((2, 2, 0, 1), SRGB),
        ((1, 13, 0, 0), (16.0 + 219.0 * SRGB) / 255.0),
        ((12, 13, 0, 0), (16.0 + 219.0 * P3_VALUES) / 255.0),
    ],
)
def test_code_points(tmp_path: Path, codes: tuple[int, ...], values: np.ndarray) -> None:
    image = read(tmp_path / "a.png", values, {b"cICP": bytes(codes)})
    np.testing.assert_allclose(image, SRGB, atol=LEVEL)


@pytest.mark.parametrize(
    ("codes", "values"),
    [((12, 13, 0, 1), P3_VALUES), ((1, 13, 0, 1), SRGB), ((1, 8, 0, 1), LINEAR_VALUES)],
)
def test_jpeg_xl_names_colors_by_code_points_too(
    tmp_path: Path, codes: tuple[int, ...], values: np.ndarray
) -> None:
    pixels = np.round(np.clip(values, 0.0, 1.0) * 65535.0).astype(np.uint16)
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], 3, "uint16")
    spec.attribute("CICP", "int[4]", codes)
    spec.attribute("compression", "jpegxl:100")
    output = oiio.ImageOutput.create(str(tmp_path / "a.jxl"))
    assert output is not None
    assert output.open(str(tmp_path / "a.jxl"), spec)
    assert output.write_image(pixels)
    assert output.close()
    np.testing.assert_allclose(read_picture(tmp_path / "a.jxl").image, SRGB, atol=LEVEL)


def pq(light_of_display: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084 of light that is 1 at 203 cd/m²."""
    power = (light_of_display * 203.0 / 10_000.0) ** (2610 / 16384)
    return ((3424 / 4096 + 2413 / 128 * power) / (1.0 + 2392 / 128 * power)) ** (2523 / 32)


def test_pq_is_shown_as_on_a_display_of_standard_range(tmp_path: Path) -> None:
    values = pq(light(SRGB) @ REC_2020_OF_709.T)
    image = read(tmp_path / "a.png", values, {b"cICP": bytes([9, 16, 0, 1])})
    # Highlights are compressed from a little below white on.
    np.testing.assert_allclose(image, SRGB, atol=8 * LEVEL)
    muted = SRGB.max(axis=2) < 0.9
    np.testing.assert_allclose(image[muted], SRGB[muted], atol=LEVEL)
    # What is brighter than white stays apart from it, and in range.
    bright = read(tmp_path / "b.png", pq(np.full((4, 4, 3), 4.0)), {b"cICP": bytes([9, 16, 0, 1])})
    assert image.max() < bright.min() <= 1.0


@pytest.mark.parametrize("codes", [(0, 13, 0, 1), (12, 3, 0, 1), (99, 99, 0, 1), (10, 17, 0, 1)])
def test_code_points_that_mean_nothing_are_told(tmp_path: Path, codes: tuple[int, ...]) -> None:
    (tmp_path / "a.png").write_bytes(make_png(SRGB, {b"cICP": bytes(codes)}))
    with pytest.raises(FileError, match="cICP"):
        read_picture(tmp_path / "a.png")


@pytest.mark.parametrize(
    "chunks",
    [
        {b"gAMA": bytes(4)},
        {b"gAMA": b"\xff\xff\xff\xff"},
        {b"gAMA": b"\0"},
        {b"cHRM": bytes(32)},
        {b"cHRM": b"\xff" * 32},
        # Primaries in one line.
        {b"cHRM": chromaticities_chunk((0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.3127, 0.329))},
        # A white outside of them.
        {b"cHRM": chromaticities_chunk((0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.7, 0.2))},
        {b"cHRM": b"\0" * 31},
    ],
)
def test_chunks_that_name_no_colors_are_passed_over(tmp_path: Path, chunks: dict[bytes, bytes]) -> None:
    np.testing.assert_allclose(read(tmp_path / "a.png", SRGB, chunks), SRGB, atol=1e-5)


def test_a_damaged_chunk_is_passed_over(tmp_path: Path) -> None:
    whole = make_png(SRGB, GAMMA)
    place = whole.index(b"gAMA") + 4
    (tmp_path / "a.png").write_bytes(whole[:place] + b"\x01" + whole[place + 1 :])
    try:
        image = read_picture(tmp_path / "a.png").image
    except FileError:
        return
    np.testing.assert_allclose(image, SRGB, atol=1e-5)


def test_alpha_is_no_color(tmp_path: Path) -> None:
    alpha = np.linspace(0.0, 1.0, 25)[None, :, None].repeat(20, axis=0)
    image = read(
        tmp_path / "a.png", np.concatenate([LINEAR_VALUES, alpha], axis=2), {b"gAMA": gamma_chunk(1.0)}
    )
    np.testing.assert_allclose(image[..., 3:], alpha, atol=1e-4)
    np.testing.assert_allclose(image[..., :3], SRGB, atol=2e-3)


def test_gray_with_gamma(tmp_path: Path) -> None:
    image = read(tmp_path / "a.png", LINEAR_VALUES[..., :1], {b"gAMA": gamma_chunk(1.0)})
    np.testing.assert_allclose(image, SRGB[..., :1].repeat(3, axis=2), atol=2e-3)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", [1, 3])
def test_one_color_that_is_transparent(tmp_path: Path, channels: int, bits: int) -> None:
    values = np.minimum(SRGB[..., :channels], 0.9)
    values[10:15, 5:15] = 1.0
    content = struct.pack(f">{channels}H", *[2**bits - 1] * channels)
    image = read(tmp_path / "a.png", values, {b"tRNS": content}, bits)
    alpha = np.ones((20, 25))
    alpha[10:15, 5:15] = 0.0
    np.testing.assert_array_equal(image[..., 3], alpha)
    whole = values if channels == 3 else values.repeat(3, axis=2)
    np.testing.assert_allclose(image[..., :3][alpha > 0], whole[alpha > 0], atol=LEVEL)


CURVES = {
    "gamma": (gamma_curve(1.8), lambda linear: linear ** (1 / 1.8)),
    "linear": (gamma_curve(1.0), lambda linear: linear),
    "identity": (struct.pack(">4s4xI", b"curv", 0), lambda linear: linear),
    "sRGB": (SRGB_CURVE, srgb),
    "table": (table_curve(np.linspace(0.0, 1.0, 1025) ** 1.5), lambda linear: linear ** (1 / 1.5)),
}


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("alpha", [False, True])
def test_profiles_of_gray(tmp_path: Path, name: str, suffix: str, alpha: bool) -> None:
    curve, encode = CURVES[name]
    gray = SRGB[..., :1]
    values, profile = encode(light(gray)), make_gray_profile(curve)
    if alpha:
        values = np.concatenate([values, np.full_like(gray, 0.5)], axis=2)
    path = tmp_path / f"a.{suffix}"
    if suffix == "png":
        path.write_bytes(make_png(values, {b"iCCP": profile_chunk(profile)}))
    else:
        samples = np.round(values * 65535.0).astype(np.uint16)
        path.write_bytes(
            make_tiff(
                samples,
                Photometric.BLACK_IS_ZERO,
                extras=[Extra.STRAIGHT_ALPHA] if alpha else [],
                profile=profile,
            )
        )
    image = read_picture(path).image
    assert image.shape[2] == 3 + alpha
    np.testing.assert_allclose(image[..., :3], gray.repeat(3, axis=2), atol=LEVEL)


def test_a_profile_of_gray_in_a_picture_in_color_is_passed_over(tmp_path: Path) -> None:
    chunks = {b"iCCP": profile_chunk(make_gray_profile(gamma_curve(1.0)))}
    np.testing.assert_allclose(read(tmp_path / "a.png", SRGB, chunks), SRGB, atol=1e-5)


@pytest.mark.parametrize("depth", ["u1", "u2", "u4", "f4"])
@pytest.mark.parametrize("associated", [False, True])
def test_a_profile_goes_with_any_tiff(tmp_path: Path, depth: str, associated: bool) -> None:
    values = (light(SRGB) @ ADOBE_OF_709.T) ** (256 / 563)
    alpha = np.full((20, 25, 1), 0.5)
    stored = np.concatenate([values * alpha if associated else values, alpha], axis=2)
    if depth[0] == "u":
        stored = np.round(stored * (256.0 ** int(depth[1]) - 1))
    profile = make_profile(ADOBE_RGB, gamma_curve(563 / 256))
    tiff = make_tiff(
        stored.astype(depth),
        extras=[Extra.ASSOCIATED_ALPHA if associated else Extra.STRAIGHT_ALPHA],
        profile=profile,
    )
    (tmp_path / "a.tif").write_bytes(tiff)
    image = read_picture(tmp_path / "a.tif").image
    # The first rows are almost black: one level there is many in sRGB.
    within = 3.0 if depth == "u1" else 0.5
    np.testing.assert_allclose(image[3:, :, :3], SRGB[3:], atol=within * LEVEL)
