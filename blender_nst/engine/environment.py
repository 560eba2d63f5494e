"""The engine's virtual environment: where it is, whether it is complete, which Python makes it, its removal.

The standard library alone, and no Blender.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ..awake_time import run_command

ENVIRONMENT = "engine"
"""The environment's folder inside the extension's own folder."""

_LOOK = "import importlib.util; print(importlib.util.find_spec('video.worker.server') is not None)"
_LOOK_TIMEOUT = 30.0
"""Seconds; a Python on a cold disk takes long to start."""

MARKER = "installed.json"
"""Written into the environment last: one without it is incomplete and never used."""


class InstallError(Exception):
    """The installation cannot start or has failed, or something cannot be removed; one line."""


def environment_program(environment: Path, name: str) -> Path:
    """The path that a program such as `python` or `uv` has in a virtual environment."""
    return environment / "Scripts" / f"{name}.exe" if sys.platform == "win32" else environment / "bin" / name


def environment_python(folder: Path) -> Path | None:
    """The Python of a complete environment in the extension's folder; None where there is none."""
    environment = folder / ENVIRONMENT
    python = environment_program(environment, "python")
    return python if (environment / MARKER).is_file() and python.is_file() else None


def lacks_engine(python: Path, variables: Mapping[str, str]) -> bool:
    """Whether a program is no Python, or one that finds no style engine among its packages.

    Args:
        variables: its environment.
    """
    try:
        ended = run_command([str(python), "-P", "-c", _LOOK], _LOOK_TIMEOUT, variables=variables)
    except subprocess.TimeoutExpired:
        return False
    except OSError:
        return True
    return ended.stdout.strip() != b"True"


def remove_environment(folder: Path) -> None:
    """Removes the environment, complete or not; raises InstallError if it cannot be removed."""
    environment = folder / ENVIRONMENT
    if not environment.exists():
        return
    with suppress(OSError):
        (environment / MARKER).unlink(missing_ok=True)  # a partly removed one is not used
    try:
        shutil.rmtree(environment)
    except OSError as error:
        raise InstallError(
            f"{environment}: cannot be removed ({error.strerror}); end what uses it, or remove it by hand"
        ) from None


def host_python() -> Path:
    """The Python that runs this, to make environments with: Blender's own, which lies beside Blender.

    Raises:
        InstallError: this program does not say where its Python is.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    candidates = [Path(sys.executable), Path(sys.prefix) / "bin" / f"python{version}"]
    found = shutil.which(f"python{version}") or shutil.which("python3")
    if found is not None:
        candidates.append(Path(found))
    for candidate in candidates:
        if candidate.name.lower().startswith("python") and candidate.is_file():
            return candidate
    raise InstallError("Blender's Python is not found; make an environment yourself and name it below")


def engine_wheel(extension: Path) -> Path:
    """The engine's package, which lies in the extension's zip; raises InstallError in a source checkout."""
    wheels = sorted((extension / "wheels").glob("blender_nst-*.whl"))
    if not wheels:
        raise InstallError(
            "this copy of the extension holds no engine: install the zip of `blender-nst extension build`"
        )
    return wheels[-1]
