"""The log file of a run: where it is, how large it gets, what it does to control characters."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from blender_nst.diagnostics import log_file
from blender_nst.diagnostics.log_file import RunLog, attach, detach
from blender_nst.diagnostics.log_lines import SafeFormatter, escape_control, short_line

NAME = "diagnostics_test"
logger = logging.getLogger(NAME)


@pytest.fixture
def logs() -> Iterator[list[RunLog]]:
    """Logs that are in here are detached at the end."""
    attached: list[RunLog] = []
    yield attached
    for log in attached:
        detach(log, [NAME])


def attached(logs: list[RunLog], log: RunLog) -> RunLog:
    attach(log, [NAME])
    logs.append(log)
    return log


def test_records_go_to_the_default_folder_and_to_the_run_once_it_is_there(
    logs: list[RunLog], tmp_path: Path
) -> None:
    log = attached(logs, RunLog("x.log", tmp_path / "default"))
    logger.debug("before")
    log.follow(tmp_path / "run")
    logger.info("waiting")
    assert not (tmp_path / "run").exists()
    (tmp_path / "run").mkdir()
    logger.warning("there")
    assert "DEBUG diagnostics_test: before" in (tmp_path / "default" / "x.log").read_text()
    lines = (tmp_path / "run" / "x.log").read_text().splitlines()
    assert [line.rpartition(" ")[2] for line in lines] == ["waiting", "there"]
    assert log.path == tmp_path / "run" / "x.log"


def test_a_run_that_never_began_leaves_its_records_in_the_default_folder(tmp_path: Path) -> None:
    log = RunLog("x.log", tmp_path / "default", wait=True)
    attach(log, [NAME])
    logger.info("refused")
    assert not list(tmp_path.iterdir())
    log.follow(tmp_path / "run")
    detach(log, [NAME])
    assert "refused" in (tmp_path / "default" / "x.log").read_text()
    assert not (tmp_path / "run").exists()


def test_a_log_is_bounded(logs: list[RunLog], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "MAX_BYTES", 1000)
    attached(logs, RunLog("x.log", tmp_path))
    for number in range(100):
        logger.info("a line that is long enough, number %d", number)
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["x.log", "x.log.1", "x.log.2"]
    assert all(path.stat().st_size <= 1000 for path in tmp_path.iterdir())
    assert "number 99" in (tmp_path / "x.log").read_text()


def test_a_folder_that_cannot_be_written_ends_nothing(
    logs: list[RunLog], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    attached(logs, RunLog("x.log", tmp_path / "file" / "below"))
    logger.info("lost")
    attached(logs, RunLog("x.log", None))
    logger.info("dropped")
    assert capfd.readouterr().err == ""


def test_control_characters_are_escaped() -> None:
    message = "a\x1b[31m\x9b2J\u202e\r\n2026-01-01 00:00:00,000 ERROR forged: b"
    try:
        raise ValueError("c\x07\nd")
    except ValueError as error:
        info = (ValueError, error, error.__traceback__)
    record = logging.LogRecord(NAME, logging.INFO, "x.py", 1, "%s", (message,), info)
    record.exc_text = "cached\x1b"
    text = SafeFormatter().format(record)
    first, *rest = text.split("\n")
    assert first.endswith(
        r" INFO diagnostics_test: a\x1b[31m\x9b2J\u202e\r\n2026-01-01 00:00:00,000 ERROR forged: b"
    )
    assert all(line.startswith("    ") for line in rest)
    assert r"ValueError: c\x07" in text
    assert text.replace("\n", "").isprintable()


def test_words_of_all_languages_stay() -> None:
    assert escape_control("Größe 大きさ שלום é") == "Größe 大きさ שלום é"


def test_what_a_person_reads_is_cut() -> None:
    ordinary = "/home/me/" + "shots of the film/" * 20 + "frame.png: is no picture"
    assert short_line(ordinary) == ordinary
    endless = short_line(f"steps is {'9' * 50_000}, at most 10000\x1b[2J")
    assert endless.startswith("steps is 999")
    assert endless.endswith("999, at most 10000\\x1b[2J")
    assert len(endless) < 450
    assert len(short_line("word " * 10_000)) <= 2000
