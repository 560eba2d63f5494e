"""What a styled frame says about its making, as texts in its file."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from compositor.settings import Group, StyleSettings, setting_infos, settings_to_json
from video.settings import SequenceSettings


def frame_metadata(style: StyleSettings, sequence: SequenceSettings, style_digest: str) -> dict[str, str]:
    """Program and version, the settings as JSON, and the hash of the style pictures.

    They are the same for every frame and every run, so that a run that was resumed leaves the same files:
    what is written beside the frames, a movie or a contact sheet, is not among them.
    """
    settings = {"style_settings": _of_frames(style), "sequence_settings": _of_frames(sequence)}
    return {
        "Software": f"Blender NST {package_version()}",
        "blender_nst_version": package_version(),
        "blender_nst_settings": json.dumps(settings, sort_keys=True),
        "blender_nst_style": style_digest,
    }


def _of_frames(settings: StyleSettings | SequenceSettings) -> dict[str, Any]:
    infos = setting_infos(settings)
    beside = {name for name, info in infos.items() if info.group is Group.OUTPUT and not info.changes_pixels}
    return {name: value for name, value in settings_to_json(settings).items() if name not in beside}


def package_version() -> str:
    """The installed version of Blender NST, or `source` when it runs from a checkout."""
    try:
        return version("blender-nst")
    except PackageNotFoundError:
        return "source"
