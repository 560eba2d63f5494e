"""Formats beside the usual ones are read by value; what is read by none is named, with what to do."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.video.made_files.film_files import dpx, film_codes, portable_float_map
from tests.video.made_files.picture_corpus import written
from video.errors import FileError
from video.images.image_files import image_size, read_header, read_picture

ROWS, COLUMNS = np.mgrid[0:40, 0:56]
COLOR = np.stack([4 * COLUMNS, 6 * ROWS, 255 - 4 * COLUMNS], axis=2).astype(np.uint8)
SHOWN = COLOR / 255.0
LIGHT = np.where(SHOWN <= 0.04045, SHOWN / 12.92, ((SHOWN + 0.055) / 1.055) ** 2.4)


def refusal(path: Path) -> str:
    for read in (read_picture, image_size):
        with pytest.raises(FileError) as caught:
            read(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"8BPS\0\1" + bytes(100), "Photoshop.*PNG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><svg/>", "SVG"),
        (b"DDS |" + bytes(200), "DDS"),
        (b"gimp xcf v011", "GIMP"),
        (b"PK\x03\x04" + bytes(60), "Krita"),
        (b"II*\0\x10\0\0\0CR\x02\0" + bytes(60), "raw photograph"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "raw photograph"),
        (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", "movie.*stylize"),
        (b"\0\0\0\x14ftypqt  \0\0\2\0qt  ", "movie"),
        (b"RIFF\0\1\0\0AVI LIST", "movie"),
        (b"BLENDER-v402", "Blender file.*render"),
        (b"<!doctype HTML><html>404</html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS"),
        (b"\x1f\x8b\x08" + bytes(40), "compressed"),
        (b"SIMPLE  =                    T", "FITS"),
        (b"a painting, described in words " * 9, "no picture"),
    ],
)
def test_what_is_not_read_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "picture.png").write_bytes(content)
    with pytest.raises(FileError, match=said):
        read_picture(tmp_path / "picture.png")
    assert len(refusal(tmp_path / "picture.png").splitlines()) == 1


def jpeg2000(pixels: np.ndarray, mode: str = "RGB") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(stream, "JPEG2000", irreversible=False)
    return stream.getvalue()


def test_jpeg_2000_in_true_ycc_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.jp2").write_bytes(jpeg2000(COLOR, "YCbCr"))
    assert b"colr\x01\0\0\0\0\0\x12" in (tmp_path / "a.jp2").read_bytes()
    np.testing.assert_allclose(read_picture(tmp_path / "a.jp2").image, SHOWN, atol=3 / 255)


@pytest.mark.parametrize("alpha", [False, True])
def test_jpeg_2000_that_calls_rgb_ycc_is_refused(tmp_path: Path, alpha: bool) -> None:
    """So Blender writes it with its option YCC: RGB that is transformed while it is coded, and the label."""
    pixels = np.dstack([COLOR, COLOR[..., 0]]) if alpha else COLOR
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG2000", irreversible=False, mct=1)
    whole = stream.getvalue()
    (tmp_path / "a.jp2").write_bytes(whole)
    np.testing.assert_allclose(read_picture(tmp_path / "a.jp2").image[..., :3], SHOWN, atol=1e-3)
    label = b"colr\x01\0\0\0\0\0"
    assert whole.count(label + b"\x10") == 1
    (tmp_path / "b.jp2").write_bytes(whole.replace(label + b"\x10", label + b"\x12"))
    assert "YCC" in refusal(tmp_path / "b.jp2")


@pytest.mark.parametrize(
    ("transfer", "creator", "values"),
    [
        # Linear, as Blender and others write light.
        (2, b"OpenImageIO 2.5.11.0", LIGHT),
        (2, b"a program", LIGHT),
        (0, b"a program", LIGHT),
        # Scanned film: printing density, logarithmic.
        (1, b"a scanner", film_codes(SHOWN) / 1023.0),
        (3, b"a scanner", film_codes(SHOWN) / 1023.0),
        # Blender's option Log marks light so, and leaves it light.
        (1, b"OpenImageIO 2.5.11.0", LIGHT),
        # Video.
        (5, b"an editor", SHOWN),
        (6, b"an editor", SHOWN),
    ],
)
def test_dpx_by_its_transfer(tmp_path: Path, transfer: int, creator: bytes, values: np.ndarray) -> None:
    (tmp_path / "a.dpx").write_bytes(dpx(values, transfer, creator))
    np.testing.assert_allclose(read_picture(tmp_path / "a.dpx").image, SHOWN, atol=2e-3)


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("gray", [False, True])
def test_portable_float_maps_are_light(tmp_path: Path, big_endian: bool, gray: bool) -> None:
    light = LIGHT[..., :1] if gray else LIGHT
    (tmp_path / "a.pfm").write_bytes(portable_float_map(light, big_endian=big_endian))
    picture = read_picture(tmp_path / "a.pfm")
    shown = SHOWN[..., :1].repeat(3, axis=2) if gray else SHOWN
    np.testing.assert_allclose(picture.image, shown, atol=1e-3)
    assert picture.original is not None
    assert picture.original.space.scene_linear


@pytest.mark.parametrize("suffix", ["tga", "sgi", "iff", "bmp"])
@pytest.mark.parametrize("alpha", [False, True])
def test_formats_of_eight_bits(tmp_path: Path, suffix: str, alpha: bool) -> None:
    pixels = np.dstack([COLOR, COLOR[..., 0]]) if alpha else COLOR
    written(tmp_path / f"a.{suffix}", pixels)
    image = read_picture(tmp_path / f"a.{suffix}").image
    np.testing.assert_allclose(image, pixels / 255.0, atol=1e-6)
    assert image_size(tmp_path / f"a.{suffix}") == (56, 40)


def bitmap(pixels: np.ndarray, masks: tuple[int, int, int, int] | None, *, top_down: bool = False) -> bytes:
    """A BMP of 32 bits, with masks (version 4) or without (version 3), of (H, W, 4) in BGRA."""
    height, width, _ = pixels.shape
    rows = pixels if top_down else pixels[::-1]
    size, compression = (40, 0) if masks is None else (108, 3)
    info = struct.pack("<IiiHHI", size, width, -height if top_down else height, 1, 32, compression)
    info += struct.pack("<IiiII", rows.nbytes, 2835, 2835, 0, 0)
    if masks is not None:
        info += struct.pack("<4I", *masks)
    head = struct.pack("<2sIHHI", b"BM", 14 + size + rows.nbytes, 0, 0, 14 + size)
    return head + info.ljust(size, b"\0") + rows.tobytes()


MASKS = 0xFF0000, 0xFF00, 0xFF


@pytest.mark.parametrize("top_down", [False, True])
@pytest.mark.parametrize(
    ("masks", "fourth", "alpha"),
    [
        ((*MASKS, 0xFF000000), 128, True),
        ((*MASKS, 0xFF000000), 0, True),
        ((*MASKS, 0), 0, False),
        ((*MASKS, 0), 128, False),
        (None, 0, False),
        (None, 128, True),
    ],
)
def test_the_fourth_byte_of_a_bitmap_is_alpha_where_it_is_said_or_used(
    tmp_path: Path, masks: tuple[int, int, int, int] | None, fourth: int, alpha: bool, top_down: bool
) -> None:
    pixels = np.dstack([COLOR[..., ::-1], np.full(COLOR.shape[:2], fourth, np.uint8)])
    (tmp_path / "a.bmp").write_bytes(bitmap(pixels, masks, top_down=top_down))
    image = read_picture(tmp_path / "a.bmp").image
    assert image.shape[2] == (4 if alpha else 3)
    assert read_header(tmp_path / "a.bmp").alpha == alpha
    np.testing.assert_allclose(image[..., :3], SHOWN, atol=1e-6)
    if alpha:
        np.testing.assert_allclose(image[..., 3], fourth / 255.0, atol=1e-6)


def targa(pixels: np.ndarray, alpha_bits: int, attributes: int | None) -> bytes:
    """An uncompressed TGA of (H, W, 4) in BGRA, from the upper row down; attributes are the extension's."""
    height, width, _ = pixels.shape
    head = struct.pack("<3B2HB4H2B", 0, 0, 2, 0, 0, 0, 0, 0, width, height, 32, 0x20 | alpha_bits)
    whole = head + pixels.tobytes()
    if attributes is None:
        return whole
    extension = struct.pack("<H", 495).ljust(494, b"\0") + bytes([attributes])
    return whole + extension + struct.pack("<2I", len(whole), 0) + b"TRUEVISION-XFILE.\0"


@pytest.mark.parametrize(
    ("alpha_bits", "attributes", "fourth", "alpha"),
    [
        (8, None, 128, True),
        (8, None, 0, True),
        (0, None, 0, False),
        (0, None, 128, True),
        (8, 0, 128, False),
        (8, 1, 128, False),
        (8, 2, 128, True),
        (8, 3, 128, True),
        (8, 3, 0, True),
        (8, 4, 128, True),
    ],
)
def test_the_fourth_byte_of_a_targa_is_what_the_file_says(
    tmp_path: Path, alpha_bits: int, attributes: int | None, fourth: int, alpha: bool
) -> None:
    stored = COLOR * (fourth / 255.0) if attributes == 4 else COLOR
    pixels = np.dstack([np.round(stored[..., ::-1]), np.full(COLOR.shape[:2], fourth)]).astype(np.uint8)
    (tmp_path / "a.tga").write_bytes(targa(pixels, alpha_bits, attributes))
    image = read_picture(tmp_path / "a.tga").image
    assert image.shape[2] == (4 if alpha else 3)
    assert read_header(tmp_path / "a.tga").alpha == alpha
    np.testing.assert_allclose(image[..., :3], SHOWN, atol=1.1 / 255 if attributes == 4 else 1e-6)
    if alpha:
        np.testing.assert_allclose(image[..., 3], fourth / 255.0, atol=1e-6)


def with_scans(scans: int, side: int = 64) -> bytes:
    """A progressive JPEG whose last scan is there over and over again."""
    stream = io.BytesIO()
    Image.fromarray(COLOR).resize((side, side)).save(stream, "JPEG", progressive=True)
    whole = stream.getvalue()
    last = whole.rindex(b"\xff\xda")
    return whole[:last] + whole[last:-2] * scans + whole[-2:]


def test_thousands_of_progressive_scans_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(with_scans(3000))
    assert "progressive scans" in refusal(tmp_path / "a.jpg")
    # Fewer of a large picture take as long.
    (tmp_path / "b.jpg").write_bytes(with_scans(200, 3000))
    assert "progressive scans" in refusal(tmp_path / "b.jpg")


@pytest.mark.parametrize("side", [64, 2000])
def test_as_many_scans_as_encoders_make_are_read(tmp_path: Path, side: int) -> None:
    whole = with_scans(1, side)
    assert whole.count(b"\xff\xda") > 5
    (tmp_path / "a.jpg").write_bytes(whole)
    assert read_picture(tmp_path / "a.jpg").image.shape == (side, side, 3)


def test_a_comment_full_of_marks_is_no_scan(tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.fromarray(COLOR).save(stream, "JPEG", quality=95, comment=b"\xff\xda" * 20)
    (tmp_path / "a.jpg").write_bytes(stream.getvalue())
    assert read_picture(tmp_path / "a.jpg").image.shape == (40, 56, 3)
