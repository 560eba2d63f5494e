"""`blender-nst chunk` and `blender-nst farm`: the run of one machine in parts, put together again."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from blender_nst.cli.farm.exit_codes import ChunkExit
from tests.blender_nst.command_line import Cli
from video.farm.chunk_record import ChunkFolder
from video.files.folder_lock import file_locked
from video.images.image_files import image_size, quantize, write_png
from video.paintings.painting import Painting
from video.protocol.json_lines import decode_event
from video.protocol.messages import FrameDone
from video.resume.fingerprint import ALGORITHM_VERSION

Picture = Callable[..., np.ndarray]

TINY = ["--steps", "2", "--warm-steps", "1", "--coarsest-size", "64", "--device", "cpu"]
COUNT, CUT = 9, 6


@pytest.fixture(scope="module")
def frames(picture: Picture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames of a pan with a cut, and a style beside them."""
    folder = tmp_path_factory.mktemp("farm input")
    for number in range(1, COUNT + 1):
        wide = quantize(picture(96, 48, Painting.DABS if number < CUT else Painting.KNIFE))
        write_png(folder / "frames" / f"f_{number:04}.png", wide[:, 2 * number : 2 * number + 64])
    write_png(folder / "style.png", picture(64, 48, Painting.SWIRLS))
    return folder / "frames"


def arguments(frames: Path, out: Path) -> list[object]:
    return [frames, "--style", frames.parent / "style.png", "--out", out, *TINY]


def styled(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (out / "styled").iterdir()}


def test_chunks_are_the_run_of_one_machine_and_are_finished_as_it(
    cli: Cli, frames: Path, tmp_path: Path
) -> None:
    assert cli("stylize", *arguments(frames, tmp_path / "one")).code == 0
    farm = tmp_path / "farm"
    missing = cli("farm", "finish", farm)
    assert missing.code == 2
    assert "farm.json" in missing.stderr
    for chunk in ("7,8", "1-6"):
        outcome = cli("chunk", *arguments(frames, farm), "--frames", chunk, "--lead-in", "shot")
        assert outcome.code == 0, outcome.stderr
    incomplete = cli("farm", "finish", farm, "--frames", "1-9")
    assert incomplete.code == 2
    assert "1 of 9 frames are missing (9)" in incomplete.stderr
    assert not (farm / "journal.json").exists()
    assert cli("chunk", *arguments(frames, farm), "--frames", "9", "--lead-in", "shot").code == 0
    finished = cli("farm", "finish", farm, "--frames", "1-9", "--json")
    assert finished.code == 0, finished.stderr
    result = json.loads(finished.stdout)
    assert (result["frames"], result["chunks"]) == (9, 3)
    assert styled(farm) == styled(tmp_path / "one")
    for name in ("styled.mp4", "contact_sheet.png"):
        assert (farm / name).read_bytes() == (tmp_path / "one" / name).read_bytes(), name
    # The seam at the cut is none; the chunks 7-8 and 9 each follow one of the same shot.
    seams = json.loads((farm / "metrics.json").read_text())["seams"]["warp_error"]
    assert sorted(seams) == ["7", "9"]
    measured = json.loads(cli("metrics", tmp_path / "one", "--content", frames, "--json").stdout)["frames"]
    for frame in measured:
        if str(frame["number"]) in seams:
            assert seams[str(frame["number"])] == pytest.approx(frame["warp_error"])
    again = cli("stylize", *arguments(frames, farm), "--json")
    assert again.code == 0, again.stderr
    done = [event for line in again.stdout.splitlines() if isinstance(event := decode_event(line), FrameDone)]
    assert [event.resumed for event in done] == [True] * 9


def test_a_missing_frame_in_the_middle_and_a_changed_one_are_named(
    cli: Cli, frames: Path, tmp_path: Path
) -> None:
    for chunk in ("1-2", "5-6"):
        assert cli("chunk", *arguments(frames, tmp_path), "--frames", chunk).code == 0
    outcome = cli("farm", "finish", tmp_path)
    assert outcome.code == 2
    assert "2 of 6 frames are missing (3-4)" in outcome.stderr
    assert cli("chunk", *arguments(frames, tmp_path), "--frames", "3-4").code == 0
    (tmp_path / "styled" / "styled_0003.png").write_bytes(b"somebody else's")
    outcome = cli("farm", "finish", tmp_path)
    assert outcome.code == 2
    assert "frames 3-4" in outcome.stderr
    assert cli("chunk", *arguments(frames, tmp_path), "--frames", "3-4").code == 0
    assert cli("farm", "finish", tmp_path, "--no-movie", "--no-metrics").code == 0
    assert image_size(tmp_path / "contact_sheet.png")[0] > 6 * 64
    assert not (tmp_path / "styled.mp4").exists()


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--frames", "8-12"], ChunkExit.BAD_INPUT, "8-12 are not there; there are 1-9"),
        (["--frames", "none"], ChunkExit.BAD_INPUT, "'none' is no frame range"),
        (["--frames", "1-3", "--lead-in", "all"], ChunkExit.BAD_INPUT, "'all' is no lead-in"),
        (["--frames", "1-3", "--style", "no.png"], ChunkExit.BAD_INPUT, "no.png"),
        (["--frames", "1-3", "--style-layers", "relu9_9"], ChunkExit.BAD_INPUT, "relu9_9"),
        (
            ["--frames", "1-3", "--device", "cuda"],
            ChunkExit.OTHER_MACHINE,
            "the device cuda is not available",
        ),
    ],
)
@pytest.mark.parametrize("form", ["openjd", "json"])
def test_a_farm_is_told_why_and_whether_to_try_again(
    *, cli: Cli, frames: Path, tmp_path: Path, options: list[str], code: int, words: str, form: str
) -> None:
    if "cuda" in options:
        import torch

        if torch.cuda.is_available():
            pytest.skip("has the device that is asked for")
    outcome = cli("chunk", *arguments(frames, tmp_path / "out"), "--progress", form, *options)
    assert outcome.code == code, outcome.stderr
    (line,) = [line for line in outcome.stdout.splitlines() if "fail" in line]
    told = json.loads(line)["fail"] if form == "json" else line.removeprefix("openjd_fail: ")
    assert words in told
    assert words in outcome.stderr
    assert ("to go on: " in outcome.stderr) is (code != ChunkExit.BAD_INPUT)
    assert not (tmp_path / "out" / "styled").exists()


def test_what_may_pass_by_is_to_be_tried_again(
    cli: Cli, frames: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = arguments(frames, tmp_path)
    with file_locked(ChunkFolder(tmp_path, "0001-0002").lock):
        busy = cli("chunk", *made, "--frames", "1-2", "--wait", "0", "--progress", "openjd")
    assert busy.code == ChunkExit.LATER
    assert "openjd_fail: " in busy.stdout
    assert cli("chunk", *made, "--frames", "1-2").code == ChunkExit.DONE
    monkeypatch.setattr("video.resume.fingerprint.ALGORITHM_VERSION", 99)
    mixed = cli("chunk", *made, "--frames", "3-4")
    assert mixed.code == ChunkExit.OTHER_MACHINE
    assert f"algorithm version was {ALGORITHM_VERSION}, is 99" in mixed.stderr
    assert "--allow-mixed" in mixed.stderr
    assert cli("chunk", *made, "--frames", "3-4", "--allow-mixed").code == ChunkExit.DONE
    finished = cli("farm", "finish", tmp_path, "--no-movie", "--no-metrics", "--no-contact-sheet")
    assert finished.code == 0
    assert "several kinds" in finished.stderr


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 32 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    umount = shutil.which("umount")
    if umount is None or mount(folder, "size=32k") != 0:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run([umount, str(folder)], check=True)


def mount(folder: Path, options: str) -> int:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode


def test_a_full_disk_is_later_and_loses_nothing(
    cli: Cli, frames: Path, tmp_path: Path, small_disk: Path
) -> None:
    whole = tmp_path / "whole"
    assert cli("chunk", *arguments(frames, whole), "--frames", "1-4").code == 0
    outcome = cli("chunk", *arguments(frames, small_disk), "--frames", "1-4", "--progress", "openjd")
    assert outcome.code == ChunkExit.LATER, outcome.stderr
    assert "openjd_fail: " in outcome.stdout
    assert not (small_disk / "styled").exists(), "a chunk delivers all of its frames or none"
    assert mount(small_disk, "remount,size=64m") == 0
    again = cli("chunk", *arguments(frames, small_disk), "--frames", "1-4")
    assert again.code == 0, again.stderr
    assert styled(small_disk) == styled(whole)


def test_a_frame_that_is_missing_among_the_input_is_named(cli: Cli, frames: Path, tmp_path: Path) -> None:
    for number in (1, 2, 4, 5):
        name = f"f_{number:04}.png"
        (tmp_path / "frames").mkdir(exist_ok=True)
        shutil.copyfile(frames / name, tmp_path / "frames" / name)
    style = ["--style", frames.parent / "style.png", "--out", tmp_path / "out", *TINY]
    # It leads in to the chunk.
    outcome = cli("chunk", tmp_path / "frames", *style, "--frames", "4-5", "--lead-in", "1")
    assert outcome.code == ChunkExit.BAD_INPUT
    assert outcome.stderr.strip().endswith("missing frame 3; there are 1 to 5; render them"), outcome.stderr
    assert not (tmp_path / "out" / "styled").exists()


def test_progress_of_all_chunks_of_a_list(cli: Cli, frames: Path, tmp_path: Path) -> None:
    """1 and 5-6 with a lead-in of 2: one frame and four, three of which count."""
    wanted = ["--frames", "1,5-6", "--lead-in", "2", "--progress", "openjd"]
    outcome = cli("chunk", *arguments(frames, tmp_path), *wanted)
    assert outcome.code == 0, outcome.stderr
    lines = [
        line.partition(": ")[2]
        for line in outcome.stdout.splitlines()
        if line.startswith("openjd_progress: ")
    ]
    shares = [float(line) for line in lines]
    assert shares == sorted(shares)
    assert {20.0, 40.0, 60.0, 80.0, 100.0} <= set(shares)
    assert shares[-1] == 100.0
    assert sorted(styled(tmp_path)) == ["styled_0001.png", "styled_0005.png", "styled_0006.png"]
    plain = cli("chunk", *arguments(frames, tmp_path), *wanted[:-1], "plain")
    assert plain.stdout.splitlines()[-1] == "Progress: 100.0 %"
    as_json = cli("chunk", *arguments(frames, tmp_path), *wanted[:-1], "json")
    assert json.loads(as_json.stdout.splitlines()[-1]) == {"event": "progress", "progress": 100.0}


def test_a_plan_finds_the_cut_and_tells_what_the_lead_in_costs(
    cli: Cli, frames: Path, tmp_path: Path
) -> None:
    wanted = ["--chunk-size", "3", "--lead-in", "1", "--seconds-per-frame", "2", "--workers", "2", *TINY]
    outcome = cli("farm", "plan", frames, "--out", tmp_path, *wanted, "--json")
    assert outcome.code == 0, outcome.stderr
    plan = json.loads(outcome.stdout)
    assert plan["shots"] == [1, CUT]
    assert [each["frames"] for each in plan["chunks"]] == ["1-2", "3-5", "6-7", "8-9"]
    assert [each["run"] for each in plan["chunks"]] == ["1-2", "2-5", "6-7", "7-9"]
    assert plan["seams"] == [3, 8]
    assert plan["lead_in_share"] == pytest.approx(2 / 11)
    # Two steps of a cold frame, one of a warm one: each takes two seconds.
    assert [each["seconds"] for each in plan["chunks"]] == [4.0, 8.0, 4.0, 6.0]
    # In their order: the first worker has 4 + 4 + 6, the second 8.
    assert plan["elapsed_seconds"] == 14.0
    table = cli("farm", "plan", frames, "--out", tmp_path, *wanted)
    assert "--shots 1,6" in table.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_plan_knows_the_speed_of_the_chunks_that_are_finished(
    cli: Cli, frames: Path, tmp_path: Path
) -> None:
    assert cli("chunk", *arguments(frames, tmp_path), "--frames", "1-4").code == 0
    entries = json.loads((tmp_path / "chunks" / "0001-0004" / "chunk.json").read_text())["entries"]
    cold, *warm = [entry["seconds"] for entry in entries]
    outcome = cli(
        "farm", "plan", frames, "--out", tmp_path, "--shots", "1", "--chunk-size", "9", *TINY, "--json"
    )
    (planned,) = json.loads(outcome.stdout)["chunks"]
    assert planned["seconds"] == pytest.approx(cold + 8 * sum(warm) / 3)
