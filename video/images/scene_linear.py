"""Reads the light in an EXR together with the way in which it is displayed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from video.color.color_space import SceneLinear
from video.color.view_transform import ViewTransform, load_view
from video.errors import FileError
from video.files.output_folder import PASSES
from video.images.exr import read_attributes, read_color
from video.images.picture import Original
from video.images.sidecar import read_note

VIEW_ATTRIBUTE = "blender_nst_view"
"""Of a styled EXR: what the note of its frame's passes says about the view, as JSON."""


def read_light(path: Path) -> Original:
    """The picture in an EXR, displayed as its render was.

    Through Blender's view transform where that is known, from the note beside a captured EXR or from a styled
    one itself; with sRGB's curve where it is not.

    Raises:
        FileError: as `video.images.exr.read_color`; the note or the view transform's probe is damaged.
    """
    color = read_color(path)
    attributes = read_attributes(path)
    return Original(color, _view(path, attributes) or SceneLinear(_chromaticities(attributes)))


def _chromaticities(attributes: Mapping[str, Any]) -> tuple[float, ...] | None:
    """x and y of red, green, blue and white, where the file names them."""
    values = attributes.get("chromaticities")
    if not isinstance(values, tuple) or len(values) != 8:
        return None
    # Of a zero y there is no color.
    return values if all(0.0 < y <= 1.0 for y in values[1::2]) else None


def _view(path: Path, attributes: Mapping[str, Any]) -> ViewTransform | None:
    noted = read_note(path).get("view") or _own_view(attributes)
    if not isinstance(noted, dict):
        return None
    # The probe is looked for by its name alone: a file leads to no other folder than its own and its passes'.
    name = Path(str(noted.get("probe"))).name
    for folder in (path.parent, path.parent.parent / PASSES):
        if (folder / name).is_file():
            try:
                return load_view(folder / name, tuple(noted.get("levels", ())))
            except (TypeError, ValueError):
                raise FileError(path, "the view transform is noted wrongly; render the frame again") from None
    return None


def _own_view(attributes: Mapping[str, Any]) -> Any:
    try:
        return json.loads(attributes.get(VIEW_ATTRIBUTE, "null"))
    except (ValueError, TypeError, RecursionError):
        return None
