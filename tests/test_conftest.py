"""The fixture that fails a test during which an unexpected ERROR was logged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

LOGS = """
import logging
import pytest

@pytest.mark.expected_errors("expec.ed")
def test_expected():
    logging.getLogger("video.x").error("expected")

@pytest.mark.expected_errors("another")
def test_unexpected():
    logging.getLogger("video.x").error("surprise")

def test_warning():
    logging.getLogger("video.x").warning("refused")
    logging.getLogger("stranger").error("not of this project")

def test_log_of_a_child(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "engine.log").write_text("2026-01-01 00:00:00,000 ERROR video.x: in a child\\n")

def test_log_of_a_child_without_errors(tmp_path):
    (tmp_path / "engine.log").write_text("2026-01-01 00:00:00,000 INFO video.x: no ERROR here\\n")
"""


@pytest.mark.expected_errors("expected", "surprise")
def test_an_unexpected_error_fails_a_test(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", os.environ["XDG_STATE_HOME"])  # the inner session changes it
    conftest = (Path(__file__).parent / "conftest.py").read_text("utf-8")
    pytester.makeconftest(conftest)
    pytester.makeini("[pytest]\nmarkers = expected_errors")
    pytester.makepyfile(LOGS)
    outcome = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    outcome.assert_outcomes(passed=5, errors=2)
    outcome.stdout.fnmatch_lines(["*ERROR*::test_unexpected*", "*ERROR*::test_log_of_a_child *"])
