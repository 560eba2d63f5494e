"""Which Blender NST this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def package_version() -> str:
    """The installed version of Blender NST, or `source` when it runs from a checkout."""
    try:
        return version("blender-nst")
    except PackageNotFoundError:
        return "source"
