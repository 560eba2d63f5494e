"""AVIF: read as it looks, turned, in its own colors, with alpha; what is not read is named."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from tests.video.made_files.icc_files import DISPLAY_P3, SRGB_CURVE, make_profile
from tests.video.made_files.orientations import as_stored
from video.color.cicp import code_point_space
from video.color.icc import parse_profile
from video.errors import FileError
from video.frames.sequence import open_sequence
from video.images.headers.isobmff import HEIF_SUFFIXES
from video.images.image_files import image_size, read_picture

pytestmark = pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
ROWS, COLUMNS = np.mgrid[0:40, 0:56]
COLOR = np.stack([4 * COLUMNS, 6 * ROWS, 255 - 4 * COLUMNS], axis=2).astype(np.uint8)
# Colors that sRGB can show, whatever the primaries are.
MUTED = (80 + COLOR // 3).astype(np.uint8)
ALPHA = np.where(COLUMNS < 30, 255, np.where(ROWS < 20, 128, 0)).astype(np.uint8)[..., None]
LEVEL = 1.0 / 255.0
# Color is coded by differences: whole levels are lost.
WITHIN = 4.0 * LEVEL


def avif(pixels: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "AVIF", quality=100, subsampling="4:4:4", **options)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["a.avif", "a.png"])
def test_color(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(avif(COLOR))
    image = read_picture(tmp_path / name).image
    assert image.dtype == np.float32
    assert image_size(tmp_path / name) == (56, 40)
    np.testing.assert_allclose(image, COLOR / 255.0, atol=WITHIN)


def test_alpha(tmp_path: Path) -> None:
    (tmp_path / "a.avif").write_bytes(avif(np.concatenate([COLOR, ALPHA], axis=2)))
    image = read_picture(tmp_path / "a.avif").image
    np.testing.assert_allclose(image[..., 3:], ALPHA / 255.0, atol=LEVEL)
    shown = ALPHA[..., 0] > 0
    np.testing.assert_allclose(image[shown][:, :3], COLOR[shown] / 255.0, atol=WITHIN)


def test_gray(tmp_path: Path) -> None:
    (tmp_path / "a.avif").write_bytes(avif(COLOR[..., 0]))
    image = read_picture(tmp_path / "a.avif").image
    np.testing.assert_allclose(image, COLOR[..., :1].repeat(3, axis=2) / 255.0, atol=WITHIN)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_comes_upright(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x112] = orientation
    (tmp_path / "a.avif").write_bytes(avif(as_stored(COLOR, orientation), exif=exif))
    assert image_size(tmp_path / "a.avif") == (56, 40)
    np.testing.assert_allclose(read_picture(tmp_path / "a.avif").image, COLOR / 255.0, atol=WITHIN)


def test_a_profile_is_followed(tmp_path: Path) -> None:
    profile = make_profile(DISPLAY_P3, SRGB_CURVE)
    (tmp_path / "a.avif").write_bytes(avif(MUTED, icc_profile=profile))
    wanted = parse_profile(profile).to_display(MUTED / np.float32(255.0))
    np.testing.assert_allclose(read_picture(tmp_path / "a.avif").image, wanted, atol=2 * WITHIN)


def test_code_points_are_followed(tmp_path: Path) -> None:
    whole = avif(MUTED)
    place = whole.index(b"colrnclx") + len(b"colrnclx")
    (tmp_path / "a.avif").write_bytes(whole[:place] + struct.pack(">2H", 12, 13) + whole[place + 4 :])
    space = code_point_space(12, 13)
    assert space is not None
    wanted = space.to_display(MUTED / np.float32(255.0))
    np.testing.assert_allclose(read_picture(tmp_path / "a.avif").image, wanted, atol=2 * WITHIN)


def test_an_animation_is_refused(tmp_path: Path) -> None:
    frames = [Image.fromarray(COLOR), Image.fromarray(255 - COLOR)]
    frames[0].save(tmp_path / "a.avif", save_all=True, append_images=frames[1:])
    with pytest.raises(FileError, match="animation"):
        read_picture(tmp_path / "a.avif")


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3, 0.6, 0.95])
def test_a_picture_that_is_cut_short_is_refused(tmp_path: Path, share: float) -> None:
    whole = avif(COLOR)
    (tmp_path / "a.avif").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(FileError):
        read_picture(tmp_path / "a.avif")


def test_any_damage_is_told_in_one_line(tmp_path: Path) -> None:
    whole, random = avif(COLOR), np.random.default_rng(1)
    for place in random.integers(0, min(len(whole), 400), 60):
        (tmp_path / "a.avif").write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            image = read_picture(tmp_path / "a.avif").image
        except FileError as error:
            assert "\n" not in str(error)  # noqa: PT017
        else:
            assert np.isfinite(image).all()


def test_frames_are_found_in_a_folder(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"f_{number:04}.avif").write_bytes(avif(COLOR))
    assert ".avif" in HEIF_SUFFIXES
    assert open_sequence(tmp_path).numbers == [1, 2]


def test_a_heic_is_named_as_what_it_is(tmp_path: Path) -> None:
    # Without coded pixels: whether a library reads them or not, the file is none that can be shown.
    (tmp_path / "a.jpg").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200))
    with pytest.raises(FileError, match="HEIC"):
        read_picture(tmp_path / "a.jpg")
