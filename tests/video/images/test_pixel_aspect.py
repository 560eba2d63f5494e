"""The width of an EXR's pixels, in and out."""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import OpenEXR
import pytest

from video.color.color_space import SceneLinear
from video.driver.frame_writer import FrameWriter
from video.frames.sequence import SourceFrame, open_sequence
from video.images.exr import write_exr
from video.images.headers.pixel_aspect import pixel_aspect, read_pixel_aspect
from video.images.image_files import write_png
from video.images.picture import Original
from video.settings import FrameFormat

LIGHT = np.full((8, 12, 3), 0.25, np.float32)


def header_aspect(path: Path) -> float:
    """As another library reads it."""
    return float(OpenEXR.File(str(path)).header()["pixelAspectRatio"])


def test_an_exr_says_how_wide_its_pixels_are(tmp_path: Path) -> None:
    write_exr(tmp_path / "wide.exr", LIGHT, pixel_aspect=64 / 45)
    write_exr(tmp_path / "square.exr", LIGHT)
    write_png(tmp_path / "picture.png", LIGHT)
    write_png(tmp_path / "wide.png", LIGHT, pixel_aspect=Fraction(64, 45))
    assert header_aspect(tmp_path / "wide.exr") == pytest.approx(64 / 45, rel=1e-6)
    assert header_aspect(tmp_path / "square.exr") == 1.0
    assert read_pixel_aspect(tmp_path / "wide.exr") == Fraction(64, 45)
    assert read_pixel_aspect(tmp_path / "wide.png") == Fraction(64, 45)
    assert read_pixel_aspect(tmp_path / "square.exr") == read_pixel_aspect(tmp_path / "picture.png") == 1


@pytest.mark.parametrize("value", [0.0, -1.0, 1e9, 1e-9, float("nan"), float("inf")])
def test_what_makes_no_sense_is_square(value: float) -> None:
    assert pixel_aspect(value) == 1


def test_a_picture_that_cannot_be_read_has_square_pixels(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    assert read_pixel_aspect(tmp_path / "text.png") == 1


def test_a_png_as_blender_writes_it(tmp_path: Path) -> None:
    # 36 pixels an inch across, 72 down: pixels that are twice as wide as high.
    write_png(tmp_path / "f_0001.png", LIGHT)
    whole = (tmp_path / "f_0001.png").read_bytes()
    body = b"pHYs" + struct.pack(">IIB", 1417, 2834, 1)
    chunk = struct.pack(">I", 9) + body + struct.pack(">I", zlib.crc32(body))
    (tmp_path / "f_0001.png").write_bytes(whole[:33] + chunk + whole[33:])
    (frame,) = open_sequence(tmp_path)
    assert frame.pixel_aspect == 2
    writer = FrameWriter(FrameFormat.PNG)
    writer.write(tmp_path / "styled.png", frame, writer.rounded(frame.image))
    assert read_pixel_aspect(tmp_path / "styled.png") == 2


def test_a_styled_exr_has_the_pixels_of_its_frame(tmp_path: Path) -> None:
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage, "pixelAspectRatio": 2.0}
    OpenEXR.File(header, {"RGB": LIGHT}).write(str(tmp_path / "f_0001.exr"))
    (frame,) = open_sequence(tmp_path)
    assert frame.pixel_aspect == 2
    writer = FrameWriter(FrameFormat.EXR)
    writer.write(tmp_path / "styled.exr", frame, writer.rounded(frame.image))
    assert header_aspect(tmp_path / "styled.exr") == 2.0
    of_a_movie = SourceFrame(1, LIGHT, pixel_aspect=Fraction(4, 3))
    writer.write(tmp_path / "movie.exr", of_a_movie, writer.rounded(of_a_movie.image))
    assert header_aspect(tmp_path / "movie.exr") == pytest.approx(4 / 3)
    linear = SourceFrame(1, LIGHT, original=Original(LIGHT, SceneLinear()), pixel_aspect=Fraction(2))
    writer.write(tmp_path / "linear.exr", linear, writer.rounded(linear.image))
    assert header_aspect(tmp_path / "linear.exr") == 2.0
