"""Which Pythons have the style engine: a real one with it, one without, and what is no Python."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from blender_nst.engine.environment import lacks_engine
from tests.blender_nst.blender_in_tests import REPOSITORY, BlenderInTests

_BARE = Path(sys.base_prefix) / ("python.exe" if sys.platform == "win32" else "bin/python3")
"""The Python that the tests' environment was made of: it has none of the engine's packages."""


def variables(**added: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | added


def test_a_python_has_the_engine_only_where_it_can_be_imported(tmp_path: Path) -> None:
    assert not lacks_engine(Path(sys.executable), variables(PYTHONPATH=str(REPOSITORY)))
    assert not lacks_engine(_BARE, variables(PYTHONPATH=str(REPOSITORY)))
    assert lacks_engine(_BARE, variables())
    half = tmp_path / "video" / "worker"
    half.mkdir(parents=True)
    for folder in (half, half.parent):
        (folder / "__init__.py").touch()
    assert lacks_engine(_BARE, variables(PYTHONPATH=str(tmp_path))), "an engine without its server"


def test_what_is_no_python_lacks_it(tmp_path: Path) -> None:
    assert lacks_engine(tmp_path / "absent", variables())
    silent = shutil.which("true")
    if silent is not None:
        assert lacks_engine(Path(silent), variables())


_NAMED = """
load().register()
from blender_nst.engine import check, options
def named(python):
    os.environ["BLENDER_NST_PYTHON"] = python
    try:
        return [options.engine_options().python, ""]
    except options.EnginePythonError as error:
        return ["", str(error)]
bare, own = arguments[:2]
seen = [named(bare), named(own)]
del os.environ["BLENDER_NST_ENGINE_PATH"]
seen.append(named(bare))
os.environ["BLENDER_NST_ENGINE_PATH"] = arguments[3]
checked = check.engine_check()
checked.start(options.EngineOptions(bare), Path(arguments[2]))
while checked.running:
    checked.drain(wait=0.5)
finish([seen, checked.error, checked.facts, checked.python])
"""


@pytest.mark.expected_errors("the style engine ended with exit code")
def test_a_named_python_without_the_engine_is_none_and_a_check_names_what_is_missing(
    blender: BlenderInTests,
) -> None:
    """With the checkout on its path a bare Python finds the engine, and fails when it really imports it."""
    run = blender.run(
        _NAMED,
        str(_BARE),
        sys.executable,
        str(blender.folder),
        str(REPOSITORY),
        environment={},
        timeout=900.0,
    )
    (found, own, lacking), error, facts, python = run.result
    assert found == [str(_BARE), ""]
    assert own == [sys.executable, ""]
    assert lacking[0] == ""
    assert f"{_BARE}: this Python has no style engine" in lacking[1]
    assert error.startswith(f"{_BARE}: the style engine cannot be imported there (")
    assert "is missing" in error
    assert "\n" not in error
    assert facts == {}
    assert python == str(_BARE)
