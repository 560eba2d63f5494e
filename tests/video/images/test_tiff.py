"""TIFFs: every depth, layout, orientation and kind of alpha is read as the color that it means."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest

from tests.video.made_files.orientations import as_stored
from tests.video.made_files.tiff_files import Extra, Photometric, make_tiff
from video.errors import FileError
from video.images.image_files import image_size, read_picture

HEIGHT, WIDTH = 20, 25
ROWS, COLUMNS = np.mgrid[0:HEIGHT, 0:WIDTH]
COLOR = np.stack([COLUMNS / 24, ROWS / 19, (ROWS + COLUMNS) / 43], axis=2)
GRAY = COLOR[..., :1]
# Half, whole and none, in stripes.
ALPHA = np.select([COLUMNS < 8, COLUMNS < 14], [0.5, 1.0], 0.0)[..., None]
INTEGERS = {1: "u1", 2: "u1", 4: "u1", 8: "u1", 10: "u2", 12: "u2", 14: "u2", 16: "u2", 32: "u4"}
KINDS = (Photometric.RGB, Photometric.BLACK_IS_ZERO, Photometric.WHITE_IS_ZERO)
LEVEL = 1.0 / 255.0


def levels(values: np.ndarray, bits: int) -> np.ndarray:
    """Values in 0..1 as unsigned integers of so many bits."""
    return np.round(values * (2.0**bits - 1.0)).astype(INTEGERS[bits])


def shown(color: np.ndarray, alpha: np.ndarray | None = None) -> np.ndarray:
    """(H, W, 3 or 4) of color or gray."""
    whole = color if color.shape[2] == 3 else np.repeat(color, 3, axis=2)
    return whole if alpha is None else np.concatenate([whole, alpha], axis=2)


def check(path: Path, truth: np.ndarray, within: float) -> None:
    """The file is read as `truth`, color only where something is visible, and its size is told before."""
    image = read_picture(path).image
    assert image.dtype == np.float32
    assert image.shape == truth.shape
    assert image_size(path) == (truth.shape[1], truth.shape[0])
    seen = np.ones(truth.shape[:2], bool) if truth.shape[2] == 3 else truth[..., 3] > 0.0
    np.testing.assert_allclose(image[seen], truth[seen], atol=within)
    if truth.shape[2] == 4:
        np.testing.assert_allclose(image[..., 3], truth[..., 3], atol=LEVEL)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bits", INTEGERS)
def test_integers_of_every_depth(tmp_path: Path, bits: int, kind: Photometric) -> None:
    color = COLOR if kind is Photometric.RGB else GRAY
    whole = levels(color, bits)
    truth = shown(whole / (2.0**bits - 1.0))
    stored = 2**bits - 1 - whole if kind is Photometric.WHITE_IS_ZERO else whole
    for planar, big_endian in itertools.product((False, True), repeat=2):
        path = tmp_path / f"{planar}_{big_endian}.tif"
        tiff = make_tiff(stored, kind, bits=bits, planar=planar and bits >= 8, big_endian=big_endian)
        path.write_bytes(tiff)
        check(path, truth, 1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("depth", ["f2", "f4", "f8"])
def test_floats_are_display_values(tmp_path: Path, depth: str, kind: Photometric) -> None:
    color = COLOR if kind is Photometric.RGB else GRAY
    stored = (1.0 - color if kind is Photometric.WHITE_IS_ZERO else color).astype(depth)
    for planar, big_endian in itertools.product((False, True), repeat=2):
        path = tmp_path / f"{planar}_{big_endian}.tif"
        path.write_bytes(make_tiff(stored, kind, planar=planar, big_endian=big_endian))
        check(path, shown(color), 6e-4)


def test_floats_out_of_range_and_no_numbers_are_shown_as_a_display_would(tmp_path: Path) -> None:
    pixels = np.full((16, 16, 3), 0.5, np.float32)
    pixels[0, 0] = (np.nan, np.inf, -3.0)
    pixels[0, 1] = (7.0, 1.0, -np.inf)
    (tmp_path / "a.tif").write_bytes(make_tiff(pixels))
    image = read_picture(tmp_path / "a.tif").image
    assert image[0, 0].tolist() == [0.0, 1.0, 0.0]
    assert image[0, 1].tolist() == [1.0, 1.0, 0.0]


def with_alpha(kind: Photometric, extra: Extra) -> tuple[np.ndarray, np.ndarray]:
    """Samples in 0..1 of colors with alpha, and what they show."""
    color = COLOR if kind is Photometric.RGB else GRAY
    stored = color * ALPHA if extra is Extra.ASSOCIATED_ALPHA else color
    if kind is Photometric.WHITE_IS_ZERO:
        stored = 1.0 - stored
    truth = shown(color, None if extra is Extra.UNSPECIFIED else ALPHA)
    return np.concatenate([stored, ALPHA], axis=2), truth


def in_depths(samples: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    for bits in (8, 16, 32):
        yield f"u{bits}", levels(samples, bits)
    for depth in ("f2", "f4"):
        yield depth, samples.astype(depth)


@pytest.mark.parametrize("extra", Extra)
@pytest.mark.parametrize("kind", KINDS)
def test_alpha_is_what_the_file_says_and_color_comes_straight(
    tmp_path: Path, kind: Photometric, extra: Extra
) -> None:
    samples, truth = with_alpha(kind, extra)
    for depth, stored in in_depths(samples):
        for planar in (False, True):
            path = tmp_path / f"{depth}_{planar}.tif"
            path.write_bytes(make_tiff(stored, kind, extras=[extra], planar=planar))
            # Of half a level that was rounded away, alpha 0.5 makes one.
            check(path, truth, 2.0 * LEVEL if depth == "u8" else 2e-3)


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 2), (2, 0)])
def test_alpha_is_found_among_other_samples(tmp_path: Path, order: tuple[int, int]) -> None:
    extras = [Extra(each) for each in order]
    color = COLOR * ALPHA if Extra.ASSOCIATED_ALPHA in extras else COLOR
    other = np.full_like(ALPHA, 0.3)
    further = [other if each is Extra.UNSPECIFIED else ALPHA for each in extras]
    samples = levels(np.concatenate([color, *further], axis=2), 16)
    (tmp_path / "a.tif").write_bytes(make_tiff(samples, extras=extras))
    check(tmp_path / "a.tif", shown(COLOR, ALPHA), 1e-3)


@pytest.mark.parametrize("depth", ["u1", "u2", "f4"])
def test_a_fourth_sample_that_is_not_described_is_straight_alpha(tmp_path: Path, depth: str) -> None:
    # So OpenCV writes it.
    samples = np.concatenate([COLOR, ALPHA], axis=2)
    stored = samples if depth == "f4" else np.round(samples * (256.0 ** int(depth[1]) - 1.0))
    for big_endian in (False, True):
        (tmp_path / "a.tif").write_bytes(make_tiff(stored.astype(depth), big_endian=big_endian))
        check(tmp_path / "a.tif", shown(COLOR, ALPHA), LEVEL)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_is_turned_as_its_orientation_says(tmp_path: Path, orientation: int) -> None:
    for depth, stored in in_depths(as_stored(COLOR, orientation)):
        for planar in (False, True):
            path = tmp_path / f"{depth}_{planar}.tif"
            path.write_bytes(make_tiff(stored, orientation=orientation, planar=planar))
            check(path, COLOR, LEVEL if depth == "u8" else 6e-4)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palettes(tmp_path: Path, bits: int) -> None:
    random = np.random.default_rng(bits)
    palette = random.integers(0, 256, (2**bits, 3)).astype(np.uint16) * 257
    places = random.integers(0, 2**bits, (HEIGHT, WIDTH, 1)).astype(np.uint8)
    (tmp_path / "a.tif").write_bytes(make_tiff(places, Photometric.PALETTE, bits=bits, palette=palette))
    check(tmp_path / "a.tif", palette[places[..., 0]] / 65535.0, 1e-4)


REFUSED = {
    "signed 8": (make_tiff(np.zeros((16, 16, 3), np.int8)), "int8"),
    "signed 16": (make_tiff(np.zeros((16, 16, 3), np.int16)), "int16"),
    "signed 32": (make_tiff(np.zeros((16, 16, 3), np.int32)), "data and no colors"),
    "64 bits": (make_tiff(np.zeros((16, 16, 3), np.uint64)), "64 bits"),
    "24 bits": (make_tiff(np.zeros((16, 16, 3), np.uint32), bits=24), "24 bits"),
    "5 bits": (make_tiff(np.zeros((16, 16, 3), np.uint8), bits=5), "bits per sample"),
    "Lab": (make_tiff(np.zeros((16, 16, 3), np.uint8), Photometric.LAB), "Lab"),
    "mask": (make_tiff(np.zeros((16, 16, 1), np.uint8), Photometric.MASK), "kind 4"),
    "deep inks": (make_tiff(np.zeros((16, 16, 4), np.uint16), Photometric.SEPARATED), "save it as RGB"),
    "inks with alpha": (
        make_tiff(np.zeros((16, 16, 5), np.uint8), Photometric.SEPARATED, extras=[Extra.STRAIGHT_ALPHA]),
        "alpha",
    ),
    "LZMA": (make_tiff(np.zeros((16, 16, 3), np.uint8), numbers={259: 34925}), "LZMA.*LZW"),
    "Zstandard": (make_tiff(np.zeros((16, 16, 3), np.uint8), numbers={259: 50000}), "Zstandard"),
    "a thumbnail first": (make_tiff(np.zeros((16, 16, 3), np.uint8), numbers={254: 1}), "thumbnail"),
    "a digital negative": (make_tiff(np.zeros((16, 16, 3), np.uint8), numbers={50706: 0x01040000}), "raw"),
    "palette with alpha": (
        make_tiff(
            np.zeros((16, 16, 2), np.uint8),
            Photometric.PALETTE,
            extras=[Extra.STRAIGHT_ALPHA],
            palette=np.zeros((256, 3), np.uint16),
        ),
        "alpha",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_named(tmp_path: Path, name: str) -> None:
    content, said = REFUSED[name]
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(FileError, match=said):
        read_picture(tmp_path / "a.tif")


@pytest.mark.parametrize("straight", [0, 1])
def test_alpha_of_a_big_tiff(tmp_path: Path, straight: int) -> None:
    spec = oiio.ImageSpec(WIDTH, HEIGHT, 4, "uint16")
    spec.attribute("tiff:bigtiff", 1)
    spec.attribute("oiio:UnassociatedAlpha", straight)
    output = oiio.ImageOutput.create(str(tmp_path / "a.tif"))
    assert output is not None
    assert output.open(str(tmp_path / "a.tif"), spec)
    # OpenImageIO multiplies what it is given by alpha where it is to be stored so, or not.
    assert output.write_image(levels(np.concatenate([COLOR * ALPHA, ALPHA], axis=2), 16))
    assert output.close()
    assert (tmp_path / "a.tif").read_bytes()[2] == 43
    check(tmp_path / "a.tif", shown(COLOR * ALPHA if straight else COLOR, ALPHA), 1e-3)
