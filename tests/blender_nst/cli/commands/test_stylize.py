"""`blender-nst` from its arguments to its end: what it writes and prints, how it refuses."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.blender_nst.command_line import Cli
from video.images.image_files import image_size, read_image, write_png
from video.movies.movie import movie_length
from video.paintings.painting import Painting
from video.protocol.json_lines import decode_event
from video.protocol.messages import Done, FrameDone, Progress

Picture = Callable[..., np.ndarray]

TINY = ["--steps", "2", "--warm-steps", "1", "--coarsest-size", "64", "--device", "cpu"]


@pytest.fixture(scope="module")
def files(picture: Picture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with good and bad input."""
    folder = tmp_path_factory.mktemp("input files")
    write_png(folder / "style.png", picture(64, 48, Painting.KNIFE))
    write_png(folder / "picture.png", picture(64, 48))
    wide = picture(96, 48)
    for number in (1, 2, 3):
        write_png(folder / "frames" / f"f_{number:04}.png", wide[:, 2 * number : 2 * number + 64])
        write_png(folder / "sizes" / f"f_{number:04}.png", wide[:, : 64 if number != 3 else 60])
    write_png(folder / "tiny" / "f_0001.png", wide[:8, :8])
    (folder / "broken").mkdir()
    (folder / "broken" / "f_0001.png").write_bytes((folder / "picture.png").read_bytes()[:400])
    (folder / "empty").mkdir()
    (folder / "text.png").write_text("no picture")
    (folder / "file").write_text("a file, no folder")
    (folder / "scene.blend").write_text("nobody reads this")
    return folder


@dataclass(frozen=True)
class Refusal:
    """Arguments (`{files}` and `{out}` are folders), and what the message must say."""

    arguments: str
    words: str


STYLE = "--style {files}/style.png --out {out}"
REFUSALS = {
    "missing input": Refusal(f"stylize {{files}}/none {STYLE}", "none does not exist"),
    "missing style": Refusal(
        "stylize {files}/frames --style {files}/no.png --out {out}", "no.png: does not exist"
    ),
    "style is no picture": Refusal("stylize {files}/frames --style {files}/text.png --out {out}", "text.png"),
    "style is a folder": Refusal(
        "stylize {files}/frames --style {files}/frames --out {out}", "frames: is a folder"
    ),
    "one file": Refusal(f"stylize {{files}}/picture.png {STYLE}", "picture.png is one file"),
    "empty folder": Refusal(f"stylize {{files}}/empty {STYLE}", "empty holds no numbered pictures"),
    "frames of different sizes": Refusal(
        f"stylize {{files}}/sizes {STYLE}", "frame 3: f_0003.png is 60×48 px"
    ),
    "empty range": Refusal(f"stylize {{files}}/frames --frames 3-1 {STYLE}", "range 3-1 is empty"),
    "no range": Refusal(f"stylize {{files}}/frames --frames all {STYLE}", "'all' is no frame range"),
    "missing frames": Refusal(
        f"stylize {{files}}/frames --frames 2-5 {STYLE}",
        "missing frames 4, 5; there are 1 to 3; render them, or leave them out with --skip-missing",
    ),
    "unknown layer": Refusal(f"stylize {{files}}/frames --style-layers relu9_9 {STYLE}", "relu9_9"),
    "unwritable output": Refusal(
        "stylize {files}/frames --style {files}/style.png --out {files}/file/out",
        "file/out: cannot be written",
    ),
    "picture missing": Refusal("image {files}/no.png --style {files}/style.png --out {out}/a.png", "no.png"),
    "picture to a folder below a file": Refusal(
        "image {files}/picture.png --style {files}/style.png --out {files}/file/a.png",
        "file: cannot be written",
    ),
    "picture to no PNG": Refusal(
        "image {files}/picture.png --style {files}/style.png --out {out}/a.jpg",
        "a.jpg: styled pictures are PNG or EXR",
    ),
    "scene not there": Refusal(
        f"render {{files}}/none.blend {STYLE}", "none.blend: there is no such .blend file"
    ),
    "no Blender": Refusal(f"render {{files}}/scene.blend --blender /none/blender {STYLE}", "/none/blender"),
    "render's style missing": Refusal(
        "render {files}/scene.blend --style {files}/no.png --out {out} --blender /none/blender", "no.png"
    ),
    "render's range empty": Refusal(
        f"render {{files}}/scene.blend --frames 9-1 --blender /none/blender {STYLE}", "9-1"
    ),
    "demo without Blender": Refusal("demo --out {out} --blender /none/blender", "/none/blender"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_bad_input_ends_with_code_2_and_one_line_that_names_it(
    cli: Cli, files: Path, tmp_path: Path, name: str
) -> None:
    refusal = REFUSALS[name]
    outcome = cli(*(part.format(files=files, out=tmp_path / "out") for part in refusal.arguments.split()))
    assert outcome.code == 2, outcome.stderr
    lines = outcome.stderr.splitlines()
    assert len(lines) == 1, outcome.stderr
    assert lines[0].startswith("blender-nst: ")
    assert refusal.words in lines[0]
    assert outcome.stdout == ""
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("source", "words"), [("broken", "f_0001.png: is no picture, or a damaged one"), ("tiny", "frame 1:")]
)
def test_frame_that_fails_in_the_run_is_named_in_the_last_line(
    cli: Cli, files: Path, tmp_path: Path, source: str, words: str
) -> None:
    outcome = cli("stylize", files / source, "--style", files / "style.png", "--out", tmp_path)
    assert outcome.code == 2
    assert words in outcome.stderr.splitlines()[-1]
    assert "Traceback" not in outcome.stderr
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["blender-nst.log"]
    assert "Traceback" in (tmp_path / "blender-nst.log").read_text("utf-8")


def test_refusal_is_told_to_programs_too(cli: Cli, files: Path, tmp_path: Path) -> None:
    outcome = cli("stylize", files / "none", "--style", files / "style.png", "--out", tmp_path, "--json")
    assert outcome.code == 2
    failed = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert [line["event"] for line in failed] == ["failed"]
    assert "none does not exist" in failed[0]["error"]


def test_failure_in_a_later_frame_is_one_event(cli: Cli, files: Path, tmp_path: Path) -> None:
    outcome = cli("stylize", files / "tiny", "--style", files / "style.png", "--out", tmp_path, "--json")
    assert outcome.code == 2
    events = [json.loads(line)["event"] for line in outcome.stdout.splitlines()]
    assert events.count("failed") == 1


def test_stylize_writes_frames_movie_and_contact_sheet(cli: Cli, files: Path, tmp_path: Path) -> None:
    out = tmp_path / "a new folder"
    outcome = cli("stylize", files / "frames", "--style", files / "style.png", "--out", out, *TINY)
    assert outcome.code == 0, outcome.stderr
    frames = sorted(path.name for path in (out / "styled").iterdir())
    assert frames == ["styled_0001.png", "styled_0002.png", "styled_0003.png"]
    assert image_size(out / "styled" / "styled_0003.png") == (64, 48)
    assert movie_length(out / "styled.mp4") == 3
    assert image_size(out / "contact_sheet.png")[0] > 3 * 64
    made = ["blender-nst.log", "contact_sheet.png", "journal.json", "styled", "styled.mp4"]
    assert sorted(path.name for path in out.iterdir()) == made


def test_a_run_goes_on_or_begins_anew(cli: Cli, files: Path, tmp_path: Path) -> None:
    arguments = ["stylize", files / "frames", "--style", files / "style.png", "--out", tmp_path, *TINY]
    assert cli(*arguments, "--frames", "1-2").code == 0
    longer = cli(*arguments)
    assert longer.code == 0, longer.stderr
    assert "goes on; finished frames kept: 2" in longer.stderr
    refused = cli(*arguments, "--strength", "0.5")
    assert refused.code == 2
    assert "strength was 1.0, is 0.5" in refused.stderr.splitlines()[-1]
    assert "--restart" in refused.stderr.splitlines()[-1]
    anew = cli(*arguments, "--strength", "0.5", "--restart", "--json")
    assert anew.code == 0, anew.stderr
    done = [json.loads(line) for line in anew.stdout.splitlines() if '"frame_done"' in line]
    assert [event["resumed"] for event in done] == [False, False, False]


def test_stylize_leaves_out_what_is_not_wanted(cli: Cli, files: Path, tmp_path: Path) -> None:
    source = files / "frames" / "f_%04d.png"
    wanted = ["--frames", "1-3x2", "--no-movie", "--no-contact-sheet", *TINY]
    outcome = cli("stylize", source, "--style", files / "style.png", "--out", tmp_path, *wanted)
    assert outcome.code == 0, outcome.stderr
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == [
        "blender-nst.log",
        "journal.json",
        "styled_0001.png",
        "styled_0003.png",
    ]


def test_json_output_is_a_line_for_each_event(cli: Cli, files: Path, tmp_path: Path) -> None:
    arguments = ["--style", files / "style.png", "--out", tmp_path, "--json", *TINY]
    outcome = cli("stylize", files / "frames", *arguments)
    assert outcome.code == 0, outcome.stderr
    events = [decode_event(line) for line in outcome.stdout.splitlines()]
    assert [event.frame for event in events if isinstance(event, FrameDone)] == [1, 2, 3]
    assert [event.frame for event in events if isinstance(event, Progress)] == [1, 1, 2, 3]
    done = events[-1]
    assert isinstance(done, Done)
    assert done.frames == [1, 2, 3]
    assert done.movie == str(tmp_path / "styled.mp4")


def test_movie_in_frames_out(cli: Cli, files: Path, tmp_path: Path) -> None:
    first = tmp_path / "first"
    assert cli("stylize", files / "frames", "--style", files / "style.png", "-o", first, *TINY).code == 0
    outcome = cli("stylize", first / "styled.mp4", "-s", files / "style.png", "-o", tmp_path / "again", *TINY)
    assert outcome.code == 0, outcome.stderr
    assert len(list((tmp_path / "again" / "styled").iterdir())) == 3
    # Said before the first frame: of a large one, decoding alone takes minutes.
    with Image.open(tmp_path / "again" / "styled" / "styled_0001.png") as frame:
        size = f"{frame.width}×{frame.height}"
    said = [*outcome.stdout.splitlines(), *outcome.stderr.splitlines()]
    counted = said.index(f"counting the frames of {first / 'styled.mp4'}")
    assert said[counted + 1] == f"3 frames of {size} px"


@pytest.mark.parametrize("out", ["frames", "frames/styled/.."])
def test_results_never_land_among_the_input(cli: Cli, picture: Picture, tmp_path: Path, out: str) -> None:
    write_png(tmp_path / "frames" / "styled" / "styled_0001.png", picture())
    write_png(tmp_path / "style.png", picture())
    before = (tmp_path / "frames" / "styled" / "styled_0001.png").read_bytes()
    for source in (tmp_path / "frames" / "styled", tmp_path / "frames" / "styled" / "styled_####.png"):
        outcome = cli("stylize", source, "--style", tmp_path / "style.png", "--out", tmp_path / out, *TINY)
        assert outcome.code == 2
        assert "among the input" in outcome.stderr
    assert (tmp_path / "frames" / "styled" / "styled_0001.png").read_bytes() == before


def test_movie_is_never_overwritten_by_its_own_result(cli: Cli, files: Path, tmp_path: Path) -> None:
    first = ["--style", files / "style.png", "--out", tmp_path, *TINY]
    assert cli("stylize", files / "frames", *first).code == 0
    before = (tmp_path / "styled.mp4").read_bytes()
    outcome = cli("stylize", tmp_path / "styled.mp4", *first)
    assert outcome.code == 2
    assert (tmp_path / "styled.mp4").read_bytes() == before


def test_image_writes_a_png_of_the_same_size(cli: Cli, files: Path, tmp_path: Path) -> None:
    out = tmp_path / "made" / "styled.png"
    steps = ["--steps", "6", "--coarsest-size", "64", "--device", "cpu"]
    outcome = cli("image", files / "picture.png", "--style", files / "style.png", "--out", out, *steps)
    assert outcome.code == 0, outcome.stderr
    assert out.read_bytes().startswith(b"\x89PNG")
    styled, content = read_image(out), read_image(files / "picture.png")
    assert styled.shape == content.shape
    assert np.abs(styled - content).mean() > 0.02
    assert [path.name for path in out.parent.iterdir()] == ["styled.png"]


def test_doctor_tells_a_program_what_is_there(cli: Cli) -> None:
    outcome = cli("doctor", "--json", "--blender", "/none/blender")
    assert outcome.code == 1
    findings = {each["name"]: each for each in json.loads(outcome.stdout)["findings"]}
    assert {"Python", "torch", "device", "weights", "movies", "Blender"} <= set(findings)
    assert findings["weights"]["ok"]
    assert findings["torch"]["ok"]
    assert not findings["Blender"]["ok"]
    assert "/none/blender" in findings["Blender"]["found"]
    assert findings["Blender"]["advice"]


def test_doctor_says_that_compiled_convolutions_are_turned_off(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLENDER_NST_JIT", "0")
    outcome = cli("doctor", "--json", "--blender", "/none/blender")
    findings = {each["name"]: each for each in json.loads(outcome.stdout)["findings"]}
    assert "BLENDER_NST_JIT=0" in findings["machine code"]["found"]


def test_interrupted_it_says_by_which_command_it_goes_on(
    files: Path, tmp_path: Path, child_environment: dict[str, str]
) -> None:
    start = [sys.executable, "-m", "blender_nst.cli.app"]
    options = ["--style", str(files / "style.png"), "--out", str(tmp_path / "out put"), "--json", "--restart"]
    command = [*start, "stylize", str(files / "frames"), *options, *TINY, "--warm-steps", "30"]
    with subprocess.Popen(
        command, env=child_environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout or ():
            if isinstance(decode_event(line), FrameDone):
                process.send_signal(signal.SIGINT)
                break
        told = process.communicate()[1].splitlines()[-1]
    assert process.returncode == 130
    words, _, resume = told.partition("; to go on: ")
    assert words == "blender-nst: interrupted; finished frames are kept"
    again = shlex.split(resume)
    assert again == ["blender-nst", *(each for each in command[3:] if each != "--restart")]
    finished = subprocess.run(
        [*start, *again[1:]], env=child_environment, capture_output=True, check=True, text=True
    )
    events = [decode_event(line) for line in finished.stdout.splitlines()]
    resumed = [event.resumed for event in events if isinstance(event, FrameDone)]
    assert (len(resumed), resumed[0], resumed[-1]) == (3, True, False)


def test_program_of_its_own(files: Path, tmp_path: Path, child_environment: dict[str, str]) -> None:
    def run(source: Path) -> subprocess.CompletedProcess[str]:
        options = ["--style", str(files / "style.png"), "--out", str(tmp_path / "out"), *TINY]
        command = [sys.executable, "-m", "blender_nst.cli.app", "stylize", str(source), *options]
        return subprocess.run(
            command, env=child_environment, capture_output=True, check=False, encoding="utf-8"
        )

    assert run(files / "none").returncode == 2
    assert not (tmp_path / "out").exists()
    assert run(files / "frames").returncode == 0
    assert len(list((tmp_path / "out" / "styled").iterdir())) == 3


def test_a_smaller_size_to_paint_at_is_said_and_taken(files: Path, cli: Cli, tmp_path: Path) -> None:
    still = [each for each in TINY if each not in ("--warm-steps", "1")]
    given = ["--style", files / "style.png", *still]
    out = tmp_path / "still.png"
    made = cli("image", files / "picture.png", *given, "--out", out, "--working-size", "44")
    assert made.code == 0
    assert "64×48, optimized at 44×33 and upsampled" in made.stderr
    assert image_size(out) == (64, 48)
    again = cli("image", files / "picture.png", *given, "--out", out, "--working-detail", "full")
    assert again.code == 0
    assert "optimized at" not in again.stderr
    frames = cli(
        "stylize", files / "frames", *given, "--out", tmp_path, "--working-size", "44", "--frames", "1-2"
    )
    assert frames.code == 0
    assert "64×48, optimized at 44×33 and upsampled" in frames.stderr
    assert image_size(tmp_path / "styled" / "styled_0002.png") == (64, 48)


@pytest.mark.parametrize("command", ["image", "sweep", "stylize"])
def test_a_panorama_from_elsewhere_keeps_its_size_and_its_edges_meet(
    cli: Cli, files: Path, tmp_path: Path, command: str
) -> None:
    rows, columns = np.mgrid[0:48, 0:96].astype(np.float32)
    waves = [np.sin(columns * (turns * np.pi / 48.0) + rows / 9.0) for turns in (1, 2, 4)]
    source = tmp_path / "around" / "around_0001.png"
    write_png(source, (0.5 + 0.3 * np.stack(waves, axis=2)).astype(np.float32))
    arguments = [*TINY[4:], "--steps", "16", "--style", files / "style.png", "--snapshot-every", "8"]
    # The render's own edges meet: strokes must be strong for those of the picture not to.
    arguments += ["--paint", "0.65"]

    def step_over_the_edge(choice: str) -> float:
        out = tmp_path / choice
        written = {
            "image": out / "styled.png",
            "sweep": out / "steps=16.png",
            "stylize": out / "styled" / "styled_0001.png",
        }[command]
        given = [source.parent if command == "stylize" else source, *arguments, "--panorama", choice]
        given += ["--vary", "steps=16"] if command == "sweep" else []
        outcome = cli(command, *given, "--out", written if command == "image" else out)
        assert outcome.code == 0, outcome.stderr
        assert {image_size(path) for path in out.rglob("step_*.png")} == {(96, 48)}
        styled = read_image(written)
        assert styled.shape[:2] == (48, 96)
        return float(np.abs(styled[:, 0] - styled[:, -1]).mean() / np.abs(np.diff(styled, axis=1)).mean())

    assert step_over_the_edge("always") < 1.5
    assert step_over_the_edge("auto") > 1.8
