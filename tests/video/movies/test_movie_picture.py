"""A movie's frames come upright, in the colors that a player shows, deinterlaced, with their alpha."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.video.made_files.movie_files import LOSSLESS, MovieFile, scene
from video.errors import FileError
from video.movies.movie import read_movie, read_movie_frames


def levels(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """How far off each value is, in levels of 255."""
    assert found.shape[:2] == truth.shape[:2]
    return np.abs(found[..., :3] - truth) * 255.0


ALL_TURNS = [(turns, mirrored) for turns in range(4) for mirrored in (False, True)]
# Matroska can say these alone.
PLAIN_TURNS = [(0, True), *((turns, False) for turns in range(4))]


@pytest.mark.parametrize(
    ("suffix", "quarter_turns", "mirrored"),
    [
        *(("mp4", *turn) for turn in ALL_TURNS),
        *(("mov", *turn) for turn in ALL_TURNS),
        *(("mkv", *turn) for turn in PLAIN_TURNS),
    ],
)
def test_a_movie_is_turned_and_mirrored_as_it_says(
    tmp_path: Path, suffix: str, quarter_turns: int, mirrored: bool
) -> None:
    def turn(stream: av.VideoStream) -> None:
        stream.set_display_rotation(90 * quarter_turns, hflip=mirrored)

    path = MovieFile(setup=turn).write(tmp_path / f"turned.{suffix}", [scene(n) for n in range(3)])
    frames = list(read_movie(path))
    assert len(frames) == 3
    for number, frame in enumerate(frames):
        truth = np.rot90(scene(number), quarter_turns)
        truth = truth[:, ::-1] if mirrored else truth
        assert levels(frame, truth).max() <= 2.0


def test_pixels_of_a_movie_on_its_side_are_as_tall_as_they_were_wide(tmp_path: Path) -> None:
    def turn(stream: av.VideoStream) -> None:
        stream.set_display_rotation(90)

    wide = MovieFile(aspect=Fraction(64, 45))
    path = wide.write(tmp_path / "wide.mp4", [scene(0)])
    assert [frame.pixel_aspect for frame in read_movie_frames(path)] == [Fraction(64, 45)]
    path = MovieFile(aspect=Fraction(64, 45), setup=turn).write(tmp_path / "tall.mp4", [scene(0)])
    assert [frame.pixel_aspect for frame in read_movie_frames(path)] == [Fraction(45, 64)]


# What 8 bits of each matrix and range make of a picture is computed by hand in the test of `ycbcr`; here the
# tags of a whole file must reach the conversion.
@pytest.mark.parametrize(("matrix", "number"), [("bt709", 1), ("bt470bg", 5), ("bt2020nc", 9)])
@pytest.mark.parametrize("full", [False, True])
def test_the_matrix_and_the_range_are_those_that_the_movie_names(
    tmp_path: Path, matrix: str, number: int, full: bool
) -> None:
    weights = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 9: (0.2627, 0.0593)}[number]
    picture = scene(1)
    red, green, blue = (picture[..., place] for place in range(3))
    luma = weights[0] * red + (1.0 - sum(weights)) * green + weights[1] * blue
    differences = (blue - luma) / (2 - 2 * weights[1]), (red - luma) / (2 - 2 * weights[0])
    base, span, width = (0.0, 255.0, 255.0) if full else (16.0, 219.0, 224.0)
    frame = av.VideoFrame(64, 48, "yuv444p")
    codes = (base + span * luma, *(128.0 + width * each for each in differences))
    for plane, values in zip(frame.planes, codes, strict=True):
        rows = np.zeros((plane.height, plane.line_size), np.uint8)
        rows[:, :64] = np.round(values)
        plane.update(rows.tobytes())
    frame.colorspace, frame.color_range = number, 2 if full else 1
    tags = {"colorspace": number, "color_range": 2 if full else 1, "color_primaries": 1, "color_trc": 1}
    path = MovieFile(tags=tags).write(tmp_path / "movie.mp4", [frame])
    assert levels(next(read_movie(path)), picture).max() <= 2.0


def test_colors_that_are_coded_in_a_way_that_is_not_known_are_refused(tmp_path: Path) -> None:
    path = MovieFile(tags={"colorspace": 14}).write(tmp_path / "ictcp.mp4", [scene(0)])
    with pytest.raises(FileError, match=r"ictcp\.mp4: has colors that are coded as no\. 14"):
        next(read_movie(path))


@pytest.mark.parametrize(
    ("codec", "pixel_format", "suffix", "within"),
    [
        ("ffv1", "yuv420p", "mkv", 3.0),
        ("ffv1", "yuv422p10le", "mkv", 3.0),
        ("ffv1", "yuv411p", "mkv", 4.0),
        ("ffv1", "yuv440p", "mkv", 3.0),
        ("ffv1", "gbrp10le", "mkv", 1.0),
        ("ffv1", "bgra", "mkv", 0.1),
        ("rawvideo", "nv12", "mkv", 3.0),
        ("rawvideo", "uyvy422", "avi", 3.0),
        ("libx264", "yuv420p10le", "mp4", 3.0),
        ("qtrle", "argb", "mov", 0.1),
    ],
)
def test_every_layout_of_pixels_gives_the_same_picture(
    tmp_path: Path, codec: str, pixel_format: str, suffix: str, within: float
) -> None:
    # No edges in the colors: they have half the resolution in many layouts.
    y, x = np.mgrid[0:48, 0:64].astype(np.float32)
    smooth = np.stack([0.3 + 0.4 * x / 64, 0.4 + 0.2 * y / 48, 0.6 - 0.3 * x / 64], axis=2)
    smooth = np.round(smooth * 255.0) / 255.0
    movie = MovieFile(codec=codec, pixel_format=pixel_format, options=LOSSLESS if codec == "libx264" else {})
    path = movie.write(tmp_path / f"movie.{suffix}", [smooth] * 2)
    for frame in read_movie(path):
        assert levels(frame, smooth).max() <= within + 1.0
        assert levels(frame, smooth).mean() <= within / 2.0 + 0.1


@pytest.mark.parametrize(
    ("codec", "pixel_format", "full"),
    [
        ("libx265", "gray", False),
        ("libx265", "gray", True),
        ("libx265", "gray10le", False),
        ("ffv1", "gray16le", True),
    ],
)
def test_gray_has_the_range_that_the_movie_names(
    tmp_path: Path, codec: str, pixel_format: str, full: bool
) -> None:
    ramp = np.tile(np.linspace(0.0, 1.0, 64, dtype=np.float32), (48, 1))
    kind, unit = (np.uint8, 1) if pixel_format == "gray" else (np.uint16, 4)
    codes = 255.0 * ramp if full else 16.0 + 219.0 * ramp
    unit = 257 if pixel_format == "gray16le" else unit
    stored: Any = np.round(codes * unit).astype(kind)
    frame = av.VideoFrame.from_ndarray(stored, format=pixel_format)
    frame.color_range = 2 if full else 1
    options = {"x265-params": "lossless=1:log-level=none"} if codec == "libx265" else {}
    tags = {"color_range": 2 if full else 1}
    movie = MovieFile(codec=codec, pixel_format=pixel_format, options=options, tags=tags)
    found = next(read_movie(movie.write(tmp_path / "gray.mkv", [frame])))
    assert levels(found, ramp[..., None]).max() <= 1.0


def test_sixteen_bits_of_a_channel_are_kept(tmp_path: Path) -> None:
    levels16 = np.random.default_rng(1).integers(0, 65535, (48, 64, 3)).astype(np.uint16)
    frame = av.VideoFrame.from_ndarray(levels16, format="rgb48le").reformat(format="rgb48be")
    movie = MovieFile(codec="png", pixel_format="rgb48be", options={})
    found = next(read_movie(movie.write(tmp_path / "deep.mov", [frame])))
    np.testing.assert_array_equal(found, levels16.astype(np.float32) / np.float32(65535.0))


def interlaced(frames: list[np.ndarray]) -> list[np.ndarray]:
    """Two frames in one each: the rows of the first, and every second row of the second."""
    made = []
    for first, second in zip(frames[::2], frames[1::2], strict=True):
        mixed = first.copy()
        mixed[1::2] = second[1::2]
        made.append(mixed)
    return made


@pytest.mark.parametrize("top_first", [True, False])
def test_an_interlaced_movie_is_deinterlaced_and_says_so_once(tmp_path: Path, top_first: bool) -> None:
    def bar(number: int) -> np.ndarray:
        picture = np.full((64, 96, 3), 0.2, np.float32)
        picture[:, 6 * number : 6 * number + 24] = 0.8
        return picture

    fields = [bar(number) for number in range(8)]
    made = interlaced(fields if top_first else [fields[place ^ 1] for place in range(8)])
    options = LOSSLESS | {"flags": "+ildct+ilme"}
    movie = MovieFile(pixel_format="yuv422p", options=options, top_field_first=top_first)
    path = movie.write(tmp_path / "fields.mp4", made)
    notes: list[str] = []
    frames = [frame.picture() for frame in read_movie_frames(path, notes.append)]
    assert len(frames) == 4
    assert [note for note in notes if "interlaced" in note] == notes
    assert len(notes) == 1
    # A frame is that of its first field. Those at the ends have a neighbor less.
    for frame, field in list(zip(frames, fields[::2], strict=True))[1:-1]:
        assert levels(frame, field).mean() < 2.0
        combed = np.abs(np.diff(frame[..., 0], axis=0)).max()
        assert combed < 0.1


def test_a_progressive_movie_is_left_as_it_is(tmp_path: Path) -> None:
    notes: list[str] = []
    path = MovieFile().write(tmp_path / "movie.mp4", [scene(n) for n in range(4)])
    for number, frame in enumerate(read_movie_frames(path, notes.append)):
        assert levels(frame.picture(), scene(number)).max() <= 2.0
    assert notes == []


@pytest.mark.parametrize(("codec", "name"), [("libvpx", "vp8"), ("libvpx-vp9", "vp9")])
def test_vp8_and_vp9_keep_their_alpha(tmp_path: Path, codec: str, name: str) -> None:
    alpha = np.zeros((48, 64), np.float32)
    alpha[12:36, 16:48] = 1.0
    alpha[12:36, 40:48] = 0.5
    levels8 = np.dstack([np.round(scene(2) * 255.0), np.round(alpha * 255.0)]).astype(np.uint8)
    frames = [
        av.VideoFrame.from_ndarray(levels8, format="rgba").reformat(format="yuva420p") for _ in range(3)
    ]
    options = {"crf": "4", "b:v": "2M", "auto-alt-ref": "0", "lag-in-frames": "0"}

    def mark(stream: av.VideoStream) -> None:
        stream.metadata["alpha_mode"] = "1"

    movie = MovieFile(codec=codec, pixel_format="yuva420p", options=options, setup=mark)
    path = movie.write(tmp_path / "clear.webm", frames)
    found = list(read_movie(path))
    assert [frame.shape for frame in found] == [(48, 64, 4)] * 3
    for frame in found:
        assert np.abs(frame[..., 3] - alpha).mean() * 255.0 < 3.0
        assert levels(frame, scene(2))[16:32, 20:36].mean() < 6.0
