"""A gray button says why: every operator's `poll` gives a reason where it refuses, in Polish too."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

from tests.blender_nst.blender_in_tests import PACKAGE

_SOURCES = [path for path in sorted(PACKAGE.rglob("*.py")) if "cli" not in path.relative_to(PACKAGE).parts]
_MESSAGES = PACKAGE / "ui" / "languages" / "polish_messages.json"
ALLOWED = "allowed"


def polls() -> Iterator[tuple[str, ast.FunctionDef]]:
    """The name of each operator, or base of operators, that has a `poll`, and that."""
    for path in _SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and ("_OT_" in node.name or node.name.endswith("Operator")):
                for each in node.body:
                    if isinstance(each, ast.FunctionDef) and each.name == "poll":
                        yield node.name, each


def refuses_without_reason(function: ast.FunctionDef) -> bool:
    """Whether a value is returned that is neither True nor another function's, which gives the reason."""
    values = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    return any(
        not isinstance(value, ast.Call) and not (isinstance(value, ast.Constant) and value.value is True)
        for value in values
        if not _follows_another(function, value)
    )


def _follows_another(function: ast.FunctionDef, value: ast.expr | None) -> bool:
    """Whether it is the `return False` behind `if not other(...)`, which has said why."""
    for node in ast.walk(function):
        if isinstance(node, ast.If) and isinstance(node.test, ast.UnaryOp):
            calls = isinstance(node.test.operand, ast.Call)
            if calls and [each for each in node.body if isinstance(each, ast.Return) and each.value is value]:
                return _called(node.test.operand) not in ("any", "all", "running")
    return False


def _called(node: ast.expr) -> str:
    function = node.func if isinstance(node, ast.Call) else node
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def reasons() -> set[str]:
    """Every text that is given as a reason."""
    found: set[str] = set()
    for path in _SOURCES:
        if path.relative_to(PACKAGE).parts[0] not in ("ui", "compositing"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            texts: list[ast.expr] = []
            if isinstance(node, ast.Call) and _called(node) == ALLOWED:
                texts = [node.args[1]]
            elif isinstance(node, ast.Assign) and [_called(each) for each in node.targets] == ["reason"]:
                texts = [node.value]
            elif isinstance(node, ast.Yield) and node.value is not None:
                texts = [node.value] if isinstance(node.value, ast.Constant) else []
            for text in texts:
                found |= {
                    each.value
                    for each in ast.walk(text)
                    if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value
                }
    return found


def test_every_refusal_has_a_reason() -> None:
    found = list(polls())
    assert len(found) > 15
    assert [name for name, function in found if refuses_without_reason(function)] == []


def test_every_reason_has_a_polish_one() -> None:
    known = json.loads(_MESSAGES.read_text("utf-8"))
    found = {text for text in reasons() if " " in text}
    assert len(found) > 12
    assert sorted(found - known.keys()) == []


def test_a_refusal_without_a_reason_is_found(tmp_path: Path) -> None:
    def poll(body: str) -> bool:
        (function,) = ast.parse(f"def poll(cls, context):\n{body}").body
        assert isinstance(function, ast.FunctionDef)
        return refuses_without_reason(function)

    assert poll("    return context.scene is not None")
    assert poll("    if not installation().running:\n        return False\n    return True")
    assert not poll("    if not _is_free(cls):\n        return False\n    return allowed(cls, 'Why')")
    assert not poll("    return True")
