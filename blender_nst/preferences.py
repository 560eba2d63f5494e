"""The extension's preferences: which Python runs the style engine."""

# pyright: reportInvalidTypeForm=false
# No `from __future__ import annotations`: Blender reads the annotations as objects.
import os
from pathlib import Path

import bpy  # pyright: ignore[reportMissingImports]

PYTHON_VARIABLE = "BLENDER_NST_PYTHON"
"""Names the engine's Python; goes before the preference, so that a script can choose."""

_MISSING = (
    "no Python is named for the style engine: set it in the Blender NST preferences, or in the environment"
    f" variable {PYTHON_VARIABLE}"
)


class NSTPreferences(bpy.types.AddonPreferences):
    """Shown under Edit > Preferences > Add-ons."""

    bl_idname = __package__

    engine_python: bpy.props.StringProperty(
        name="Engine Python",
        description="Python in whose environment the style engine (the blender-nst package) is installed",
        subtype="FILE_PATH",
    )

    def draw(self, _context: bpy.types.Context) -> None:
        """Draws the one setting, and says whether the environment variable overrules it."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "engine_python")
        overruling = os.environ.get(PYTHON_VARIABLE)
        if overruling:
            layout.label(text=f"{PYTHON_VARIABLE} goes first: {overruling}", icon="INFO")
        elif not self.engine_python:
            layout.label(text="The style engine needs a Python of its own", icon="ERROR")


class EnginePythonError(Exception):
    """No Python for the engine, or the one that is named is not there."""


def engine_python() -> str:
    """The engine's Python.

    Raises:
        EnginePythonError: none is named, or it is not an executable file.
    """
    named = os.environ.get(PYTHON_VARIABLE) or _preference()
    if not named:
        raise EnginePythonError(_MISSING)
    path = Path(bpy.path.abspath(named))
    if not (path.is_file() and os.access(path, os.X_OK)):
        raise EnginePythonError(
            f"{path}: the style engine's Python is not there; name another in the preferences or"
            f" in {PYTHON_VARIABLE}"
        )
    return str(path)


def _preference() -> str:
    # The command line loads this folder as a plain package, which has no entry among the add-ons.
    addon = bpy.context.preferences.addons.get(__package__ or "")
    return addon.preferences.engine_python if addon is not None and addon.preferences is not None else ""


def register() -> None:
    """Registers the preferences."""
    bpy.utils.register_class(NSTPreferences)


def unregister() -> None:
    """Removes the preferences."""
    bpy.utils.unregister_class(NSTPreferences)
