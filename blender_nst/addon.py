"""The extension's id and folder, defined once: in a sub-package `__package__` is the sub-package."""

from __future__ import annotations

from pathlib import Path

ID = __package__ or "blender_nst"
"""`bl_ext.user_default.blender_nst` where Blender installed it, `blender_nst` for the command line."""

FOLDER = Path(__file__).resolve().parent
"""The extension's source: the manifest, the settings' schema, in the zip the engine's wheel too."""
