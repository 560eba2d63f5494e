"""What *Submit to Farm* remembers in a scene, and what jobs of Flamenco take of it: `Scene.nst_farm`."""

# pyright: reportInvalidTypeForm=false
# No `from __future__ import annotations`: Blender reads the annotations as objects.
import shlex
from typing import Any

import bpy

from ...properties.menu_choice import MenuChoice
from ...properties.styles import FILE_OPTIONS
from ...session.checks.scene_checks import SessionError
from .chunk_options import SEPARATOR, ChunkOptionsError, advanced_options, farm_shots, style_paths

REFUSED = "!"
"""Begins the options of a scene that no job can be made of: the job type says the rest, and refuses it."""


class FarmEngine(MenuChoice):
    """The engines of farms: title and help for people."""

    FLAMENCO = ("Flamenco", "Blender's own farm: machines with Blender render, those with the engine stylize")
    OPENJD = ("OpenJD", "AWS Deadline Cloud and other schedulers of Open Job Description")


def _scene(farm: "NSTFarm") -> Any:
    return farm.id_data


def _shots_get(farm: "NSTFarm") -> str:
    return ",".join(map(str, farm_shots(_scene(farm))))


def _styles_get(farm: "NSTFarm") -> str:
    try:
        return SEPARATOR.join(style_paths(_scene(farm)))
    except (ChunkOptionsError, SessionError):
        return ""  # `options` says why


def _options_get(farm: "NSTFarm") -> str:
    try:
        return shlex.join(advanced_options(_scene(farm)))
    except (ChunkOptionsError, SessionError) as error:
        return f"{REFUSED}{error}"


class NSTFarm(bpy.types.PropertyGroup):
    """`Scene.nst_farm`: the farm, and how the frames are shared out."""

    engine: bpy.props.EnumProperty(
        name="Farm",
        description="What runs the job",
        items=FarmEngine.items(),
        options=set(),
    )
    output_root: bpy.props.StringProperty(
        name="Farm Folder",
        description="Folder that all machines reach under this path: the job and its frames are put there",
        subtype="DIR_PATH",
        default="//farm/",
        options=FILE_OPTIONS,
    )
    chunk_size: bpy.props.IntProperty(
        name="Chunk",
        description="Frames that a machine stylizes as one task, at most",
        default=24,
        min=1,
        max=150,
        options=set(),
    )
    lead_in: bpy.props.IntProperty(
        name="Lead-in",
        description="Frames before a chunk that are stylized too, and thrown away, so that less of a seam"
        " is seen",
        default=4,
        min=0,
        max=1000,
        options=set(),
    )
    in_order: bpy.props.BoolProperty(
        name="Shots in Order",
        description="Stylize each shot from its first frame on: the very frames of one machine, without"
        " seams, but one machine for a shot",
        default=True,
        options=set(),
    )
    render_chunk_size: bpy.props.IntProperty(
        name="Render Chunk",
        description="Frames that a machine renders as one task",
        default=8,
        min=1,
        max=1000,
        options=set(),
    )
    workers: bpy.props.IntProperty(
        name="Machines",
        description="How many machines stylize at the same time, for the forecast alone",
        default=8,
        min=1,
        max=100_000,
        options=set(),
    )
    shots: bpy.props.StringProperty(get=_shots_get, options={"HIDDEN", "SKIP_SAVE"})
    styles: bpy.props.StringProperty(get=_styles_get, options={"HIDDEN", "SKIP_SAVE"})
    options: bpy.props.StringProperty(get=_options_get, options={"HIDDEN", "SKIP_SAVE"})


def register() -> None:
    """Adds `Scene.nst_farm`."""
    bpy.utils.register_class(NSTFarm)
    bpy.types.Scene.nst_farm = bpy.props.PointerProperty(type=NSTFarm)


def unregister() -> None:
    """Removes `Scene.nst_farm`; a file that has values for it keeps them."""
    del bpy.types.Scene.nst_farm
    bpy.utils.unregister_class(NSTFarm)
