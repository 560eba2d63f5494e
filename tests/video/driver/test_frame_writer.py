"""Styled frames on disk: what the style left alone is the render's to the last bit, in every format."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest
from PIL import Image

from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, StyleSettings
from tests.video.made_files.icc_files import DISPLAY_P3, SRGB_CURVE, make_profile
from video.color.color_space import SceneLinear, decode_srgb
from video.driver.frame_writer import FrameWriter
from video.driver.sequence_driver import SequenceDriver, SequenceResult
from video.frames.sequence import ImageSequence, SourceFrame
from video.images.exr import read_color, write_exr
from video.images.image_files import read_image, read_picture, write_png
from video.images.picture import Original, quantize
from video.movies.movie import movie_frame_rate, movie_length, read_movie
from video.settings import DynamicRange, FrameFormat, MotionSource, MovieCodec, SequenceSettings

RNG = np.random.default_rng(2)
HEIGHT, WIDTH = 32, 40
STYLE = RNG.random((24, 24, 3)).astype(np.float32)
# Light far beyond display white, over partly transparent film.
ALPHA = np.clip(np.linspace(-0.5, 1.5, WIDTH, dtype=np.float32) * np.ones((HEIGHT, 1), np.float32), 0.0, 1.0)
LIGHT = np.dstack([8.0 * RNG.random((HEIGHT, WIDTH, 3)) ** 4 * ALPHA[..., None], ALPHA]).astype(np.float32)


def stylized(
    tmp_path: Path, style: dict[str, Any], sequence: dict[str, Any], sources: dict[int, Path]
) -> SequenceResult:
    settings = StyleSettings(**{"steps": 2, "coarsest_size": 32, "device": DeviceChoice.CPU} | style)
    engine = StyleEngine(settings, STYLE)
    wanted = SequenceSettings(**{"warm_steps": 1, "contact_sheet": False, "movie": False} | sequence)
    return SequenceDriver(engine, wanted, tmp_path / "out").run(ImageSequence(sources))


@pytest.mark.parametrize("passes", [1, 2])
@pytest.mark.parametrize("motion", [MotionSource.NONE, MotionSource.DIS])
def test_strength_zero_gives_an_exr_back_in_half_precision(
    tmp_path: Path, motion: MotionSource, passes: int
) -> None:
    files = {number: tmp_path / f"light_{number}.exr" for number in (1, 2)}
    for number, path in files.items():
        # So little changes that nothing of it is seen: the frame's own light it must be all the same.
        write_exr(path, LIGHT * (1.0 + 0.001 * number))
    sequence = {"output_format": FrameFormat.EXR, "motion": motion, "pass_count": passes}
    for result in stylized(tmp_path, {"strength": 0.0}, sequence, files).frames:
        np.testing.assert_array_equal(read_color(result.path), read_color(files[result.number]))


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("profile", [None, make_profile(DISPLAY_P3, SRGB_CURVE)])
def test_strength_zero_gives_a_png_back(
    tmp_path: Path, bits: int, channels: int, profile: bytes | None
) -> None:
    files = {number: tmp_path / f"frame_{number}.png" for number in (1, 2)}
    pixels = RNG.random((HEIGHT, WIDTH, channels))
    for number, path in files.items():
        write_png(path, pixels + 0.0005 * number, bits, profile=profile)
    sequence = {"output_format": FrameFormat.PNG if bits == 8 else FrameFormat.PNG16}
    for result in stylized(tmp_path, {"strength": 0.0}, sequence, files).frames:
        before, after = read_picture(files[result.number]), read_picture(result.path)
        np.testing.assert_array_equal(after.image, before.image)
        if profile is not None:
            assert before.original is not None
            assert after.original is not None
            np.testing.assert_array_equal(after.original.pixels, before.original.pixels)


def test_a_styled_exr_looks_like_the_styled_png(tmp_path: Path) -> None:
    path = tmp_path / "light.exr"
    write_exr(path, LIGHT)
    pictures = [
        read_image(stylized(tmp_path / kind, {}, {"output_format": kind}, {1: path}).frames[0].path)
        for kind in (FrameFormat.PNG16, FrameFormat.EXR)
    ]
    visible = ALPHA > 0.05
    assert np.abs(pictures[0] - read_image(path))[visible].mean() > 0.01
    np.testing.assert_allclose(pictures[1][visible], pictures[0][visible], atol=1e-3)
    np.testing.assert_allclose(pictures[1][..., 3], pictures[0][..., 3], atol=1e-3)


def test_a_png_becomes_light(tmp_path: Path) -> None:
    image = quantize(RNG.random((HEIGHT, WIDTH, 4)).astype(np.float32))
    write_png(tmp_path / "frame.png", image)
    sequence = {"output_format": FrameFormat.EXR}
    (result,) = stylized(tmp_path, {"strength": 0.0}, sequence, {1: tmp_path / "frame.png"}).frames
    light = np.dstack([decode_srgb(image[..., :3]) * image[..., 3:], image[..., 3:]])
    np.testing.assert_allclose(read_color(result.path), light, rtol=1e-3, atol=1e-6)


def frame_of(light: np.ndarray) -> SourceFrame:
    original = Original(light, SceneLinear())
    return SourceFrame(1, original.display(), original=original)


def test_hdr_adds_what_the_style_changed_onto_the_light(tmp_path: Path) -> None:
    light = np.full((8, 8, 3), 12.0, np.float32)
    light[:4] = 0.2
    frame = frame_of(light)
    writer = FrameWriter(FrameFormat.EXR, DynamicRange.HDR)
    styled = writer.rounded(frame.image * 0.5)
    writer.write(tmp_path / "a.exr", frame, styled)
    change = decode_srgb(styled) - decode_srgb(writer.rounded(frame.image))
    np.testing.assert_allclose(read_color(tmp_path / "a.exr"), np.maximum(light + change, 0.0), rtol=2e-3)
    assert read_color(tmp_path / "a.exr")[6, 6, 0] > 11.0
    FrameWriter(FrameFormat.EXR).write(tmp_path / "b.exr", frame, styled)
    np.testing.assert_allclose(read_color(tmp_path / "b.exr"), decode_srgb(styled), rtol=2e-3)


def test_light_without_substance_is_kept(tmp_path: Path) -> None:
    glow = np.zeros((8, 8, 4), np.float32)
    glow[..., 0] = 3.0
    frame = frame_of(glow)
    FrameWriter(FrameFormat.EXR).write(tmp_path / "a.exr", frame, np.zeros_like(frame.image))
    np.testing.assert_array_equal(read_color(tmp_path / "a.exr"), glow)


def test_every_file_says_how_it_was_made(tmp_path: Path) -> None:
    write_png(tmp_path / "frame.png", RNG.random((HEIGHT, WIDTH, 3)))
    files = {1: tmp_path / "frame.png"}
    png = stylized(tmp_path / "a", {"strength": 0.5}, {"history_length": 3}, files).frames[0].path
    exr = stylized(tmp_path / "b", {}, {"output_format": FrameFormat.EXR}, files).frames[0].path
    with Image.open(png) as image:
        texts = dict(image.info)
    with OpenEXR.File(str(exr), header_only=True) as file:
        attributes = dict(file.parts[0].header)
    settings = json.loads(texts["blender_nst_settings"])
    assert settings["style_settings"]["strength"] == 0.5
    assert settings["sequence_settings"]["history_length"] == 3
    assert json.loads(attributes["blender_nst_settings"])["sequence_settings"]["output_format"] == "exr"
    for found in (texts, attributes):
        assert re.fullmatch("[0-9a-f]{32}", found["blender_nst_style"])
        assert found["Software"] == f"Blender NST {found['blender_nst_version']}"
    assert texts["blender_nst_style"] == attributes["blender_nst_style"]


@pytest.mark.parametrize("codec", MovieCodec)
def test_the_movie_is_as_asked_for(tmp_path: Path, codec: MovieCodec) -> None:
    write_exr(tmp_path / "light.exr", LIGHT)
    sequence = {"output_format": FrameFormat.EXR, "movie": True, "movie_codec": codec, "frame_rate": 30.0}
    result = stylized(tmp_path, {}, sequence, {1: tmp_path / "light.exr"})
    movie = tmp_path / "out" / f"styled{codec.suffix}"
    assert result.movie == movie
    assert len(list(read_movie(movie))) == movie_length(movie) == 1
    assert movie_frame_rate(movie) == 30.0
