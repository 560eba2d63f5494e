"""The panel of the regions: a list to pick objects, collections and materials into."""

# pyright: reportInvalidTypeForm=false
# No `from __future__ import annotations`: Blender reads the annotations as objects.
import os
from typing import Any

import bpy

from ..compat.poll_reason import allowed
from ..properties.regions import COLLECTION, MATERIAL, OBJECT
from .panel_base import MAIN_PANEL, RenderPanel
from .styles_panel import style_label

_ICONS = {OBJECT: "OBJECT_DATA", COLLECTION: "OUTLINER_COLLECTION", MATERIAL: "MATERIAL"}


class NST_UL_regions(bpy.types.UIList):
    """One row: what is picked, and which style it has."""

    def draw_item(
        self,
        _context: Any,
        layout: Any,
        _data: Any,
        item: Any,
        _icon: int,
        _active_data: Any,
        _active_property: str,
    ) -> None:
        """Draws a region's row."""
        row = layout.row(align=True)
        chosen = item.chosen
        row.label(text=chosen.name if chosen else f"No {item.kind.lower()}", icon=_ICONS[item.kind])
        if item.keep:
            row.label(text="As rendered")
            return
        if not item.has_style:
            row.label(text="No style", icon="ERROR")
            return
        style, icon = style_label(item.style_image, region_style_file(item))
        if icon:
            row.label(text=style, icon_value=icon)
        else:
            row.label(text=style, icon="ERROR")


class NST_OT_region_add(bpy.types.Operator):
    """Add a region, with the active object picked"""

    bl_idname = "nst.region_add"
    bl_label = "Add Region"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not for a scene that comes from a library."""
        return _is_possible(cls, context, needs_active=False)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Adds it at the end of the list."""
        regions = context.scene.nst_regions
        region = regions.entries.add()
        active = context.view_layer.objects.active
        if active is not None and active.type in {"MESH", "CURVE", "SURFACE", "META", "FONT", "CURVES"}:
            region.object = active
        regions.active = len(regions.entries) - 1
        return {"FINISHED"}


class NST_OT_region_remove(bpy.types.Operator):
    """Remove the region"""

    bl_idname = "nst.region_remove"
    bl_label = "Remove Region"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where there is one, in a scene that does not come from a library."""
        return _is_possible(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Removes the active one."""
        regions = context.scene.nst_regions
        regions.entries.remove(regions.active)
        regions.active = max(0, min(regions.active, len(regions.entries) - 1))
        return {"FINISHED"}


class NST_OT_region_move(bpy.types.Operator):
    """Move the region: where two overlap, the upper one goes first"""

    bl_idname = "nst.region_move"
    bl_label = "Move Region"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}  # noqa: RUF012

    step: bpy.props.IntProperty(default=-1, min=-1, max=1)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where there is one, in a scene that does not come from a library."""
        return _is_possible(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Moves the active one up or down by one."""
        regions = context.scene.nst_regions
        place = regions.active + self.step
        if not 0 <= place < len(regions.entries):
            return {"CANCELLED"}
        regions.entries.move(regions.active, place)
        regions.active = place
        return {"FINISHED"}


class RENDER_PT_nst_regions(RenderPanel, bpy.types.Panel):
    """Styles by object, collection or material."""

    bl_label = "Regions"
    bl_parent_id = MAIN_PANEL

    def draw(self, context: bpy.types.Context) -> None:
        """Draws the list, and below it the active region."""
        layout = self.layout
        regions = context.scene.nst_regions
        row = layout.row()
        row.template_list("NST_UL_regions", "", regions, "entries", regions, "active", rows=3)
        buttons = row.column(align=True)
        buttons.operator(NST_OT_region_add.bl_idname, text="", icon="ADD")
        buttons.operator(NST_OT_region_remove.bl_idname, text="", icon="REMOVE")
        buttons.separator()
        for step, icon in ((-1, "TRIA_UP"), (1, "TRIA_DOWN")):
            buttons.operator(NST_OT_region_move.bl_idname, text="", icon=icon).step = step
        if not _has_active(context):
            return
        region = regions.entries[regions.active]
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column()
        column.prop(region, "kind")
        column.prop(region, region.kind.lower())
        column.prop(region, "keep")
        style = column.column()
        style.active = not region.keep
        path = style.row()
        path.active = region.style_image is None
        path.prop(region, "style_path")
        style.prop(region, "style_image")
        icon = style_label(region.style_image, region_style_file(region))[1] if region.has_style else 0
        if icon:
            layout.template_icon(icon_value=icon, scale=3.0)


def region_style_file(region: Any) -> str:
    """The absolute path of a region's style picture; empty where none is chosen."""
    if not region.style_path.strip():
        return ""
    return os.path.normpath(bpy.path.abspath(region.style_path, library=region.id_data.library))


def _is_possible(operator: Any, context: bpy.types.Context, *, needs_active: bool = True) -> bool:
    """Whether an operator can change the regions; tells Blender why where it cannot."""
    reason = ""
    if context.scene is None or not context.scene.is_editable:
        reason = "The scene comes from a library"
    elif needs_active and not _has_active(context):
        reason = "There is no region"
    return allowed(operator, reason)


def _has_active(context: bpy.types.Context) -> bool:
    regions = context.scene.nst_regions
    return 0 <= regions.active < len(regions.entries)


_CLASSES = (
    NST_UL_regions,
    NST_OT_region_add,
    NST_OT_region_remove,
    NST_OT_region_move,
    RENDER_PT_nst_regions,
)

register, unregister = bpy.utils.register_classes_factory(_CLASSES)
