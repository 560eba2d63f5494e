"""Measures the scene's view transform by an image of known colors that Blender saves through it.

The engine inverts it from that image alone; `video.color.view_transform` describes the layout.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from itertools import chain, product
from typing import Any

import bpy

# Scene-linear: black, then AgX's and Filmic's whole range, 10 stops below middle gray to 6.5 above it.
_STEPS = 33
_MIDDLE_GRAY, _DARKEST, _BRIGHTEST = 0.18, -10.0, 6.5
# Hidden from the user's lists by its dot. Without a user it is not saved; it cannot be removed at once, since
# Blender 5.2 crashes when a handler of a render removes a datablock.
_IMAGE_NAME = ".Neural Style view probe"


def probe_name(scene: bpy.types.Scene) -> str:
    """The name of the probe's file: one for each combination of view and display settings."""
    shown = json.dumps([_described(scene.view_settings), _described(scene.display_settings), bpy.app.version])
    return f"{hashlib.sha256(shown.encode()).hexdigest()[:12]}_view.png"


def probe_levels(scene: bpy.types.Scene) -> list[float]:
    """The scene-linear levels of the probe's lattice, along each of its axes."""
    stride = (_BRIGHTEST - _DARKEST) / (_STEPS - 2)
    stops = [_DARKEST + stride * step - scene.view_settings.exposure for step in range(_STEPS - 1)]
    return [0.0, *array("f", [_MIDDLE_GRAY * 2.0**stop for stop in stops])]


def probe_image(scene: bpy.types.Scene) -> bpy.types.Image:
    """The probe as a scene-linear image, to be saved by `save_render` with the scene's view."""
    levels = probe_levels(scene)
    count = len(levels)
    image = bpy.data.images.get(_IMAGE_NAME)
    if image is None or tuple(image.size) != (count * count, count):
        image = bpy.data.images.new(_IMAGE_NAME, count * count, count, alpha=False, float_buffer=True)
    # The rows are green, within them blue and red. Without numpy, which some systems' Blender lacks.
    lattice = product(levels, levels, levels)
    image.pixels.foreach_set(
        array("f", chain.from_iterable((red, green, blue, 1.0) for green, blue, red in lattice))
    )
    return image


def _described(settings: Any) -> dict[str, Any]:
    """All of a settings block's values."""
    values: dict[str, Any] = {}
    for each in settings.bl_rna.properties:
        name = each.identifier
        if each.type == "POINTER" and name == "curve_mapping" and settings.use_curve_mapping:
            values[name] = _curves(settings.curve_mapping)
        elif each.type not in {"POINTER", "COLLECTION"}:
            value = getattr(settings, name)
            values[name] = list(value) if getattr(each, "is_array", False) else value
    return values


def _curves(mapping: Any) -> list[Any]:
    points = [[[*point.location, point.handle_type] for point in curve.points] for curve in mapping.curves]
    return [*points, list(mapping.black_level), list(mapping.white_level), mapping.tone, mapping.extend]
