"""Movies in, movies out, as a user meets them: upright, in time, with sound, and all that is there."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.blender_nst.command_line import Cli
from tests.video.made_files.movie_files import (
    LOSSLESS,
    SOUND_RATE,
    MovieFile,
    heard,
    scene,
    tone,
    with_edit_list,
)
from video.images.image_files import image_size, write_png
from video.movies.movie import read_movie, read_movie_frames

SAME = ["--strength", "0", "--steps", "1", "--warm-steps", "1", "--coarsest-size", "32", "--device", "cpu"]
SAME += ["--local-weight", "0", "--motion", "none"]
TIMES = [0, 40, 80, 600, 640, 1200]


@pytest.fixture(scope="module")
def style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("style") / "style.png"
    write_png(path, np.random.default_rng(1).random((32, 48, 3)).astype(np.float32))
    return path


def starts(path: Path) -> list[float]:
    shown = [frame.shown for frame in read_movie_frames(path)]
    return [float(each.start - shown[0].start) for each in shown]


def test_a_phones_recording_keeps_times_sound_shape_and_orientation(
    cli: Cli, tmp_path: Path, style: Path
) -> None:
    def turn(stream: av.VideoStream) -> None:
        stream.set_display_rotation(-90)

    movie = MovieFile(
        time_base=Fraction(1, 1000),
        times=TIMES,
        rate=4,
        options=LOSSLESS | {"bf": "0"},
        setup=turn,
        aspect=Fraction(64, 45),
        sound="aac",
    )
    source = movie.write(tmp_path / "phone.mp4", [scene(n, 32, 48) for n in range(6)])
    out = tmp_path / "out"
    wanted = ["--output-format", "exr", *SAME]
    outcome = cli("stylize", source, "--style", style, "--out", out, *wanted)
    assert outcome.code == 0, outcome.stderr
    assert image_size(out / "styled" / "styled_0001.exr") == (32, 48)
    assert starts(out / "styled.mp4") == pytest.approx([each / 1000.0 for each in TIMES], abs=1e-4)
    for number, frame in enumerate(read_movie(out / "styled.mp4")):
        truth = np.rot90(scene(number, 32, 48), -1)
        # The styled movie has half the resolution in color.
        assert np.abs(frame.mean(axis=2) - truth.mean(axis=2)).mean() * 255.0 < 6.0
    with av.open(str(out / "styled.mp4")) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert video.sample_aspect_ratio == Fraction(45, 64)
        assert audio.codec_context.name == "aac"
        context = video.codec_context
        tags = (context.colorspace, context.color_primaries, context.color_trc, context.color_range)
        assert tags == (1, 1, 1, 1)
    samples, start = heard(out / "styled.mp4")
    place = round(start * SOUND_RATE)
    assert np.abs(samples[4800:43200] - tone(3.0)[place + 4800 : place + 43200]).mean() < 0.01
    # Another rate, and a part.
    outcome = cli("stylize", source, "--style", style, "--out", out, *wanted, "--frame-rate", "10")
    assert outcome.code == 0, outcome.stderr
    assert starts(out / "styled.mp4") == pytest.approx([n / 10 for n in range(6)], abs=1e-4)
    assert "without its sound" in outcome.stderr
    with av.open(str(out / "styled.mp4")) as container:
        assert not container.streams.audio
    part = tmp_path / "part"
    outcome = cli("stylize", source, "--style", style, "--out", part, *SAME, "--frames", "4-6")
    assert outcome.code == 0, outcome.stderr
    assert starts(part / "styled.mp4") == pytest.approx([0.0, 0.04, 0.6], abs=1e-4)
    samples, start = heard(part / "styled.mp4")
    place = round((start + 0.6) * SOUND_RATE)
    assert np.abs(samples[4800:24000] - tone(3.0)[place + 4800 : place + 24000]).mean() < 0.02


def test_what_is_there_of_a_movie_is_stylized_to_its_end(cli: Cli, tmp_path: Path, style: Path) -> None:
    options = LOSSLESS | {"g": "4", "bf": "0", "x264-params": "repeat-headers=1"}
    whole = MovieFile(options=options).write(tmp_path / "whole.ts", [scene(n, 32, 48) for n in range(12)])
    packets = whole.read_bytes()
    entered = tmp_path / "entered.ts"
    entered.write_bytes(packets[188 * (len(packets) // 188 // 5) : 188 * (len(packets) // 188 * 4 // 5)])
    trimmed = MovieFile().write(tmp_path / "trimmed.mp4", [scene(n, 32, 48) for n in range(8)])
    with_edit_list(trimmed, skipped=2, kept=4)
    for source in (entered, trimmed):
        out = tmp_path / source.stem
        there = len(list(read_movie(source)))
        assert 1 < there < 10
        outcome = cli("stylize", source, "--style", style, "--out", out, *SAME)
        assert outcome.code == 0, outcome.stderr
        assert len(list((out / "styled").iterdir())) == there
        assert len(list(read_movie(out / "styled.mp4"))) == there
        assert (out / "contact_sheet.png").is_file()
        beyond = ["--frames", f"{there + 1}-{there + 3}"]
        refused = cli("stylize", source, "--style", style, "--out", tmp_path / "none", *beyond, *SAME)
        assert refused.code == 2
        assert f"has the frames 1-{there}" in refused.stderr
        assert not (tmp_path / "none" / "styled").exists()


def test_what_is_not_taken_over_is_said_in_one_line(cli: Cli, tmp_path: Path, style: Path) -> None:
    movie = MovieFile(sound="aac", cover=True)
    source = movie.write(tmp_path / "covered.mp4", [scene(n, 32, 48) for n in range(2)])
    outcome = cli("stylize", source, "--style", style, "--out", tmp_path / "out", *SAME)
    assert outcome.code == 0, outcome.stderr
    lines = [line for line in outcome.stderr.splitlines() if "not taken over" in line]
    assert len(lines) == 1
    assert "cover" in lines[0]
