"""What decoding takes is counted before, against what is free, and is no more than was counted."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import OpenEXR
import OpenImageIO as oiio
import pytest
from PIL import Image

from compositor.errors import MemoryShortageError
from tests.video.made_files.icc_files import DISPLAY_P3, SRGB_CURVE, make_profile
from tests.video.made_files.tiff_files import Extra, make_tiff
from video.files import free_memory
from video.images import exr, image_files
from video.images.image_files import image_size, read_picture

SIDE = 2200


def encoded(channels: int, kind: str, **options: object) -> bytes:
    pixels = np.zeros((SIDE, SIDE, channels), np.uint8)
    pixels[100:200] = 99
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


def many_channels(path: Path, count: int, side: int) -> None:
    channels = {name: np.zeros((side, side), np.float16) for name in "RGBA"}
    channels |= {f"pass{each:03d}.X": np.zeros((side, side), np.float16) for each in range(count)}
    header = {"type": OpenEXR.scanlineimage, "compression": OpenEXR.ZIP_COMPRESSION}
    OpenEXR.File(header, channels).write(str(path))


FILES: Mapping[str, Callable[[], bytes]] = {
    "rgb.png": lambda: encoded(3, "PNG"),
    "rgba.png": lambda: encoded(4, "PNG"),
    "p3.png": lambda: encoded(3, "PNG", icc_profile=make_profile(DISPLAY_P3, SRGB_CURVE)),
    "rgb.jpg": lambda: encoded(3, "JPEG"),
    "rgba.webp": lambda: encoded(4, "WEBP", lossless=True),
    "float.tif": lambda: make_tiff(
        np.full((SIDE, SIDE, 4), 0.5, np.float32), extras=[Extra.ASSOCIATED_ALPHA]
    ),
}

# Prints the largest growth of memory in bytes, and what was counted before.
_MEASURE = """
import re, sys
from pathlib import Path
from video.images import exr, image_files
counted = [0]
image_files.check_memory = exr.check_memory = lambda path, needed: counted.append(needed)
path = Path(sys.argv[1])
image_files.image_size(path)
def peak():
    return 1024 * int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
# The parent's peak is inherited.
Path("/proc/self/clear_refs").write_text("5")
before = peak()
image_files.read_picture(path)
print(peak() - before, max(counted))
"""


def measured(path: Path) -> tuple[int, int]:
    """Bytes that reading a file takes in a process of its own, and that were counted for it."""
    command = [sys.executable, "-c", _MEASURE, str(path)]
    taken, counted = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
    return int(taken), int(counted)


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the peak of memory")
@pytest.mark.parametrize("name", FILES)
def test_reading_takes_no_more_than_was_counted(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(FILES[name]())
    taken, counted = measured(tmp_path / name)
    assert taken < counted
    # Nor far less: nothing is refused that would do.
    assert counted < 3 * taken


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the peak of memory")
def test_of_an_exr_with_many_channels_the_pictures_are_decoded(tmp_path: Path) -> None:
    many_channels(tmp_path / "a.exr", 196, 1000)
    assert (tmp_path / "a.exr").stat().st_size < 1_000_000
    taken, _ = measured(tmp_path / "a.exr")
    # All channels as floats would be 800 MB.
    assert taken < 100e6


@pytest.mark.parametrize(("name", "chunk"), [("zips", 1), ("zip", 16), ("dwab", 192)])
def test_the_rows_that_an_exr_decodes_at_once_are_counted_with_every_channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, chunk: int
) -> None:
    spec = oiio.ImageSpec(2048, 192, 64, "half")
    spec.channelnames = [*"RGB", *(f"pass{each:02d}.X" for each in range(61))]
    spec.attribute("compression", name)
    file = oiio.ImageOutput.create("a.exr")
    assert file is not None
    assert file.open(str(tmp_path / "a.exr"), spec)
    assert file.write_image(np.zeros((192, 2048, 64), np.float16))
    file.close()
    counted: list[int] = []
    monkeypatch.setattr(exr, "check_memory", lambda path, needed: counted.append(needed))
    exr.read_color(tmp_path / "a.exr")
    samples, row = 2048 * 192 * 3, 2048 * 64 * 2
    # The samples that are wanted as floats, and what is decoded at least twice: stored rows and unpacked.
    assert counted[0] >= 4 * samples + 2 * chunk * row
    assert counted[0] <= 12 * samples + 4 * chunk * row


@pytest.mark.parametrize("name", ["rgb.png", "float.tif"])
def test_what_does_not_fit_is_refused_before_it_is_decoded(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_bytes(FILES[name]())
    monkeypatch.setattr(free_memory, "free_memory", lambda: 100 * 2**20)
    monkeypatch.setattr(image_files, "read_pixels", None)
    for read in (read_picture, image_size):
        with pytest.raises(MemoryShortageError, match="GiB are free"):
            read(tmp_path / name)


def test_an_exr_that_does_not_fit_is_refused_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many_channels(tmp_path / "a.exr", 0, SIDE)
    monkeypatch.setattr(free_memory, "free_memory", lambda: 100 * 2**20)
    monkeypatch.setattr(exr, "read_pixels", None)
    for read in (read_picture, image_size):
        with pytest.raises(MemoryShortageError, match="GiB are free"):
            read(tmp_path / "a.exr")


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_limit_of_address_space_counts() -> None:
    script = (
        "import resource, psutil\n"
        "from video.files.free_memory import free_memory\n"
        "limit = psutil.Process().memory_info().vms + 300 * 2**20\n"
        "resource.setrlimit(resource.RLIMIT_AS, (limit, limit))\n"
        "print(free_memory())\n"
    )
    command = [sys.executable, "-c", script]
    free = int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    assert 250 * 2**20 < free < 310 * 2**20


def test_small_pictures_are_read_whatever_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(free_memory, "free_memory", lambda: 0)
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png").image.shape == (64, 64, 3)
