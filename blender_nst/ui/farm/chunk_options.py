"""The scene's styles, settings, regions and shots as `blender-nst chunk` takes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy

from ...capture.camera import shot_starts
from ...capture.style_picture import StylePictureError, check_image, image_file
from ...properties.animation import animated_settings
from ...properties.regions import COLLECTION, RegionError, described_regions
from ...properties.scene import settings_dicts
from ...properties.schema import SCHEMA, SECTIONS, described_properties
from ...session.checks.scene_checks import absolute_path

SEPARATOR = ";"
"""Between the style pictures of a job of Flamenco, whose settings have no lists."""


class ChunkOptionsError(Exception):
    """The scene has something that a chunk cannot have; one line."""


def farm_frames(scene: bpy.types.Scene) -> range:
    """The frames that a farm renders."""
    return range(scene.frame_start, scene.frame_end + 1, scene.frame_step)


def farm_shots(scene: bpy.types.Scene) -> list[int]:
    """The first frames of the shots, by the camera markers; a panel asks for them with every drawing."""
    frames = farm_frames(scene)
    if not frames:
        return []
    # The camera changes nowhere else.
    places = {-(-(marker.frame - frames[0]) // frames.step) for marker in scene.timeline_markers}
    near = {each for place in places for each in (place - 1, place) if 0 <= each < len(frames)}
    return shot_starts(scene, [frames[place] for place in sorted(near | {0})])


def style_paths(scene: bpy.types.Scene) -> list[str]:
    """The style pictures' absolute paths.

    Raises:
        ChunkOptionsError: a style is an image without a file, which the machines of a farm could not read.
    """
    return [
        _style_path(scene, style.path, style.image)
        for style in scene.nst.styles
        if style.image is not None or style.path.strip()
    ]


def _style_path(scene: bpy.types.Scene, path: str, image: bpy.types.Image | None) -> str:
    """The file of a style that is a path, or an image of the .blend, which goes before it."""
    if image is None:
        return str(absolute_path(path, "style picture", scene.library))
    try:
        check_image(image)
    except StylePictureError as error:
        raise ChunkOptionsError(str(error)) from None
    file = image_file(image)
    if file is None:
        raise ChunkOptionsError(
            f"the style {image.name!r} is in this .blend alone, which the machines that stylize do not open:"
            " save the image to a file that all machines reach, unpacked"
        )
    return str(file)


def refuse_animation(scene: bpy.types.Scene) -> None:
    """Raises ChunkOptionsError if a setting is animated: the machines that stylize do not open the .blend."""
    titles = {entry["name"]: entry["title"] for entry in described_properties()}
    animated = [titles[name] for name in animated_settings(scene)]
    if animated:
        raise ChunkOptionsError(
            f"{' and '.join(animated)}: animated, but a job of Flamenco has one value for all frames; remove"
            " the animation, take OpenJD, or render on this machine"
        )


def chunk_settings(scene: bpy.types.Scene, *, advanced: bool) -> dict[str, Any]:
    """The basic or the advanced settings that a chunk has, as JSON values."""
    return {
        entry["name"]: values[entry["name"]]
        for section, values in zip(SECTIONS, settings_dicts(scene), strict=True)
        for entry in SCHEMA[section]
        if entry.get("in_chunks", True) and entry.get("advanced", False) is advanced
    }


def advanced_options(scene: bpy.types.Scene) -> list[str]:
    """The options of advanced settings that are not the usual ones, of weights and of regions.

    Raises:
        ChunkOptionsError: a region is none, or is several objects, which only a render by a chunk can find;
            a style is an image without a file, or its path has the separator; a setting is animated.
    """
    refuse_animation(scene)
    for path in style_paths(scene):
        if SEPARATOR in path:
            raise ChunkOptionsError(f"{path}: a job of Flamenco cannot have a {SEPARATOR} in it; rename it")
    defaults = {entry["name"]: entry["default"] for section in SECTIONS for entry in SCHEMA[section]}
    changed = {
        name: value for name, value in chunk_settings(scene, advanced=True).items() if value != defaults[name]
    }
    return [
        *(setting_option(name, value) for name, value in changed.items()),
        *_weights(scene),
        *region_options(scene, by_name=True),
    ]


def setting_option(name: str, value: Any) -> str:
    """A setting as an option of the command line."""
    words = name.replace("_", "-")
    if isinstance(value, bool):
        return f"--{words}" if value else f"--no-{words}"
    return f"--{words}={','.join(value) if isinstance(value, list) else value}"


def all_options(scene: bpy.types.Scene) -> list[str]:
    """Styles, settings and regions, for chunks that render the scene themselves.

    Animated settings are left out: each frame has the value that the .blend gives it.

    Raises:
        ChunkOptionsError: a region is none; a style is an image without a file.
    """
    settings = chunk_settings(scene, advanced=False) | chunk_settings(scene, advanced=True)
    for name in animated_settings(scene):
        settings.pop(name, None)
    return [
        *(word for path in style_paths(scene) for word in ("--style", path)),
        *_weights(scene),
        *(setting_option(name, value) for name, value in settings.items()),
        *region_options(scene, by_name=False),
    ]


def region_options(scene: bpy.types.Scene, *, by_name: bool) -> Iterator[str]:
    """The options of the regions.

    Args:
        by_name: for frames that are rendered, in which what a collection has is not known.
    """
    try:
        described = described_regions(scene)
    except RegionError as error:
        raise ChunkOptionsError(str(error)) from None
    for place, (region, found) in enumerate(zip(scene.nst_regions.entries, described, strict=True), start=1):
        kind, name = (found["kind"], found["names"][0]) if found["names"] else ("object", region.chosen.name)
        if not by_name:
            kind, name = region.kind.lower(), region.chosen.name
        elif region.kind == COLLECTION or len(found["names"]) != 1:
            raise ChunkOptionsError(
                f"region {place}, {region.chosen.name}, is several objects, which a job of Flamenco cannot"
                " have: pick each by itself, or take OpenJD"
            )
        if region.keep:
            yield from ("--keep", f"{kind}:{name}")
        else:
            style = _style_path(scene, region.style_path, region.style_image)
            yield from ("--region", f"{kind}:{name}={style}")


def _weights(scene: bpy.types.Scene) -> list[str]:
    weights = [f"{style.weight:.7g}" for style in scene.nst.styles]
    return ["--style-weights", ",".join(weights)] if len(weights) > 1 else []
