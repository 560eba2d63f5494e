"""Pictures on disk: every kind is read as it looks, damage is told in one line, writing is all or nothing."""

from __future__ import annotations

import os
import socket
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from video.errors import FileError
from video.images.image_files import (
    check_writable,
    image_size,
    quantize,
    read_image,
    write_atomically,
    write_png,
)

Picture = Callable[..., np.ndarray]


@pytest.fixture
def rgb(picture: Picture) -> np.ndarray:
    """(48, 64, 3) uint8"""
    return np.round(picture(64, 48) * 255.0).astype(np.uint8)


@pytest.fixture
def ramp() -> np.ndarray:
    """(20, 30) uint16, every level a different one."""
    return np.linspace(0, 65535, 600).astype(np.uint16).reshape(20, 30)


def refusal(path: Path) -> str:
    """The message with which a file is refused, by `read_image`."""
    with pytest.raises(FileError) as error:
        read_image(path)
    assert error.value.path == path
    assert str(error.value).startswith(f"{path}: ")
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", [3, 4])
def test_png_gives_back_the_quantized_picture(
    tmp_path: Path, picture: Picture, bits: int, channels: int
) -> None:
    image = np.dstack([picture(64, 48), picture(64, 48)[::-1]])[..., :channels]
    write_png(tmp_path / "picture.png", image, bits)
    again = read_image(tmp_path / "picture.png")
    assert again.dtype == np.float32
    np.testing.assert_allclose(again, quantize(image, bits), atol=1e-7)
    assert np.abs(again - image).max() <= 0.5 / (2**bits - 1) + 1e-7


def test_png_has_as_many_bits_as_asked_for(tmp_path: Path, picture: Picture) -> None:
    for bits in (8, 16):
        write_png(tmp_path / "picture.png", picture(), bits)
        assert (tmp_path / "picture.png").read_bytes()[24] == bits


def test_values_outside_of_the_range_are_clipped(tmp_path: Path) -> None:
    image = np.full((16, 16, 3), [-1.0, 0.5, 7.0], np.float32)
    write_png(tmp_path / "picture.png", image)
    assert read_image(tmp_path / "picture.png")[3, 3].tolist() == pytest.approx([0.0, 128 / 255, 1.0])


def test_quantize_rounds_to_the_levels_of_a_file() -> None:
    assert quantize(np.array([0.5, 0.001, 0.003, 2.0], np.float32)).tolist() == pytest.approx(
        [128 / 255, 0, 1 / 255, 1]
    )
    assert quantize(np.array([0.5], np.float32), 16).tolist() == pytest.approx([32768 / 65535])


def test_quantize_twice_is_quantize_once(picture: Picture) -> None:
    once = quantize(picture())
    np.testing.assert_array_equal(quantize(once), once)


@pytest.mark.parametrize("suffix", ["png", "webp", "tif", "bmp"])
def test_lossless_formats(tmp_path: Path, rgb: np.ndarray, suffix: str) -> None:
    path = tmp_path / f"picture.{suffix}"
    Image.fromarray(rgb).save(path, lossless=True)
    np.testing.assert_allclose(read_image(path), rgb / 255.0, atol=1e-6)
    assert image_size(path) == (64, 48)


def test_jpeg_looks_the_same(tmp_path: Path, rgb: np.ndarray) -> None:
    Image.fromarray(rgb).save(tmp_path / "picture.jpg", quality=95, subsampling=0)
    assert np.abs(read_image(tmp_path / "picture.jpg") - rgb / 255.0).mean() < 0.02


@pytest.mark.parametrize(("orientation", "quarter_turns"), [(1, 0), (3, 2), (6, -1), (8, 1)])
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_photograph_is_turned_as_its_exif_orientation_says(
    tmp_path: Path, rgb: np.ndarray, orientation: int, quarter_turns: int, suffix: str
) -> None:
    exif = Image.Exif()
    exif[0x112] = orientation
    path = tmp_path / f"photo.{suffix}"
    Image.fromarray(rgb).save(path, exif=exif, quality=95, subsampling=0)
    turned = np.rot90(rgb / 255.0, quarter_turns)
    image = read_image(path)
    assert image.shape == turned.shape
    assert np.abs(image - turned).mean() < 0.02
    assert image_size(path) == (turned.shape[1], turned.shape[0])


def test_sixteen_bit_photograph_is_turned_too(tmp_path: Path, ramp: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x112] = 6
    Image.fromarray(ramp).save(tmp_path / "photo.png", exif=exif)
    image = read_image(tmp_path / "photo.png")
    assert image.shape == (30, 20, 3)
    np.testing.assert_allclose(image[..., 0], np.rot90(ramp, -1) / 65535.0, atol=1e-6)


def test_palette(tmp_path: Path, rgb: np.ndarray) -> None:
    indexed = Image.fromarray(rgb).quantize(16)
    indexed.save(tmp_path / "palette.png")
    np.testing.assert_allclose(
        read_image(tmp_path / "palette.png"), np.asarray(indexed.convert("RGB")) / 255.0, atol=1e-6
    )


def test_palette_with_a_transparent_color(tmp_path: Path) -> None:
    indexed = Image.fromarray(np.repeat(np.array([[0, 1]], np.uint8), 16, axis=0).repeat(8, axis=1), "P")
    indexed.putpalette([255, 0, 0, 0, 0, 255])
    indexed.save(tmp_path / "palette.png", transparency=0)
    image = read_image(tmp_path / "palette.png")
    assert image.shape == (16, 16, 4)
    assert image[0, 0].tolist() == [1.0, 0.0, 0.0, 0.0]
    assert image[0, 15].tolist() == [0.0, 0.0, 1.0, 1.0]


def test_gray(tmp_path: Path, rgb: np.ndarray) -> None:
    Image.fromarray(rgb[..., 0]).save(tmp_path / "gray.png")
    np.testing.assert_allclose(
        read_image(tmp_path / "gray.png"), rgb[..., :1].repeat(3, 2) / 255.0, atol=1e-6
    )


def test_gray_with_alpha(tmp_path: Path, rgb: np.ndarray) -> None:
    Image.fromarray(rgb[..., :2], "LA").save(tmp_path / "gray.png")
    np.testing.assert_allclose(read_image(tmp_path / "gray.png"), rgb[..., [0, 0, 0, 1]] / 255.0, atol=1e-6)


def test_black_and_white(tmp_path: Path, rgb: np.ndarray) -> None:
    dark = rgb[..., 0] > 127
    Image.fromarray(dark).save(tmp_path / "one_bit.png")
    np.testing.assert_array_equal(read_image(tmp_path / "one_bit.png"), dark[..., None].repeat(3, 2))


def test_cmyk_photograph(tmp_path: Path, rgb: np.ndarray) -> None:
    Image.fromarray(rgb).convert("CMYK").save(tmp_path / "print.jpg", quality=95)
    assert np.abs(read_image(tmp_path / "print.jpg") - rgb / 255.0).mean() < 0.05


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bit_gray_keeps_its_levels(tmp_path: Path, ramp: np.ndarray, suffix: str) -> None:
    Image.fromarray(ramp).save(tmp_path / f"gray.{suffix}")
    image = read_image(tmp_path / f"gray.{suffix}")
    np.testing.assert_allclose(image, ramp[..., None].repeat(3, 2) / 65535.0, atol=1e-6)
    assert len(np.unique(image)) == 600


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("channels", [3, 4])
def test_sixteen_bit_color_keeps_its_levels(
    tmp_path: Path, ramp: np.ndarray, suffix: str, channels: int
) -> None:
    color = np.dstack([ramp, ramp[::-1], ramp[:, ::-1], ramp[::-1, ::-1]])[..., :channels]
    in_file = cv2.cvtColor(color, cv2.COLOR_RGBA2BGRA if channels == 4 else cv2.COLOR_RGB2BGR)
    (tmp_path / f"color.{suffix}").write_bytes(cv2.imencode(f".{suffix}", in_file)[1].tobytes())
    image = read_image(tmp_path / f"color.{suffix}")
    np.testing.assert_allclose(image, color / 65535.0, atol=1e-6)


@pytest.mark.parametrize(
    "pixels",
    [
        np.linspace(0.0, 1.0, 600, dtype=np.float32).reshape(20, 30),
        np.linspace(0, 2**31 - 1, 600).astype(np.int32).reshape(20, 30),
    ],
    ids=["float", "int32"],
)
def test_tiff_of_32_bits_is_read_right_or_refused(tmp_path: Path, pixels: np.ndarray) -> None:
    path = tmp_path / "deep.tif"
    Image.fromarray(pixels).save(path)
    try:
        image = read_image(path)
    except FileError:
        return
    np.testing.assert_allclose(image[..., 0], pixels / pixels.max(), atol=0.003)


@pytest.mark.parametrize("name", ["bild – ünïcode 絵.png", "with  spaces .png", "#1 100%.png"])
def test_names_that_are_not_plain(tmp_path: Path, picture: Picture, name: str) -> None:
    path = tmp_path / "ordner ä" / name
    write_png(path, picture())
    assert read_image(path).shape == (48, 64, 3)
    write_png(path, picture(), 16)
    assert read_image(path).shape == (48, 64, 3)


def test_missing_picture_is_told(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "none.png")


@pytest.mark.parametrize("name", ["a" * 300, "a" * 5000, "a\0b"])
def test_a_name_that_no_file_system_takes_is_told(tmp_path: Path, name: str) -> None:
    assert len(refusal(tmp_path / f"{name}.png").splitlines()) == 1
    with pytest.raises(FileError, match="cannot be written to"):
        check_writable(tmp_path / name)


def test_folder_is_told(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path)


@pytest.mark.parametrize("kind", ["a pipe", "a device", "a socket"])
def test_what_is_no_regular_file_is_told_and_not_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "picture.png"
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a device":
        path.symlink_to("/dev/zero")
    else:
        socket.socket(socket.AF_UNIX).bind(str(path))
    assert kind in refusal(path)
    with pytest.raises(FileError, match=kind):
        image_size(path)


def test_an_empty_file_is_a_frame_that_is_not_rendered_yet(tmp_path: Path) -> None:
    for name in ("picture.png", "picture.exr"):
        (tmp_path / name).touch()
        assert "not rendered yet" in refusal(tmp_path / name)


@pytest.mark.parametrize("content", [b"", b"a painting, in words", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"])
def test_what_is_no_picture_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "text.png").write_bytes(content)
    refusal(tmp_path / "text.png")


@pytest.mark.parametrize("bits", [8, 16])
def test_truncated_png_is_told(tmp_path: Path, picture: Picture, bits: int) -> None:
    write_png(tmp_path / "whole.png", picture(), bits)
    whole = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    assert "damaged" in refusal(tmp_path / "half.png")


def test_truncated_jpeg_is_told(tmp_path: Path, rgb: np.ndarray) -> None:
    Image.fromarray(rgb).save(tmp_path / "whole.jpg")
    whole = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "half.jpg").write_bytes(whole[: len(whole) // 2])
    assert "damaged" in refusal(tmp_path / "half.jpg")


@pytest.mark.parametrize("side", [10_000, 100_000])
def test_header_of_a_huge_picture_is_refused_before_any_memory_is_taken(tmp_path: Path, side: int) -> None:
    def chunk(content: bytes) -> bytes:
        return struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))

    header = chunk(b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT" + zlib.compress(b""))
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + pixels)
    assert "too many pixels" in refusal(tmp_path / "bomb.png")


@pytest.mark.parametrize("content", [None, b"", b"words"])
def test_size_of_what_is_no_picture_is_refused_too(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "picture.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileError, match=r"picture\.png"):
        image_size(path)


def test_writing_makes_the_folder_and_leaves_one_file(tmp_path: Path, picture: Picture) -> None:
    write_png(tmp_path / "a" / "b" / "picture.png", picture())
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["picture.png"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_failing_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"old")

    def fail(temporary: Path) -> None:
        temporary.write_bytes(b"ne")
        raise error

    with pytest.raises(FileError if isinstance(error, OSError) else KeyboardInterrupt):
        write_atomically(path, fail)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_new_file_takes_the_old_ones_place_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"old")
    old_file = path.stat().st_ino

    def write(temporary: Path) -> None:
        temporary.write_bytes(b"new")
        assert temporary.parent == path.parent
        assert path.read_bytes() == b"old"

    write_atomically(path, write)
    assert path.read_bytes() == b"new"
    assert path.stat().st_ino != old_file


def test_a_folder_in_the_way_is_told_and_kept(tmp_path: Path, picture: Picture) -> None:
    (tmp_path / "picture.png").mkdir()
    with pytest.raises(FileError, match="cannot be written"):
        write_png(tmp_path / "picture.png", picture())
    assert [path.name for path in tmp_path.iterdir()] == ["picture.png"]


@pytest.mark.parametrize("place", ["file/picture.png", "file/folder/picture.png", "x" * 250 + ".png"])
def test_a_place_where_nothing_can_be_written_is_told(tmp_path: Path, picture: Picture, place: str) -> None:
    (tmp_path / "file").write_text("a file, no folder")
    with pytest.raises(FileError, match="cannot be written") as error:
        write_png(tmp_path / place, picture())
    assert error.value.path == tmp_path / place


def test_check_writable_makes_the_folder_and_leaves_it_empty(tmp_path: Path) -> None:
    check_writable(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_check_writable_refuses_a_place_below_a_file(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("a file, no folder")
    with pytest.raises(FileError, match="cannot be written to"):
        check_writable(tmp_path / place)


@pytest.mark.parametrize("suffix", ["png", "tif", "webp", "jp2"])
def test_a_flat_picture_is_no_bomb(tmp_path: Path, suffix: str) -> None:
    options = {"webp": {"lossless": True}, "tif": {"compression": "tiff_adobe_deflate"}}.get(suffix, {})
    Image.new("RGB", (5000, 5000), (50, 60, 70)).save(tmp_path / f"flat.{suffix}", **options)
    assert (tmp_path / f"flat.{suffix}").stat().st_size < 200_000
    assert image_size(tmp_path / f"flat.{suffix}") == (5000, 5000)
    shown = read_image(tmp_path / f"flat.{suffix}")[::999, ::999]
    np.testing.assert_allclose(shown * 255.0, np.broadcast_to((50, 60, 70), shown.shape), atol=1e-3)
