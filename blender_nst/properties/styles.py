"""The scene's style pictures: a list with previews and weights, and the operators that change it."""

# pyright: reportInvalidTypeForm=false
# No `from __future__ import annotations`: Blender reads the annotations as objects.
import os

import bpy

OVERRIDABLE = {"LIBRARY_OVERRIDABLE"}

FILE_OPTIONS = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set()
"""Options of a path that may begin with `//`; before 4.5 every path might."""


def can_be_style(image: bpy.types.Image) -> bool:
    """Whether an image is one picture of its own: no render, no movie, no sequence, no tiles."""
    return image.source in {"FILE", "GENERATED"} and image.type in {"IMAGE", "UV_TEST"}


def is_offered(_owner: object, image: bpy.types.Image) -> bool:
    """Whether Blender offers an image for a style."""
    return can_be_style(image)


class NSTStyle(bpy.types.PropertyGroup):
    """One style picture of a scene."""

    path: bpy.props.StringProperty(
        name="Picture",
        description="Picture whose strokes and colors the animation takes: a JPEG or PNG of a painting",
        subtype="FILE_PATH",
        options=FILE_OPTIONS,
        override=OVERRIDABLE,
    )
    image: bpy.props.PointerProperty(
        name="Image",
        description="Image of this .blend file, packed, generated or painted, in place of a file",
        type=bpy.types.Image,
        poll=is_offered,
        override=OVERRIDABLE,
    )
    weight: bpy.props.FloatProperty(
        name="Weight",
        description="How much of this style there is, beside the others",
        default=1.0,
        min=0.01,
        max=1000.0,
        soft_max=10.0,
        options=set(),
        override=OVERRIDABLE,
    )

    @property
    def file(self) -> str:
        """The absolute path; empty where none is chosen. A linked scene's is beside its own file."""
        if not self.path.strip():
            return ""
        return os.path.normpath(bpy.path.abspath(self.path, library=self.id_data.library))


def add_image(nst: bpy.types.PropertyGroup, image: bpy.types.Image) -> None:
    """Appends an image of the .blend file to a scene's list, as the chosen one."""
    add_style(nst, "")
    style = nst.styles[-1]
    style.name, style.image = image.name, image


def add_style(nst: bpy.types.PropertyGroup, path: str, weight: float = 1.0) -> None:
    """Appends a style picture to a scene's list, as the chosen one."""
    style = nst.styles.add()
    style.name = bpy.path.basename(path)
    style.path, style.weight = path, weight
    nst.active_style = len(nst.styles) - 1


register, unregister = bpy.utils.register_classes_factory((NSTStyle,))
