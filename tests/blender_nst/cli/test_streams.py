"""Standard streams that are closed, full or of another encoding, and names that command a terminal."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from blender_nst.cli.streams import StandardStream, standard_streams
from tests.blender_nst.command_line import Cli
from video.images.image_files import write_png
from video.paintings.painting import Painting, paint

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="closes descriptors by a shell")
TINY = ["--steps", "1", "--warm-steps", "1", "--coarsest-size", "64", "--device", "cpu"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("streams")
    wide = paint(Painting.DABS, 96, 48)
    write_png(folder / "style.png", paint(Painting.KNIFE, 64, 48))
    for number in (1, 2, 3):
        write_png(folder / f"frames/f_{number:04}.png", wide[:, number : number + 64])
    return folder


def test_what_fails_once_is_dropped_from_then_on() -> None:
    full = Path("/dev/full").open("w")  # noqa: SIM115 - the stream has it
    stream = StandardStream(full, -1)
    assert stream.write("text") == 4
    assert stream.failure is None, "it was held back"
    stream.flush()
    assert stream.failure == "No space left on device"
    assert stream.write("more") == 4
    stream.flush()
    with pytest.raises(OSError, match="No space"):
        full.close()


def test_a_stream_that_was_closed_at_the_start_fails_only_for_who_writes() -> None:
    stream = StandardStream(None, 1)
    stream.flush()
    assert (stream.failure, stream.isatty()) == (None, False)
    stream.write("text")
    assert stream.failure is not None


def test_names_that_the_encoding_lacks_are_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    monkeypatch.setattr(sys, "stdout", ascii_only)
    with standard_streams() as output:
        sys.stdout.write("größe \udcff 日\n")
        assert sys.stdout is output
    assert output.failure is None
    assert ascii_only.buffer.getvalue() == b"gr\\xf6\\xdfe \\udcff \\u65e5\n"  # type: ignore[attr-defined]
    assert sys.stdout is ascii_only


# What the shell does with the streams, the exit code, and whether something is told.
STREAMS = {
    "| head -1 closes standard output": ("--json | head -1", 1, "Broken pipe"),
    "standard output is full": ("--json > /dev/full", 1, "No space left on device"),
    "standard output is closed": ("--json >&-", 1, "standard output cannot be written"),
    "standard error is closed": ("2>&-", 0, ""),
    "standard error is full": ("2> /dev/full", 0, ""),
    "no stream is open": ("<&- >&- 2>&-", 0, ""),
}


@pytest.mark.parametrize("name", STREAMS)
def test_all_frames_are_made_whatever_the_streams_are(
    files: Path, tmp_path: Path, child_environment: dict[str, str], name: str
) -> None:
    redirection, code, words = STREAMS[name]
    out = tmp_path / "out"
    command = '"$0" -m blender_nst.cli.entry stylize "$1" --style "$2" --out "$3" $4'
    ended = subprocess.run(
        [
            *("/bin/bash", "-c", f"set -o pipefail; {command} {redirection}", sys.executable),
            *(str(files / "frames"), str(files / "style.png"), str(out), " ".join(TINY)),
        ],
        env=child_environment | {"PYTHONFAULTHANDLER": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    assert words in (ended.stderr.splitlines() or [""])[-1]
    assert len(list((out / "styled").iterdir())) == 3
    assert len(json.loads((out / "journal.json").read_text("utf-8"))["frames"]) == 3
    assert (out / "styled.mp4").is_file()


HOSTILE = "a\x1b]0;title\x07b\x9b31mc\u202ed\u2028e\rf"


def is_harmless(text: str) -> bool:
    return not any(ord(each) < 32 or 127 <= ord(each) < 160 or each in "\u202e\u2028" for each in text)


COMMANDS = {
    "a picture": "image {name}.png --style {f}/style.png",
    "a style": "image {f}/style.png --style {name}.png",
    "a sequence": "stylize {name}_####.png --style {f}/style.png",
    "a folder": "stylize {name} --style {f}/style.png",
    "a region": "image {f}/style.png --region {name}={f}/style.png",
    "a network": "image {f}/style.png --style {f}/style.png --network {name}",
    "a layer": "image {f}/style.png --style {f}/style.png --style-layers {name}",
    "a scene": "render {name}.blend --style {f}/style.png",
    "a Blender": "render {f}/style.png --style {f}/style.png --blender {name}",
    "a command": "{name}",
    "an option": "stylize --{name}",
    "a range": "stylize {f}/frames --style {f}/style.png --frames {name}",
    "a value": "stylize {f}/frames --style {f}/style.png --device {name}",
    "a number": "bench --repeats {name}",
    "a size": "bench --sizes {name}",
    "an axis": "sweep {f}/style.png --style {f}/style.png --vary {name}=1",
    "an output": "image {f}/style.png --style {f}/style.png --out {name}.jpg",
}


@pytest.mark.parametrize("what", COMMANDS)
def test_a_name_cannot_command_the_terminal(
    cli: Cli, files: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, what: str
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [word.format(name=HOSTILE, f=files) for word in COMMANDS[what].split(" ")]
    for as_json in (False, True):
        outcome = cli(*words, *(["--json"] if as_json else []))
        assert outcome.code == 2
        (line,) = outcome.stderr.removesuffix("\n").split("\n")
        assert is_harmless(line)
        assert "\\x1b" in line or what == "a number", "which is not quoted"
        if as_json:
            (event,) = outcome.stdout.splitlines()
            assert is_harmless(event)
            assert json.loads(event)["event"] == "failed"


def test_tables_and_bars_escape_names(cli: Cli, files: Path, tmp_path: Path) -> None:
    style = tmp_path / f"{HOSTILE}[red].png"
    os.link(files / "style.png", style)
    outcome = cli(
        *("sweep", files / "style.png", "--vary", f"style={style},{files / 'style.png'}", "--steps", "1"),
        *("--coarsest-size", "64", "--device", "cpu", "--out", tmp_path / "sweep"),
    )
    assert outcome.code == 0, outcome.stderr
    assert all(is_harmless(line) for line in outcome.stderr.split("\n"))
    assert "a\\x1b]0;title" in outcome.stderr.replace("\n", "")
    assert "[red]" in outcome.stderr, "a name is no markup"


def test_what_the_doctor_finds_is_escaped(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "500")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "blender.log").write_text(f"{HOSTILE}\n", "utf-8")
    outcome = cli("doctor", "--blender", tmp_path / HOSTILE)
    assert all(is_harmless(line) for line in outcome.stdout.split("\n"))
    assert "\\x1b]0;title" in outcome.stdout
    report = cli("doctor", "--report", "--out", tmp_path / "out", "--blender", tmp_path / HOSTILE)
    assert all(is_harmless(line) for line in report.stdout.split("\n"))
    assert "\\x1b]0;title" in report.stdout


def test_usage_is_one_line_and_help_is_whole(cli: Cli) -> None:
    for arguments in (["no-such-command"], ["stylize"], ["stylize", "a", "--no-such-option"], ["--verbose"]):
        outcome = cli(*arguments)
        assert outcome.code == 2
        assert len(outcome.stderr.splitlines()) == 1
        assert "--help" in outcome.stderr
    shown = cli("--help")
    assert shown.code == 0
    assert "stylize" in shown.stdout
    assert cli().code == 2
