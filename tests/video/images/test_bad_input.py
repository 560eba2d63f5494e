"""Whatever file is given, it is read as what it shows, or refused in one clear line."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.video.made_files.picture_corpus import Case, corpus
from tests.video.moving_pictures import waves
from video.errors import VideoError
from video.images.image_files import image_size, read_picture
from video.movies.movie import read_movie, write_movie
from video.settings import MovieCodec

LONGEST_LINE = 400


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Case, Path]]:
    folder = tmp_path_factory.mktemp("corpus")
    made = []
    for number, case in enumerate(corpus(folder)):
        # A folder of its own for each, as names come up again.
        path = folder / f"{number:03d}" / case.name
        path.parent.mkdir()
        path.write_bytes(case.content)
        made.append((case, path))
    return made


def verdict(case: Case, path: Path) -> str | None:
    """What is wrong with how a file is read, None if nothing."""
    try:
        size, image = image_size(path), read_picture(path).image
    except VideoError as error:
        return f"refused: {error}" if case.good else ill_told(str(error), path)
    return "read, though it is none" if case.good is False else ill_shown(case, size, image)


def ill_told(line: str, path: Path) -> str | None:
    """What is wrong with an error's message."""
    short = "\n" not in line and len(line) < LONGEST_LINE + len(str(path))
    return None if line.startswith(f"{path}: ") and short else f"not told in one line: {line!r}"


def ill_shown(case: Case, size: tuple[int, int], image: np.ndarray) -> str | None:
    """What is wrong with a picture that was read."""
    if image.dtype != np.float32 or image.shape not in {(size[1], size[0], 3), (size[1], size[0], 4)}:
        return f"is {image.dtype} {image.shape}, promised {size}"
    if not (np.isfinite(image).all() and image.min() >= 0.0 and image.max() <= 1.0):
        return "leaves 0..1"
    if case.colors is not None and not np.allclose(image[..., :3], case.colors, atol=case.within):
        return f"off by {np.abs(image[..., :3] - case.colors).max()}"
    return None


def test_every_picture_is_read_right_or_refused_in_one_line(
    cases: list[tuple[Case, Path]], capfd: pytest.CaptureFixture[str]
) -> None:
    assert len(cases) >= 300
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wrong = {case.name: problem for case, path in cases if (problem := verdict(case, path))}
    assert not wrong
    printed = capfd.readouterr()
    assert printed.out == ""
    assert printed.err == ""
    # Kilobytes: nothing that a small file promises is taken at its word.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 700_000


def movie_verdict(path: Path, content: bytes) -> str | None:
    """What is wrong with how a movie is read, None if nothing."""
    path.write_bytes(content)
    try:
        finite = all(np.isfinite(frame).all() for frame in read_movie(path))
    except VideoError as error:
        return ill_told(str(error), path)
    return None if finite else "not finite"


MOVIES = ("mp4", "mov", "mkv", "gif")


@pytest.fixture(scope="module")
def movies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A whole movie of each kind."""
    folder = tmp_path_factory.mktemp("movies")
    frames = [waves(32, 32, 2.0 * number) for number in range(4)]
    for codec in MovieCodec:
        write_movie(folder / f"whole{codec.suffix}", frames, 24.0, codec)
    pictures = [Image.fromarray((255 * frame).astype(np.uint8)) for frame in frames]
    pictures[0].save(folder / "whole.gif", save_all=True, append_images=pictures[1:])
    return {suffix: (folder / f"whole.{suffix}").read_bytes() for suffix in MOVIES}


@pytest.mark.parametrize("suffix", MOVIES)
def test_every_movie_is_read_or_refused_in_one_line(
    tmp_path: Path, movies: dict[str, bytes], suffix: str, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = movies[suffix]
    path = tmp_path / f"movie.{suffix}"
    path.write_bytes(whole)
    assert [frame.shape for frame in read_movie(path)] == [(32, 32, 4 if suffix == "gif" else 3)] * 4
    contents = [whole[: len(whole) * share // 20] for share in range(20)]
    # A codec that nobody knows, in the movies that name it by these letters.
    contents += [whole.replace(name, b"zzzz") for name in (b"avc1", b"ap4h", b"V_FFV1")]
    random = np.random.default_rng(3)
    for place in random.integers(0, len(whole), 20):
        contents.append(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
    wrong = [problem for content in contents if (problem := movie_verdict(path, content))]
    assert not wrong
    printed = capfd.readouterr()
    assert printed.out == printed.err == ""


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{other}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{other}'\n",
        "v=0\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    ],
)
def test_a_movie_leads_to_no_other_file(tmp_path: Path, movies: dict[str, bytes], text: str) -> None:
    (tmp_path / "other.mp4").write_bytes(movies["mp4"])
    path = tmp_path / "list.mp4"
    path.write_text(text.format(other=tmp_path / "other.mp4"))
    with pytest.raises(VideoError, match="no movie that can be read"):
        next(read_movie(path))


@pytest.mark.parametrize("name", ["concat:other.mp4|other.mp4", "a movie, 100 % ünïcode 絵 #1.mp4", "-i.mp4"])
def test_a_movies_name_is_a_name(
    tmp_path: Path, movies: dict[str, bytes], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("other.mp4").write_bytes(movies["mp4"])
    if name.startswith("concat"):
        with pytest.raises(VideoError, match="does not exist"):
            next(read_movie(Path(name)))
        return
    Path(name).write_bytes(movies["mp4"])
    assert len(list(read_movie(Path(name)))) == 4
