"""Fixtures for every room, and the option that runs the tests in Blender on another version of it."""

from __future__ import annotations

import functools
import logging
import os
import re
import signal
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import settings

from video.paintings.painting import Painting, paint

Picture = Callable[..., np.ndarray]

# An example's time says something about the machine and nothing about the code.
settings.register_profile("repository", deadline=None)
settings.load_profile("repository")

# Under `nohup`, or in the background of a script, these are ignored, also by what the tests start.
for _name, _handler in (("SIGHUP", signal.SIG_DFL), ("SIGINT", signal.default_int_handler)):
    if (_number := getattr(signal, _name, None)) and signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--blender-version",
        metavar="X.Y",
        help="run the tests that start a Blender, and only those, on the bpy module of this version;"
        " they are skipped where it cannot be had",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--blender-version") is None:
        return
    others = [item for item in items if "blender_runtime" not in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in set(others)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Escapes what was captured where a name is no text: tests that run side by side send it as UTF-8."""
    report = yield
    report.sections = [
        (title, text.encode("utf-8", "backslashreplace").decode()) for title, text in report.sections
    ]
    return report


class _Errors(logging.Handler):
    """Keeps what the project's loggers log as ERROR or worse."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] in ("blender_nst", "video", "compositor"):
            self.lines.append(f"{record.name}: {self.format(record)}")


_ERROR_LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ (?:ERROR|CRITICAL) (.*)$", re.MULTILINE)


@pytest.fixture(autouse=True)
def no_unexpected_errors(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test during which an ERROR was logged: in its process, or in a log below its `tmp_path`.

    The marker `expected_errors(*patterns)` allows those that match.
    """
    folder: Path | None = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    errors = _Errors()
    logging.getLogger().addHandler(errors)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(errors)
    lines = list(errors.lines)
    for log in sorted(folder.rglob("*.log*")) if folder is not None else ():
        if log.is_file():
            found = _ERROR_LINE.findall(log.read_text("utf-8", "replace"))
            lines += [f"{log.name}: {line}" for line in found]
    marks = request.node.iter_markers("expected_errors")
    patterns = [pattern for mark in marks for pattern in mark.args]
    unexpected = [line for line in lines if not any(re.search(pattern, line) for pattern in patterns)]
    assert not unexpected, "\n".join(unexpected)


@pytest.fixture(autouse=True, scope="session")
def logs_of_no_run(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keeps the command line's logs out of the user's folder (platformdirs asks this variable on Linux)."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture(autouse=True, scope="session")
def engine_of_the_tests() -> None:
    """Forgets the engine that the caller's shell names: tests name their own, or want none to be named."""
    for name in ("BLENDER_NST_PYTHON", "BLENDER_NST_ENGINE_PATH"):
        os.environ.pop(name, None)


@pytest.fixture(autouse=True, scope="module")
def environment_of_the_module() -> Iterator[None]:
    """Takes back what a module leaves in the environment: dask leaves the threads of its workers there."""
    with patch.dict(os.environ):
        yield


@pytest.fixture(scope="session")
def picture() -> Picture:
    """Paints a textured picture, (height, width, 3) float32 in 0..1."""
    cached = functools.cache(paint)

    def make(width: int = 64, height: int = 48, painting: Painting = Painting.DABS) -> np.ndarray:
        return cached(painting, width, height).copy()

    return make


@pytest.fixture(scope="module")
def child_environment() -> dict[str, str]:
    """The environment of a child process that imports the packages of this checkout.

    A module's, because it holds what the fixtures of one module have set.
    """
    return os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent), "PYTHONIOENCODING": "utf-8"}
