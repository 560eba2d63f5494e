"""Formats as a user meets them: files of many kinds in, files and movies of the wanted kind out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.blender_nst.command_line import Cli
from video.images.exr import read_color, write_exr
from video.images.image_files import image_size, read_picture, write_png
from video.movies.movie import movie_frame_rate, movie_length, read_movie, write_movie
from video.settings import MovieCodec

RNG = np.random.default_rng(3)
TINY = ["--steps", "1", "--coarsest-size", "32", "--device", "cpu"]


@pytest.fixture(scope="module")
def style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A style picture that is an EXR itself."""
    path = tmp_path_factory.mktemp("style") / "style.exr"
    write_exr(path, RNG.random((32, 32, 3)).astype(np.float32))
    return path


def test_a_movie_becomes_exrs_and_a_master_at_its_own_rate(cli: Cli, tmp_path: Path, style: Path) -> None:
    source = tmp_path / "film ü.mov"
    write_movie(
        source, [RNG.random((32, 40, 3)).astype(np.float32) for _ in range(2)], 29.97, MovieCodec.PRORES
    )
    out = tmp_path / "out"
    wanted = ["--output-format", "exr", "--movie-codec", "ffv1", "--motion", "none", "--warm-steps", "1"]
    outcome = cli("stylize", source, "--style", style, "--out", out, *wanted, *TINY)
    assert outcome.code == 0, outcome.stderr
    names = sorted(
        str(path.relative_to(out))
        for path in out.rglob("*.*")
        if ".journal" not in path.relative_to(out).parts
    )
    styled = ["styled.mkv", "styled/styled_0001.exr", "styled/styled_0002.exr"]
    assert names == ["blender-nst.log", "contact_sheet.png", "journal.json", *styled]
    assert movie_length(out / "styled.mkv") == 2
    assert movie_frame_rate(out / "styled.mkv") == pytest.approx(30_000 / 1001, abs=1e-4)
    assert "styled.mkv" in outcome.stderr


def test_a_picture_becomes_an_exr_and_a_png_of_16_bits(cli: Cli, tmp_path: Path, style: Path) -> None:
    light = tmp_path / "light.exr"
    write_exr(light, np.dstack([4.0 * RNG.random((32, 40, 3)), np.ones((32, 40, 1))]).astype(np.float32))
    same = [*TINY, "--strength", "0"]
    assert cli("image", light, "--style", style, "--out", tmp_path / "a.exr", *same).code == 0
    np.testing.assert_array_equal(read_color(tmp_path / "a.exr"), read_color(light))
    wanted = ["--output-format", "png16", *same]
    assert cli("image", light, "--style", style, "--out", tmp_path / "a.png", *wanted).code == 0
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png").image, read_picture(light).image)
    refused = cli("image", light, "--style", style, "--out", tmp_path / "a.tif", *same)
    assert refused.code == 2
    assert "name a file that ends in .png or .exr" in refused.stderr


def odd_pictures(folder: Path) -> dict[str, Path]:
    """Pictures that are hard to stylize, by what is odd about them."""
    files = {name: folder / f"{name} ü.png" for name in ("dot", "small", "wide", "edge")}
    for name, (height, width) in {
        "dot": (1, 1),
        "small": (15, 40),
        "wide": (16, 8000),
        "edge": (16, 16),
    }.items():
        write_png(files[name], RNG.random((height, width, 3)))
    files["no_number"] = folder / "no number.exr"
    light = RNG.random((20, 20, 3)).astype(np.float32)
    light[3:9] = np.nan
    light[12, 12] = np.inf
    write_exr(files["no_number"], light)
    files["cut"] = folder / "cut.exr"
    files["cut"].write_bytes(files["no_number"].read_bytes()[:700])
    files["clear"] = folder / "clear.png"
    write_png(files["clear"], np.zeros((20, 20, 4)))
    return files


def test_odd_pictures_are_stylized_or_refused_in_one_line(cli: Cli, tmp_path: Path, style: Path) -> None:
    refused = {"dot": "at least 16 px", "small": "at least 16 px", "cut": "damaged or cut short"}
    for name, path in odd_pictures(tmp_path).items():
        out = tmp_path / f"{name}_styled.png"
        outcome = cli("image", path, "--style", style, "--out", out, *TINY)
        if name in refused:
            assert outcome.code == 2
            assert refused[name] in outcome.stderr
            assert len(outcome.stderr.splitlines()) == 1
            assert not out.exists()
        else:
            assert outcome.code == 0, outcome.stderr
            assert image_size(out) == image_size(path)


def test_a_damaged_frame_is_told_once_and_json_stays_json(cli: Cli, tmp_path: Path, style: Path) -> None:
    path = tmp_path / "frame_0001.exr"
    write_exr(path, np.linspace(0.0, 1.0, 32 * 32 * 3, dtype=np.float32).reshape(32, 32, 3))
    damaged = bytearray(path.read_bytes())
    damaged[-200:-100] = b"\xff" * 100
    path.write_bytes(damaged)
    outcome = cli("stylize", tmp_path, "--style", style, "--out", tmp_path / "out", "--json", *TINY)
    assert outcome.code == 2
    *_, event = (json.loads(line) for line in outcome.stdout.splitlines())
    assert event["event"] == "failed"
    assert "frame_0001.exr: the EXR is damaged" in event["error"]
    assert "EXR_ERR" not in outcome.stderr


def test_frames_and_their_masks_may_be_movies(cli: Cli, tmp_path: Path, style: Path) -> None:
    frames = [RNG.random((32, 40, 3)).astype(np.float32) for _ in range(2)]
    keep = np.zeros((32, 40, 3), np.float32)
    keep[:, :20] = 1.0
    write_movie(tmp_path / "film.mkv", frames, 24.0, MovieCodec.FFV1)
    write_movie(tmp_path / "keep.mkv", [keep, 1.0 - keep], 24.0, MovieCodec.FFV1)
    out = tmp_path / "out"
    wanted = ["--motion", "none", "--movie-codec", "ffv1", "--warm-steps", "1", *TINY]
    keeping = ["--keep", tmp_path / "keep.mkv"]
    outcome = cli("stylize", tmp_path / "film.mkv", "--style", style, "--out", out, *keeping, *wanted)
    assert outcome.code == 0, outcome.stderr
    styled = list(read_movie(out / "styled.mkv"))
    sources = list(read_movie(tmp_path / "film.mkv"))
    np.testing.assert_array_equal(styled[0][:, :20], sources[0][:, :20])
    np.testing.assert_array_equal(styled[1][:, 20:], sources[1][:, 20:])
    assert (styled[0][:, 20:] != sources[0][:, 20:]).any()
