"""Frames are found by pattern, folder or movie, in order; what is missing or mixed up is told."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.video.made_files.png_files import make_png
from tests.video.made_files.tiff_files import Photometric, make_tiff
from video.errors import FileError, FrameError, SequenceError
from video.files import output_folder
from video.frames import sequence as sequence_module
from video.frames.sequence import (
    FrameRange,
    ImageSequence,
    frame_path,
    open_sequence,
    parse_range,
)
from video.images.image_files import read_image, write_png
from video.movies.movie import MovieInfo, movie_info, write_movie

Picture = Callable[..., np.ndarray]
BLACK = np.zeros((16, 20, 3), np.float32)


def put(folder: Path, *names: str, image: np.ndarray = BLACK) -> Path:
    for name in names:
        write_png(folder / name, image)
    return folder


@pytest.mark.parametrize("width", [1, 2, 4, 8, 9, 10, 12, 32, 200])
def test_any_width_of_digits(tmp_path: Path, width: int) -> None:
    names = [f"f_{number:0{width}d}.png" for number in (8, 9, 10)]
    put(tmp_path, *names)
    for pattern in (f"f_%0{width}d.png", f"f_{'#' * width}.png", f"f_%{width}d.png"):
        sequence = open_sequence(tmp_path / pattern)
        assert isinstance(sequence, ImageSequence)
        assert list(sequence.files.values()) == [tmp_path / name for name in names]


@pytest.mark.parametrize("pattern", ["f_" + "#" * 5000, "f_%05000d.png", "f_%0" + "9" * 4000 + "d.png"])
def test_more_digits_than_a_name_can_have_are_told_in_short(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(SequenceError, match="digits") as error:
        open_sequence(tmp_path / pattern)
    assert len(str(error.value)) < len(str(tmp_path)) + 300


def test_empty_files_are_frames_that_are_not_rendered_yet(tmp_path: Path) -> None:
    put(tmp_path, "f_0001.png", "f_0002.png", "f_0005.png")
    for number in (3, 4, 6):
        (tmp_path / f"f_{number:04}.png").touch()
    for source in (tmp_path, tmp_path / "f_####.png"):
        with pytest.raises(SequenceError, match=r"frames 3, 4, 6 not rendered yet.*; render them$"):
            open_sequence(source)
        assert open_sequence(source, skip_missing=True).numbers == [1, 2, 5]
        assert open_sequence(source, FrameRange(1, 2)).numbers == [1, 2]
        with pytest.raises(SequenceError, match="none of the frames 3-4 are rendered yet"):
            open_sequence(source, FrameRange(3, 4), skip_missing=True)


@pytest.mark.parametrize("skip_missing", [False, True])
@pytest.mark.parametrize("kind", ["pipe", "device", "looped link", "dangling link", "folder", "socket"])
def test_what_is_named_as_a_frame_and_is_no_file_is_never_passed_over(
    tmp_path: Path, kind: str, skip_missing: bool
) -> None:
    put(tmp_path, "f_0001.png", "f_0002.png")
    odd = tmp_path / "f_0003.png"
    if kind == "pipe":
        os.mkfifo(odd)
    elif kind == "folder":
        odd.mkdir()
    elif kind == "socket":
        socket.socket(socket.AF_UNIX).bind(str(odd))
    else:
        odd.symlink_to({"device": "/dev/zero", "looped link": odd, "dangling link": tmp_path / "none"}[kind])
    for source in (tmp_path, tmp_path / "f_####.png"):
        with pytest.raises(SequenceError, match=r"f_0003\.png is named as a frame") as error:
            open_sequence(source, skip_missing=skip_missing)
        if " " not in kind:
            assert f"a {kind}" in str(error.value)
        # It is no frame that was asked for.
        assert open_sequence(source, FrameRange(1, 2)).numbers == [1, 2]


def test_a_link_to_a_file_is_a_frame(tmp_path: Path) -> None:
    put(tmp_path, "f_0001.png", "other.png")
    (tmp_path / "f_0002.png").symlink_to(tmp_path / "other.png")
    assert open_sequence(tmp_path).numbers == [1, 2]


def test_a_pipe_as_a_movie_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "movie.mp4")
    with pytest.raises(FileError, match="is a pipe"):
        open_sequence(tmp_path / "movie.mp4")


@pytest.mark.parametrize("name", ["render_####.png", "render_%04d.png"])
def test_pattern(tmp_path: Path, name: str) -> None:
    put(tmp_path, "render_0003.png", "render_0001.png", "render_0002.png")
    put(tmp_path, "render_1.png", "render_00001.png", "other_0004.png", "render_0005.png.tmp.png")
    sequence = open_sequence(tmp_path / name)
    assert sequence.numbers == [1, 2, 3]
    assert [frame.number for frame in sequence] == [1, 2, 3]


def test_frames_are_the_pictures_of_their_files(tmp_path: Path, picture: Picture) -> None:
    for number in (1, 2):
        write_png(tmp_path / f"f_{number:03}.png", picture(64, 48)[:, :: 3 - 2 * number])
    for frame in open_sequence(tmp_path / "f_###.png"):
        np.testing.assert_array_equal(frame.image, read_image(tmp_path / f"f_{frame.number:03}.png"))


def test_folder(tmp_path: Path) -> None:
    put(tmp_path, "render_0002.png", "render_0001.png", "cover.png")
    (tmp_path / "notes_0001.txt").write_text("no picture")
    (tmp_path / ".render_0003.png").write_text("a temporary file")
    assert open_sequence(tmp_path).numbers == [1, 2]


def test_numbers_may_have_more_digits_than_the_pattern(tmp_path: Path) -> None:
    put(tmp_path, "f_99.png", "f_100.png", "f_1000.png", "f_9.png", "f_0100.png")
    assert open_sequence(tmp_path / "f_##.png", skip_missing=True).numbers == [99, 100, 1000]


def test_folder_whose_numbers_outgrow_their_digits(tmp_path: Path) -> None:
    put(tmp_path, "f_9.png", "f_10.png", "f_100.png")
    assert open_sequence(tmp_path, skip_missing=True).numbers == [9, 10, 100]


def test_negative_frames_come_first(tmp_path: Path) -> None:
    put(tmp_path, "f_-0002.png", "f_0001.png", "f_-0010.png", "f_0000.png")
    assert open_sequence(tmp_path / "f_####.png", skip_missing=True).numbers == [-10, -2, 0, 1]
    assert open_sequence(tmp_path, skip_missing=True).numbers == [-10, -2, 0, 1]


def test_a_minus_sign_may_take_a_digits_place(tmp_path: Path) -> None:
    put(tmp_path, "f_-002.png", "f_-001.png", "f_0000.png", "f_0001.png")
    for source in (tmp_path, tmp_path / "f_####.png", tmp_path / "f_%04d.png"):
        assert open_sequence(source).numbers == [-2, -1, 0, 1]


def test_a_frame_that_is_there_twice_is_told(tmp_path: Path) -> None:
    put(tmp_path, "f_-001.png", "f_-0001.png")
    with pytest.raises(SequenceError, match=r"f_-001\.png and f_-0001\.png are both frame -1"):
        open_sequence(tmp_path / "f_####.png")


@pytest.mark.parametrize(
    "name", ["größe {0}.png", "絵 {0} 完.png", "take#2 [b] (c)+_{0}.png", "a.b.{0}.png", "it's {0}.PNG"]
)
def test_any_name_goes(tmp_path: Path, name: str) -> None:
    put(tmp_path, *(name.format(f"{number:04d}") for number in (9, 10, 11)))
    assert open_sequence(tmp_path / name.format("####")).numbers == [9, 10, 11]
    # Digits of other scripts are letters of a name.
    put(tmp_path, name.format("٠٠١٢"))
    assert open_sequence(tmp_path / name.format("####")).numbers == [9, 10, 11]


@pytest.mark.parametrize(
    ("pattern", "file"),
    [("s#", "s12345"), ("s##########", "s0000000007"), ("a##_###_b", "a##_-007_b"), ("####", "-0007")],
)
def test_any_padding_goes_and_the_last_group_counts(tmp_path: Path, pattern: str, file: str) -> None:
    put(tmp_path, f"{file}.png")
    (number,) = open_sequence(tmp_path / f"{pattern}.png").numbers
    assert frame_path(tmp_path / f"{pattern}.png", number) == tmp_path / f"{file}.png"


def test_hyphen_after_a_word_is_no_minus(tmp_path: Path) -> None:
    put(tmp_path, "shot-0001.png", "shot-0002.png")
    assert open_sequence(tmp_path).numbers == [1, 2]


@given(
    st.sets(st.integers(-20_000, 20_000), min_size=1, max_size=6),
    st.integers(1, 6),
    st.sampled_from(["f_", "", "ünï code."]),
)
def test_what_frame_path_names_is_found_again(numbers: set[int], digits: int, prefix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pattern = Path(folder) / f"{prefix}{'#' * digits}.png"
        write_png(Path(folder) / "one.png", BLACK)
        for number in numbers:
            frame_path(pattern, number).write_bytes((Path(folder) / "one.png").read_bytes())
        assert open_sequence(pattern, skip_missing=True).numbers == sorted(numbers)
        assert open_sequence(Path(folder), skip_missing=True).numbers == sorted(numbers)


@pytest.mark.parametrize(
    ("number", "name"),
    [(7, "f_0007.png"), (-7, "f_-0007.png"), (0, "f_0000.png"), (12345, "f_12345.png")],
)
def test_frame_path_counts_as_blender_does(number: int, name: str) -> None:
    assert frame_path(Path("out/f_####.png"), number) == Path("out") / name


def test_range_picks_frames(tmp_path: Path) -> None:
    put(tmp_path, *(f"f_{number:04}.png" for number in range(1, 8)))
    assert open_sequence(tmp_path, FrameRange(2, 5)).numbers == [2, 3, 4, 5]
    assert open_sequence(tmp_path, FrameRange(1, 7, 3)).numbers == [1, 4, 7]


def test_missing_frames_of_a_range_are_listed(tmp_path: Path) -> None:
    put(tmp_path, *(f"f_{number:04}.png" for number in (1, 2, 5, 6)))
    with pytest.raises(SequenceError, match=r"missing frames 3, 4; .*; render them$"):
        open_sequence(tmp_path)
    with pytest.raises(SequenceError, match=r"missing frames 3, 4, 7; there are 1 to 6"):
        open_sequence(tmp_path, FrameRange(1, 7))


def test_missing_frames_are_left_out_when_asked_for(tmp_path: Path) -> None:
    put(tmp_path, *(f"f_{number:04}.png" for number in (1, 2, 5, 6)))
    assert open_sequence(tmp_path, skip_missing=True).numbers == [1, 2, 5, 6]
    assert open_sequence(tmp_path, FrameRange(2, 9), skip_missing=True).numbers == [2, 5, 6]
    with pytest.raises(SequenceError, match="none of the frames 7-9"):
        open_sequence(tmp_path, FrameRange(7, 9), skip_missing=True)


def test_frames_with_a_step_between_them_miss_none(tmp_path: Path) -> None:
    put(tmp_path, *(f"f_{number:04}.png" for number in (3, 6, 9, 15)))
    with pytest.raises(SequenceError, match=r"missing frame 12; "):
        open_sequence(tmp_path)
    put(tmp_path, "f_0012.png")
    assert open_sequence(tmp_path).numbers == [3, 6, 9, 12, 15]


def test_many_missing_frames_are_not_all_listed(tmp_path: Path) -> None:
    put(tmp_path, "f_0001.png")
    with pytest.raises(SequenceError, match=r"2, 3, 4, 5, 6, 7, 8, 9, …;") as error:
        open_sequence(tmp_path, FrameRange(1, 500))
    assert len(str(error.value)) < len(str(tmp_path)) + 200


def test_several_sequences_in_one_folder_are_named(tmp_path: Path) -> None:
    put(tmp_path, "a_0001.png", "a_0002.png", "b_0001.png")
    with pytest.raises(SequenceError, match=r"several sequences \(a_####\.png, b_####\.png\)"):
        open_sequence(tmp_path)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "no numbered pictures"),
        ("f_####.png", "no file matches"),
        ("none", "does not exist"),
        ("none/f_####.png", "does not exist"),
        ("one.png", "is one file"),
        ("f_##_##.png", "no file matches"),
        ("none.mp4", "does not exist"),
    ],
)
def test_what_is_no_sequence_is_told(tmp_path: Path, source: str, message: str) -> None:
    put(tmp_path, "one.png")
    with pytest.raises((SequenceError, FileError), match=message) as error:
        open_sequence(tmp_path / source)
    assert str(tmp_path) in str(error.value)


def test_frame_of_another_size_is_named(tmp_path: Path) -> None:
    put(tmp_path, "f_0001.png", "f_0002.png", "f_0004.png")
    put(tmp_path, "f_0003.png", image=np.zeros((16, 24, 3), np.float32))
    with pytest.raises(FrameError, match=r"frame 3: f_0003\.png is 24×16 px.*20×16") as error:
        open_sequence(tmp_path)
    assert error.value.frame == 3


def test_a_frame_with_alpha_among_others_is_named_before_the_first_is_stylized(tmp_path: Path) -> None:
    put(tmp_path, "f_0001.png", "f_0002.png")
    put(tmp_path, "f_0003.png", image=np.zeros((16, 20, 4), np.float32))
    with pytest.raises(FrameError, match=r"f_0003\.png is 20×16 px with alpha but f_0001\.png is 20×16 px;"):
        open_sequence(tmp_path)


@pytest.mark.parametrize("kind", ["animation", "Lab", "deep", "damaged", "no picture", "colors"])
def test_what_a_header_tells_of_a_later_frame_is_told_at_once(tmp_path: Path, kind: str) -> None:
    for number in (1, 2, 3):
        Image.new("RGB", (20, 16)).save(tmp_path / f"f_{number:04}.png")
    odd = tmp_path / "f_0004.png"
    image = Image.new("RGB", (20, 16))
    if kind == "animation":
        image.save(odd, save_all=True, append_images=[Image.new("RGB", (20, 16), "red")])
    elif kind == "Lab":
        odd.write_bytes(make_tiff(np.zeros((16, 20, 3), np.uint8), Photometric.LAB))
    elif kind == "deep":
        odd.write_bytes(make_tiff(np.zeros((16, 20, 3), np.int16)))
    elif kind == "damaged":
        odd.write_bytes((tmp_path / "f_0001.png").read_bytes()[:20])
    elif kind == "no picture":
        odd.write_text("a painting, in words")
    else:
        odd.write_bytes(make_png(np.zeros((16, 20, 3)), {b"cICP": bytes([0, 3, 0, 1])}))
    with pytest.raises(FileError, match=r"f_0004\.png"):
        open_sequence(tmp_path)


def test_unreadable_frame_is_named(tmp_path: Path) -> None:
    put(tmp_path, "f_0001.png")
    (tmp_path / "f_0002.png").write_text("no picture")
    with pytest.raises(FileError, match=r"f_0002\.png"):
        open_sequence(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1-48", FrameRange(1, 48)),
        ("1-48x2", FrameRange(1, 48, 2)),
        ("7", FrameRange(7, 7)),
        ("-5-10", FrameRange(-5, 10)),
        ("-5--3", FrameRange(-5, -3)),
        ("-5", FrameRange(-5, -5)),
        (" 1 - 48 x 3 ", FrameRange(1, 48, 3)),
    ],
)
def test_ranges(text: str, expected: FrameRange) -> None:
    assert parse_range(text) == expected


def test_range_includes_both_ends() -> None:
    assert list(FrameRange(1, 7, 3).numbers()) == [1, 4, 7]
    assert list(FrameRange(-1, 1).numbers()) == [-1, 0, 1]


@given(st.integers(-10_000, 10_000), st.integers(0, 10_000), st.integers(1, 100))
def test_a_range_is_parsed_from_how_it_is_shown(first: int, more: int, step: int) -> None:
    chosen = FrameRange(first, first + more, step)
    assert parse_range(str(chosen)) == chosen


@pytest.mark.parametrize(
    "text",
    ["", "-", "48-1", "1-48x0", "1-48x-1", "1,2", "1..48", "one", "1-48x", "x2", "1 48", "1.5", "9" * 5000],
)
def test_what_is_no_range_is_told(text: str) -> None:
    with pytest.raises(SequenceError):
        parse_range(text)


@given(st.text() | st.text("0123456789-x "))
def test_any_text_is_a_range_or_refused(text: str) -> None:
    try:
        chosen = parse_range(text)
    except SequenceError:
        return
    assert chosen.first <= chosen.last
    assert chosen.step >= 1


@pytest.fixture
def movie(tmp_path: Path) -> Path:
    """Five gray frames, each brighter than the one before."""
    path = tmp_path / "movie.mp4"
    write_movie(path, (np.full((16, 20, 3), level / 8, np.float32) for level in range(1, 6)), 24.0)
    return path


def levels(frames: Iterable[np.ndarray]) -> list[int]:
    return [round(float(frame.mean()) * 8) for frame in frames]


def test_frames_of_a_movie_are_numbered_from_one(movie: Path) -> None:
    sequence = open_sequence(movie)
    assert sequence.numbers == [1, 2, 3, 4, 5]
    assert [frame.number for frame in sequence] == [1, 2, 3, 4, 5]
    assert levels(frame.image for frame in sequence) == [1, 2, 3, 4, 5]


def test_range_of_a_movie(movie: Path) -> None:
    sequence = open_sequence(movie, FrameRange(2, 4, 2))
    assert [frame.number for frame in sequence] == [2, 4]
    assert levels(frame.image for frame in sequence) == [2, 4]


@pytest.mark.parametrize("frames", [FrameRange(0, 3), FrameRange(4, 6)])
def test_range_outside_of_a_movie_is_told(movie: Path, frames: FrameRange) -> None:
    with pytest.raises(SequenceError, match="has the frames 1-5"):
        open_sequence(movie, frames)


def test_more_frames_than_a_run_can_have_are_refused(
    movie: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output_folder, "MOST_FRAMES", 2)
    monkeypatch.setattr(sequence_module, "MOST_FRAMES", 2)
    for number in range(1, 5):
        (tmp_path / f"f_{number}.png").write_bytes(make_png(np.zeros((4, 6, 3), np.uint16)))
    for source in (tmp_path / "f_#.png", movie):
        with pytest.raises(SequenceError, match="more than 2 frames are too many for one run: choose a part"):
            open_sequence(source)
        with pytest.raises(SequenceError, match="too many for one run"):
            open_sequence(source, FrameRange(2, 4))
        assert list(open_sequence(source, FrameRange(2, 3)).numbers) == [2, 3]


def test_no_more_frames_of_a_movie_are_counted_than_a_run_can_have(
    movie: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int | None] = []

    def info(path: Path, last: int | None = None) -> MovieInfo:
        counted.append(last)
        return movie_info(path, last)

    monkeypatch.setattr(sequence_module, "movie_info", info)
    open_sequence(movie)
    assert counted == [output_folder.MOST_FRAMES + 1]
    with pytest.raises(SequenceError, match="too many for one run"):
        open_sequence(movie, FrameRange(1, 10**9))
    assert len(counted) == 1
