"""Passes are packed without a loss, in every layout that Blender writes, or left as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenEXR
import pytest

from tests.video.made_files.exr_files import write_exr
from video.errors import FileError
from video.images.exr import read_channels
from video.images.exr_compression import Packer, pack

HEIGHT, WIDTH = 24, 40


def channels() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    smooth = np.linspace(-3.0, 3.0, HEIGHT * WIDTH, dtype=np.float32).reshape(HEIGHT, WIDTH)
    odd = rng.integers(0, 2**32, (HEIGHT, WIDTH), dtype=np.uint64).astype(np.uint32).view(np.float32)
    return {
        "ViewLayer.Combined.R": rng.random((HEIGHT, WIDTH), dtype=np.float32).astype(np.float16),
        "ViewLayer.Depth.Z": np.full((HEIGHT, WIDTH), 1e10, np.float32),
        "ViewLayer.Vector.X": smooth,
        "ViewLayer.CryptoObject00.r": odd,
    }


# Attributes as Blender writes them, and data beside the display window.
ATTRIBUTES = {
    "BlenderMultiChannel": "Blender V2.55.1 and newer",
    "cryptomatte/0a/name": "ViewLayer.CryptoObject",
    "cryptomatte/0a/manifest": '{"Ball ä":"6fea35e8"}',
    "Camera": "Küche",
    "Frame": "001",
    "chromaticities": (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329),
    "xDensity": 72.0,
    "dataWindow": (np.array([2, 3], np.int32), np.array([WIDTH + 1, HEIGHT + 2], np.int32)),
    "displayWindow": (np.array([0, 0], np.int32), np.array([49, 49], np.int32)),
}


def headers(path: Path) -> list[dict[str, str]]:
    """Every part's attributes and the types of its channels, as OpenEXR itself has them."""
    with OpenEXR.File(str(path), separate_channels=True) as file:
        return [
            {name: str(value) for name, value in part.header.items()}
            | {name: str(channel.pixels.dtype) for name, channel in part.channels.items()}
            for part in file.parts
        ]


def bits(path: Path) -> dict[str, bytes]:
    return {name: pixels.tobytes() for name, pixels in read_channels(path).items()}


@pytest.fixture(params=[False, True], ids=["one part", "several parts"])
def plain(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "passes" / "passes_0001.exr"
    path.parent.mkdir()
    write_exr(
        path,
        channels(),
        parts=request.param,
        compression=OpenEXR.NO_COMPRESSION,
        attributes=ATTRIBUTES,
    )
    return path


def test_every_bit_is_there_in_a_smaller_file(plain: Path) -> None:
    before, size = bits(plain), plain.stat().st_size
    attributes = headers(plain)
    assert pack(plain)
    assert bits(plain) == before
    assert plain.stat().st_size < 0.85 * size
    packed = headers(plain)
    assert {part.pop("compression") for part in packed} == {str(OpenEXR.ZIPS_COMPRESSION)}
    assert {part.pop("compression") for part in attributes} == {str(OpenEXR.NO_COMPRESSION)}
    assert packed == attributes
    assert [path.name for path in plain.parent.iterdir()] == [plain.name]


def test_what_is_packed_stays_as_it_is(plain: Path) -> None:
    assert pack(plain)
    packed = plain.read_bytes()
    assert not pack(plain)
    assert plain.read_bytes() == packed


def test_a_damaged_file_is_left_as_it_is(plain: Path) -> None:
    short = plain.read_bytes()[:-500]
    plain.write_bytes(short)
    with pytest.raises(FileError, match="cut short"):
        pack(plain)
    assert plain.read_bytes() == short


def test_files_of_the_user_are_not_touched(plain: Path, tmp_path: Path) -> None:
    size = plain.stat().st_size
    elsewhere = Packer(tmp_path)
    elsewhere.pack(plain)
    elsewhere.pack(None)
    elsewhere.close()
    assert plain.stat().st_size == size
    packer = Packer(plain.parent)
    packer.pack(plain)
    packer.pack(plain.with_name("passes_0002.exr"))
    packer.close()
    assert plain.stat().st_size < size
