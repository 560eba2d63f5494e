"""What a movie holds, as the engine decodes it: Blender itself reads headers, which are often wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..engine.options import EngineOptions, EnginePythonError, engine_options
from ..engine.process import engine_environment
from .plan import SessionError

_TIMEOUT = 1800.0
"""Seconds in which a movie must be decoded."""


@dataclass(frozen=True)
class MovieFacts:
    """What a movie holds.

    Attributes:
        length: frames that can be decoded.
        pixel_aspect: width over height of a pixel.
    """

    length: int
    pixel_aspect: float


def movie_facts(path: Path) -> MovieFacts:
    """Decodes a movie with the engine's Python, and waits for it; of a picture it reads the header.

    Raises:
        SessionError: it cannot be read, or there is no engine.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise SessionError(f"{path}: cannot be read: {error.strerror}") from None
    return _facts(path, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=8)
def _facts(path: Path, _size: int, _changed: int) -> MovieFacts:
    try:
        answer = _answer(engine_options(), path)
    except EnginePythonError as error:
        raise SessionError(str(error)) from None
    if "error" in answer:
        raise SessionError(str(answer["error"]))
    try:
        return MovieFacts(int(answer["length"]), float(answer["pixel_aspect"]))
    except (KeyError, TypeError, ValueError):
        raise SessionError(f"{path}: {_OTHER_VERSION}") from None


_OTHER_VERSION = (
    "the style engine does not say what the movie holds: install the same version of Blender NST on both"
    " sides"
)


def _answer(engine: EngineOptions, path: Path) -> Mapping[str, Any]:
    try:
        finished = subprocess.run(
            [engine.python, "-P", "-m", "video.worker.movie_facts", str(path)],
            env=engine_environment(os.environ) | dict(engine.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
            # Blender is a window program on Windows, so that a console would open for its child.
            creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0,
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
