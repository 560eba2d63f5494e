"""What a movie or a picture holds, as the engine reads it: Blender itself believes headers, often wrongly."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..awake_time import run_command
from ..engine.options import EngineOptions, EnginePythonError, engine_options
from ..engine.process import engine_environment
from .checks.scene_checks import SessionError

_TIMEOUT = 1800.0
"""Seconds in which a movie must be decoded."""


@dataclass(frozen=True)
class MovieFacts:
    """What a movie holds.

    Attributes:
        length: frames that can be decoded.
        size: (width, height) of the first, in px.
        pixel_aspect: width over height of a pixel.
    """

    length: int
    size: tuple[int, int]
    pixel_aspect: float


def movie_facts(path: Path) -> MovieFacts:
    """Decodes a movie with the engine's Python, and waits for it; of a picture it reads the header.

    Raises:
        SessionError: it cannot be read, or there is no engine.
    """
    try:
        engine = engine_options()
    except EnginePythonError as error:
        raise SessionError(str(error)) from None
    return facts_by(engine, path)


def facts_by(engine: EngineOptions, path: Path) -> MovieFacts:
    """The same by an engine that is known already: on any thread. Remembered while the file is the same."""
    try:
        found = path.stat()
    except OSError as error:
        raise SessionError(f"{path}: cannot be read: {error.strerror}") from None
    return _facts(path, found.st_size, found.st_mtime_ns, _Engine(engine))


class _Engine:
    """An engine that counts as the same as any other, for the cache."""

    def __init__(self, options: EngineOptions) -> None:
        self.options = options

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Engine)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=64)
def _facts(path: Path, _size: int, _changed: int, engine: _Engine) -> MovieFacts:
    answer = _answer(engine.options, path)
    if "error" in answer:
        raise SessionError(str(answer["error"]))
    try:
        width, height = answer["size"]
        return MovieFacts(int(answer["length"]), (int(width), int(height)), float(answer["pixel_aspect"]))
    except (KeyError, TypeError, ValueError):
        raise SessionError(f"{path}: {_OTHER_VERSION}") from None


_OTHER_VERSION = (
    "the style engine does not say what the movie holds: install the same version of Blender NST on both"
    " sides"
)


def _answer(engine: EngineOptions, path: Path) -> Mapping[str, Any]:
    try:
        finished = run_command(
            [engine.python, "-P", "-m", "video.worker.movie_facts", str(path)],
            _TIMEOUT,
            variables=engine_environment(os.environ) | dict(engine.environment),
        )
        answer = json.loads(finished.stdout.decode("utf-8", "replace").strip().rpartition("\n")[2])
    except OSError as error:
        raise SessionError(f"{engine.python}: cannot be started: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise SessionError(f"{path}: takes too long to decode; cut it into parts") from None
    except ValueError:
        raise SessionError(f"{path}: {_OTHER_VERSION}") from None
    if not isinstance(answer, dict):
        raise SessionError(f"{path}: {_OTHER_VERSION}")
    return answer
