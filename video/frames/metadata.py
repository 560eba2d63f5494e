"""What a styled frame says about its making, as texts in its file."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version

from compositor.settings import StyleSettings, settings_to_json
from video.settings import SequenceSettings


def frame_metadata(style: StyleSettings, sequence: SequenceSettings, style_digest: str) -> dict[str, str]:
    """Program and version, all settings as JSON, and the hash of the style pictures.

    They are the same for every frame and every run, so that a run that was resumed leaves the same files.
    """
    settings = {"style_settings": settings_to_json(style), "sequence_settings": settings_to_json(sequence)}
    return {
        "Software": f"Blender NST {package_version()}",
        "blender_nst_version": package_version(),
        "blender_nst_settings": json.dumps(settings, sort_keys=True),
        "blender_nst_style": style_digest,
    }


def package_version() -> str:
    """The installed version of Blender NST, or `source` when it runs from a checkout."""
    try:
        return version("blender-nst")
    except PackageNotFoundError:
        return "source"
