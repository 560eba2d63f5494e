"""Operators that raise: the traceback is logged, the user sees a line."""

from __future__ import annotations

import inspect
import logging
from typing import Any

import pytest

from blender_nst.diagnostics.guard import guard_operator


def make_operator() -> type:
    class Operator:
        def __init__(self) -> None:
            self.reports: list[tuple[set[str], str]] = []

        def report(self, kind: set[str], text: str) -> None:
            self.reports.append((kind, text))

        def execute(self, context: str) -> set[str]:
            if context == "bad":
                raise ValueError("no\x1b\nsuch thing")
            return {"FINISHED"}

        def modal(self, context: str, event: str) -> set[str]:
            raise RuntimeError(event)

    return Operator


@pytest.mark.expected_errors("Operator.execute", "Operator.modal")
def test_an_operator_that_raises_reports_a_line_and_logs_its_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kind: Any = make_operator()
    guard_operator(kind)
    operator = kind()
    assert operator.execute("good") == {"FINISHED"}
    assert operator.execute("bad") == {"CANCELLED"}
    assert operator.modal("window", "ESC") == {"CANCELLED"}
    (level, line), _ = operator.reports
    assert level == {"ERROR"}
    assert "ValueError" in line
    assert line.isprintable()
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    assert all(record.exc_info for record in caplog.records)


def test_an_operator_keeps_the_arguments_that_blender_counts_and_is_wrapped_once() -> None:
    kind: Any = make_operator()
    counts = [kind.execute.__code__.co_argcount, kind.modal.__code__.co_argcount]
    guard_operator(kind)
    once = kind.execute
    guard_operator(kind)
    assert kind.execute is once
    assert [kind.execute.__code__.co_argcount, kind.modal.__code__.co_argcount] == counts
    assert list(inspect.signature(kind.modal).parameters) == ["self", "context", "event"]
