"""Operators that take images of the .blend file as styles, and that pack style pictures into it."""

# pyright: reportInvalidTypeForm=false
# No `from __future__ import annotations`: Blender reads the annotations as objects.
from collections.abc import Iterator
from typing import Any

import bpy
from bpy.app.translations import pgettext_rpt

from ...compat.poll_reason import allowed
from ...compat.user_report import report
from ...properties.styles import add_image, can_be_style

_ITEMS: list[tuple[str, str, str]] = []
"""Blender keeps no reference to the texts of a menu that is made as it opens."""


def _offered(_operator: object, _context: bpy.types.Context | None) -> list[tuple[str, str, str]]:
    _ITEMS[:] = [(image.name, image.name, "") for image in bpy.data.images if can_be_style(image)]
    return _ITEMS


class NST_OT_style_add_image(bpy.types.Operator):
    """Add an image of this .blend file to the styles: one that is packed, generated or painted in Blender"""

    bl_idname = "nst.style_add_image"
    bl_label = "Add Image of This File"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012
    bl_property = "image"

    image: bpy.props.EnumProperty(
        name="Image", description="Image that becomes a style", items=_offered, options={"SKIP_SAVE"}
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Where there is an image, and a scene that can be changed."""
        reason = ""
        if context.scene is None or not context.scene.is_editable:
            reason = "The scene comes from a library"
        elif not any(map(can_be_style, bpy.data.images)):
            reason = "This file has no image"
        return allowed(cls, reason)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Lets one be searched for."""
        context.window_manager.invoke_search_popup(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Adds it."""
        add_image(context.scene.nst, bpy.data.images[self.image])
        return {"FINISHED"}


class NST_OT_styles_pack(bpy.types.Operator):
    """Pack the style pictures, those of regions too, into the .blend file, which then needs no other file"""

    bl_idname = "nst.styles_pack"
    bl_label = "Pack Style Pictures"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Where a style is not packed, in a scene that can be changed."""
        reason = ""
        if context.scene is None or not context.scene.is_editable:
            reason = "The scene comes from a library"
        elif not any(map(_is_outside, _styles(context.scene))):
            reason = "There is no style picture that is not packed"
        return allowed(cls, reason)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Packs each; those that Blender cannot read are named and stay files."""
        packed = 0
        for style in filter(_is_outside, _styles(context.scene)):
            try:
                _pack(*style)
                packed += 1
            except RuntimeError as error:
                report(self, "WARNING", " ".join(str(error).split()))
        report(self, "INFO", pgettext_rpt("{} style pictures packed").format(packed))
        return {"FINISHED"} if packed else {"CANCELLED"}


class NST_MT_styles(bpy.types.Menu):
    """More about style pictures"""

    bl_label = "Style Pictures"

    def draw(self, _context: bpy.types.Context) -> None:
        """Draws what is done seldom."""
        layout = self.layout
        layout.operator_context = "INVOKE_DEFAULT"
        layout.operator(NST_OT_style_add_image.bl_idname, icon="IMAGE_DATA")
        layout.operator(NST_OT_styles_pack.bl_idname, icon="PACKAGE")


def _styles(scene: bpy.types.Scene) -> Iterator[tuple[Any, str, str]]:
    """Each style with the names of its two properties: the path and the image."""
    yield from ((style, "path", "image") for style in scene.nst.styles)
    regions = (region for region in scene.nst_regions.entries if region.has_style)
    yield from ((region, "style_path", "style_image") for region in regions)


def _is_outside(style: tuple[Any, str, str]) -> bool:
    owner, path, image = style
    chosen = getattr(owner, image)
    if chosen is None:
        return bool(getattr(owner, path).strip())
    return chosen.library is None and (chosen.packed_file is None or chosen.is_dirty)


def _pack(owner: Any, path: str, image: str) -> None:
    """Packs a style; raises RuntimeError where Blender cannot read it."""
    chosen = getattr(owner, image)
    if chosen is None:
        chosen = bpy.data.images.load(getattr(owner, path), check_existing=True)
    chosen.pack()
    setattr(owner, image, chosen)
    setattr(owner, path, "")


register, unregister = bpy.utils.register_classes_factory(
    (NST_OT_style_add_image, NST_OT_styles_pack, NST_MT_styles)
)
