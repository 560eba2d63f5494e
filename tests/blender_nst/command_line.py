"""Runs the command line inside the test's own process: most of a new one's time would be PyTorch's start."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from blender_nst.cli.app import main

Cli = Callable[..., "Outcome"]


@dataclass(frozen=True)
class Outcome:
    """How a run ended, and what it printed."""

    code: int
    stdout: str
    stderr: str


def make_cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """A function that takes the command line's arguments and gives the outcome."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["blender-nst", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        stdout, stderr = capfd.readouterr()
        assert isinstance(end.value.code, int)
        return Outcome(end.value.code, stdout, stderr)

    return run
