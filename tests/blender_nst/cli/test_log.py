"""The command line's log, `--verbose`, and what an unexpected exception leaves."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from blender_nst.cli.commands import doctor
from blender_nst.cli.log import LOGGERS, user_folder
from blender_nst.diagnostics.log_file import RunLog
from tests.blender_nst.command_line import Cli


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The log of commands without an output folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return user_folder() / "blender-nst.log"


def test_a_refusal_is_one_line_and_its_traceback_is_in_the_log(cli: Cli, log: Path, tmp_path: Path) -> None:
    outcome = cli("image", tmp_path / "none.png", "--style", tmp_path / "none.png")
    assert outcome.code == 2
    assert len(outcome.stderr.splitlines()) == 1
    text = log.read_text("utf-8")
    assert "WARNING" in text
    assert "Traceback" in text
    assert " ERROR " not in text


def test_verbose_prints_the_log_with_tracebacks(cli: Cli, log: Path, tmp_path: Path) -> None:
    outcome = cli("image", tmp_path / "none.png", "--style", tmp_path / "none.png", "--verbose")
    assert outcome.code == 2
    assert " DEBUG blender_nst.cli" in outcome.stderr
    assert "Traceback" in outcome.stderr
    assert outcome.stderr.splitlines()[-1].startswith("blender-nst: ")
    assert outcome.stdout == ""


def test_every_command_has_the_option(cli: Cli) -> None:
    commands = ["demo", "render", "stylize", "image", "sweep", "metrics", "bench", "doctor"]
    for command in [[each] for each in commands] + [["blender", "install"], ["extension", "build"]]:
        assert "--verbose" in cli(*command, "--help").stdout


@pytest.mark.expected_errors("internal error")
def test_an_unexpected_exception_is_one_line_that_names_the_log(
    cli: Cli, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("made up\x1b[31m")

    monkeypatch.setattr(doctor, "examine", fail)
    outcome = cli("doctor", "--json")
    assert outcome.code == 1
    (line,) = outcome.stderr.splitlines()
    assert line.isprintable()
    assert "ZeroDivisionError" in line
    assert str(log) in line
    assert json.loads(outcome.stdout)["event"] == "failed"
    text = log.read_text("utf-8")
    assert " ERROR " in text
    assert "Traceback" in text


def test_a_command_leaves_no_handler_behind(cli: Cli, log: Path, tmp_path: Path) -> None:
    cli("image", tmp_path / "none.png", "--style", tmp_path / "none.png", "--verbose")
    left = [each for name in LOGGERS for each in logging.getLogger(name).handlers]
    assert not [each for each in left if isinstance(each, (RunLog, logging.StreamHandler))]


def test_a_file_name_with_an_escape_sequence_does_not_reach_the_terminal(
    cli: Cli, log: Path, tmp_path: Path
) -> None:
    outcome = cli("image", tmp_path / "\x1b]0;title\x07.png", "--style", tmp_path / "none.png", "--verbose")
    assert outcome.code == 2
    assert outcome.stderr.replace("\n", "").isprintable()
    assert "\\x1b]0;title\\x07.png" in outcome.stderr
    assert log.read_text("utf-8").replace("\n", "").isprintable()


def test_the_doctor_reports_a_run_without_private_paths(
    cli: Cli, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "made up home"))
    out = tmp_path / "made up home" / "client" / "out"
    out.mkdir(parents=True)
    (out / "journal.json").write_text(json.dumps({"run": {"steps": 7, "tv_weight": 10.0, "version": "1"}}))
    (out / "engine.log").write_text(f"cannot read {out}/content/content_0001.png\n")
    outcome = cli("doctor", "--report", "--out", out)
    assert outcome.code == 0
    lines = outcome.stdout.splitlines()
    assert "- steps = 7" in lines
    assert not [line for line in lines if "tv_weight" in line]
    assert any(line.startswith("- torch: ") for line in lines)
    assert any(line.startswith("- device: ") for line in lines)
    assert "cannot read content_0001.png" in lines
    assert str(tmp_path) not in outcome.stdout
    assert "client" not in outcome.stdout
