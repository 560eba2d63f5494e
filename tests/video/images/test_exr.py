"""EXRs: what is written comes back; the picture among many channels is found."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
import OpenEXR
import pytest

from tests.video.made_files.exr_files import write_exr as write_channels
from video.color.color_space import SceneLinear
from video.errors import FileError
from video.images.exr import (
    LARGEST_HALF,
    exr_header,
    read_attributes,
    read_channels,
    read_color,
    write_exr,
)
from video.images.exr_channels import color_channels
from video.images.image_files import image_size, read_picture

RNG = np.random.default_rng(11)
LIGHT = (4.0 * RNG.random((12, 18, 4))).astype(np.float32)
LIGHT[..., 3] = RNG.random((12, 18))


@pytest.mark.parametrize("channels", [3, 4])
def test_half_precision_comes_back(tmp_path: Path, channels: int) -> None:
    path = tmp_path / "ü b.exr"
    write_exr(path, LIGHT[..., :channels], {"a text": "ü"})
    np.testing.assert_array_equal(read_color(path), LIGHT[..., :channels].astype(np.float16))
    assert exr_header(path).size == image_size(path) == (18, 12)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    with OpenEXR.File(str(path), header_only=True) as file:
        assert file.parts[0].header["a text"] == "ü"
        assert file.parts[0].header["compression"] == OpenEXR.ZIP_COMPRESSION


def test_what_half_cannot_hold_is_its_largest(tmp_path: Path) -> None:
    write_exr(tmp_path / "a.exr", np.full((4, 4, 3), 1e9, np.float32))
    assert (read_color(tmp_path / "a.exr") == LARGEST_HALF).all()


def test_what_is_no_number_is_black(tmp_path: Path) -> None:
    pixels = LIGHT[..., :3].copy()
    pixels[0, 0] = (np.nan, np.inf, -np.inf)
    OpenEXR.File({"type": OpenEXR.scanlineimage}, {"RGB": pixels}).write(str(tmp_path / "a.exr"))
    assert read_color(tmp_path / "a.exr")[0, 0].tolist() == [0.0, LARGEST_HALF, -LARGEST_HALF]
    assert read_picture(tmp_path / "a.exr").image[0, 0].tolist() == [0.0, 1.0, 0.0]


def test_what_is_premultiplied_is_shown_straight_with_srgbs_curve(tmp_path: Path) -> None:
    half = np.full((4, 4, 4), 0.5, np.float32)
    half[..., :3] = 0.5 * 0.2140
    half[0, 0] = 0.0
    write_exr(tmp_path / "a.exr", half)
    image = read_picture(tmp_path / "a.exr").image
    np.testing.assert_allclose(image[1:], 0.5, atol=1e-3)
    assert image[0, 0].tolist() == [0.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["R", "G", "B", "A", "Z"], "RGBA"),
        (["r", "g", "b"], "rgb"),
        (["V.Combined.R", "V.Combined.G", "V.Combined.B", "V.Combined.A"], "V.Combined."),
        (["V.Combined.R", "V.Combined.G", "V.Combined.B", "Composite.Combined.R"], "V.Combined."),
        (
            [f"{layer}.Combined.{each}" for layer in ("V", "Composite") for each in "RGB"],
            "Composite.Combined.",
        ),
        ([f"{layer}.{each}" for layer in ("diffuse", "V.Combined") for each in "RGB"], "V.Combined."),
        ([f"{layer}.{each}" for layer in ("diffuse", "gloss") for each in "RGB"], None),
        (["Vector.X", "Vector.Y"], None),
        (["Mask"], "Mask"),
    ],
)
def test_the_picture_among_the_channels(names: list[str], found: str | None) -> None:
    chosen = color_channels(dict.fromkeys(names))
    if found is None:
        assert chosen is None
    else:
        assert chosen is not None
        assert all(name.startswith(found) or name in found for name in chosen)


@pytest.mark.parametrize("parts", [False, True])
def test_a_pass_of_a_multilayer_file(tmp_path: Path, parts: bool) -> None:
    channels = {f"View.Combined.{letter}": LIGHT[..., place].copy() for place, letter in enumerate("RGBA")}
    write_channels(tmp_path / "a.exr", channels | {"View.Depth.Z": LIGHT[..., 0].copy()}, parts=parts)
    np.testing.assert_array_equal(read_color(tmp_path / "a.exr"), LIGHT)
    np.testing.assert_array_equal(read_channels(tmp_path / "a.exr")["View.Depth.Z"], LIGHT[..., 0])


def test_pixels_lie_where_the_windows_say(tmp_path: Path) -> None:
    data = (np.array([2, -1], np.int32), np.array([19, 10], np.int32))
    display = (np.array([0, 0], np.int32), np.array([9, 19], np.int32))
    header = {"type": OpenEXR.scanlineimage, "dataWindow": data, "displayWindow": display}
    OpenEXR.File(header, {"RGB": np.ascontiguousarray(LIGHT[..., :3])}).write(str(tmp_path / "a.exr"))
    whole = read_color(tmp_path / "a.exr")
    assert whole.shape == (20, 10, 3)
    np.testing.assert_array_equal(whole[:11, 2:], LIGHT[1:, :8, :3])
    assert not whole[11:].any()
    assert not whole[:, :2].any()


def test_other_primaries_are_brought_to_srgb_and_back() -> None:
    # ACEScg's, whose white is not sRGB's.
    space = SceneLinear((0.713, 0.293, 0.165, 0.830, 0.128, 0.044, 0.32168, 0.33767))
    white = space.to_display(np.full((1, 3), 0.5, np.float32))
    np.testing.assert_allclose(white, SceneLinear().to_display(np.full((1, 3), 0.5)), atol=2e-3)
    muted = (0.3 + 0.4 * RNG.random((20, 3))).astype(np.float32)
    np.testing.assert_allclose(space.to_display(space.from_display(muted)), muted, atol=1e-4)
    assert np.abs(space.from_display(muted) - SceneLinear().from_display(muted)).max() > 0.01


def test_an_exr_where_none_can_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match="cannot be written"):
        write_exr(tmp_path / "file" / "a.exr", LIGHT)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_full_disk_is_told_and_leaves_no_file(tmp_path: Path) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (512, before[1]))
        with pytest.raises(FileError, match="the disk is full"):
            write_exr(tmp_path / "a.exr", RNG.random((64, 64, 3)).astype(np.float32))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_equal_pictures_are_equal_files(tmp_path: Path) -> None:
    for name in ("a.exr", "b.exr"):
        write_exr(tmp_path / name, LIGHT, {"Software": "Blender NST"})
    assert (tmp_path / "a.exr").read_bytes() == (tmp_path / "b.exr").read_bytes()
    assert "DateTime" not in read_attributes(tmp_path / "a.exr")


def test_subsampled_channels_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.exr"
    write_channels(path, {"RY": LIGHT[..., 0].copy(), "Y": LIGHT[..., 1].copy()})
    changed = bytearray(path.read_bytes())
    # After a channel's name: its type, four bytes, and the sampling across and down.
    struct.pack_into("<2i", changed, changed.index(b"RY\0") + 3 + 8, 2, 2)
    path.write_bytes(changed)
    with pytest.raises(FileError, match="subsampled"):
        read_channels(path)


def test_integers_are_read_as_they_are(tmp_path: Path) -> None:
    index = np.arange(12 * 18, dtype=np.uint32).reshape(12, 18) * 70_001
    write_channels(tmp_path / "a.exr", {"Id": index})
    np.testing.assert_array_equal(read_channels(tmp_path / "a.exr")["Id"], index.astype(np.float32))
