"""Options of the engine (Python, device, memory), read from the preferences and the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import bpy

from .. import addon
from .environment import environment_python, lacks_engine
from .process import EXTRA_PATH_VARIABLE, engine_environment

PYTHON_VARIABLE = "BLENDER_NST_PYTHON"
"""Environment variable with the path of the engine's Python; it overrides the preference."""

CACHE_VARIABLE = "TORCH_HOME"
"""Environment variable with the folder in which PyTorch keeps downloaded networks."""

NOT_INSTALLED = (
    "the style engine is not installed: install it in the Blender NST preferences, or name its Python there,"
    f" or in the environment variable {PYTHON_VARIABLE}"
)


@dataclass(frozen=True)
class EngineOptions:
    """How the engine is run on this machine."""

    python: str
    device: str = "auto"
    memory_limit: float | None = None
    """GiB of the GPU's memory."""
    after_render: bool = False
    """The engine is started only when the render is over."""
    environment: Mapping[str, str] = field(default_factory=dict)


class EnginePythonError(Exception):
    """No Python for the engine, or the one that is named is not there."""


def preferences() -> Any:
    """The extension's preferences; None where it runs as a plain package, for the command line."""
    enabled = bpy.context.preferences.addons.get(addon.ID)
    return enabled.preferences if enabled is not None else None


def data_folder(create: bool = True) -> Path | None:
    """The extension's own folder for its user; None where it runs as a plain package."""
    if preferences() is None:
        return None
    try:
        return Path(bpy.utils.extension_path_user(addon.ID, create=create))
    except (ValueError, OSError):
        return None  # switched on as a legacy add-on, or the disk cannot be written


def engine_options() -> EngineOptions:
    """What the preferences say about the engine.

    Raises:
        EnginePythonError: none is installed or named, it is not an executable file, or it has no engine.
    """
    chosen, python = preferences(), engine_python()
    if chosen is None:
        return EngineOptions(python)
    cache = chosen.cache_folder.strip()
    return EngineOptions(
        python,
        chosen.device,
        chosen.memory_limit if chosen.use_memory_limit else None,
        chosen.after_render,
        {CACHE_VARIABLE: bpy.path.abspath(cache)} if cache else {},
    )


def engine_python() -> str:
    """The engine's Python: the environment variable's, the one named, or the installed one.

    Raises:
        EnginePythonError: there is none, it is not an executable file, or it has no engine.
    """
    chosen, folder = preferences(), data_folder(create=False)
    named = os.environ.get(PYTHON_VARIABLE) or (chosen.engine_python if chosen is not None else "")
    if not named:
        installed = environment_python(folder) if folder is not None else None
        if installed is None:
            raise EnginePythonError(NOT_INSTALLED)
        return str(installed)
    path = Path(bpy.path.abspath(named))
    # Not `Path.is_file`, which fails for a name that no file system takes.
    if not (os.path.isfile(path) and os.access(path, os.X_OK)):  # noqa: PTH113
        raise EnginePythonError(
            f"{path}: the style engine's Python is not there; name another in the preferences or"
            f" in {PYTHON_VARIABLE}"
        )
    if _lacks_engine(path, path.stat().st_mtime_ns, os.environ.get(EXTRA_PATH_VARIABLE, "")):
        raise EnginePythonError(
            f"{path}: this Python has no style engine: install the package blender-nst into its environment,"
            " or leave the field empty and install the engine in the preferences"
        )
    return str(path)


def look_again() -> None:
    """Forgets which Pythons lack the engine: one may have got it since."""
    _lacks_engine.cache_clear()


@lru_cache(maxsize=8)
def _lacks_engine(path: Path, _changed: int, _extra: str) -> bool:
    return lacks_engine(path, engine_environment(os.environ))
