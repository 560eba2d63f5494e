"""The style list: thumbnails, its operators, and pictures dropped onto it."""

# pyright: reportInvalidTypeForm=false
# No `from __future__ import annotations`: Blender reads the annotations as objects.
import os
from typing import Any

import bpy
import bpy.utils.previews
from bpy.app.translations import pgettext_iface, pgettext_rpt

from ..compat.poll_reason import allowed
from ..compat.user_report import report
from ..properties.schema import STYLE_SUFFIXES
from ..properties.styles import NSTStyle, add_style
from ..session.checks.readable_pictures import is_readable
from ..state import state_of
from .styles.images import NST_MT_styles
from .styles.looks import draw_looks


class Thumbnails:
    """Blender's small pictures of the style files, each loaded when it is first drawn."""

    def __init__(self) -> None:
        self._collection: Any = None

    def icon(self, path: str) -> int:
        """The icon of a file; 0 while it has none."""
        # Not `Path.is_file`, which fails for a name that no file system takes.
        if not os.path.isfile(path):  # noqa: PTH113
            return 0
        if self._collection is None:
            self._collection = bpy.utils.previews.new()
        if path not in self._collection:
            self._collection.load(path, path, "IMAGE")
        return self._collection[path].icon_id

    def clear(self) -> None:
        """Forgets all of them."""
        if self._collection is not None:
            bpy.utils.previews.remove(self._collection)
            self._collection = None


class NST_UL_styles(bpy.types.UIList):
    """A row for each style picture: its thumbnail, its name, its weight."""

    def draw_item(
        self,
        _context: Any,
        layout: Any,
        _data: Any,
        item: NSTStyle,
        _icon: int,
        _active_data: Any,
        _active_property: str,
    ) -> None:
        """Draws one row; a file that is missing is marked."""
        row = layout.row(align=True)
        name, icon = style_label(item.image, item.file)
        if icon:
            row.label(text=name, icon_value=icon)
        else:
            row.label(text=name, icon="ERROR")
        weight = row.row(align=True)
        weight.ui_units_x = 4.0
        weight.prop(item, "weight", text="", emboss=False)


def style_label(image: bpy.types.Image | None, file: str) -> tuple[str, int]:
    """The name of a style and its thumbnail; 0 where that is missing."""
    if image is not None:
        return image.name, bpy.types.UILayout.icon(image)
    name = bpy.path.display_name_from_filepath(file) if file else pgettext_iface("No picture chosen")
    return name, state_of(Thumbnails).icon(file)


class _StyleOperator:
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Where there is a style, in a scene that does not come from a library."""
        reason = ""
        if not context.scene.is_editable:
            reason = "The scene comes from a library"
        elif not context.scene.nst.styles:
            reason = "There is no style picture"
        return allowed(cls, reason)


class NST_OT_style_add(bpy.types.Operator):
    """Add style pictures; several are blended by their weights"""

    bl_idname = "nst.style_add"
    bl_label = "Add Style Pictures"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"HIDDEN", "SKIP_SAVE"})
    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    files: bpy.props.CollectionProperty(
        type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"}
    )
    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not for a scene that comes from a library."""
        if context.scene is None or not context.scene.is_editable:
            return allowed(cls, "The scene comes from a library")
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Opens the file browser, unless files were dropped."""
        if self._paths():
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Adds the chosen files; those that are no pictures, or cannot be read, are named and left out."""
        added: list[str] = []
        refused: list[str] = []
        for path in self._paths():
            if not path.lower().endswith(STYLE_SUFFIXES):
                text = "{}: a style is a picture: PNG, JPEG, WebP, TIFF or BMP"
                refused.append(pgettext_rpt(text).format(path))
            elif not is_readable(bpy.path.abspath(path)):
                refused.append(pgettext_rpt("{}: the picture cannot be read").format(path))
            else:
                added.append(path)
        for line in refused:
            report(self, "WARNING" if added else "ERROR", line)
        for path in added:
            add_style(context.scene.nst, relative_path(path))
        return {"FINISHED"} if added else {"CANCELLED"}

    def _paths(self) -> list[str]:
        names = [each.name for each in self.files if each.name]
        if names:
            return [os.path.join(self.directory, name) for name in names]  # noqa: PTH118 - `//` is kept
        return [self.filepath] if self.filepath else []


def relative_path(path: str) -> str:
    """The path beside the .blend file, where that is saved and the user wants such paths."""
    if not bpy.data.filepath or not bpy.context.preferences.filepaths.use_relative_paths:
        return path
    try:
        return bpy.path.relpath(path)
    except ValueError:
        return path  # on another drive


class NST_OT_style_remove(_StyleOperator, bpy.types.Operator):
    """Remove the chosen style picture from the list; the file stays"""

    bl_idname = "nst.style_remove"
    bl_label = "Remove Style Picture"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Removes the active one."""
        nst = context.scene.nst
        nst.styles.remove(nst.active_style)
        nst.active_style = max(0, min(nst.active_style, len(nst.styles) - 1))
        return {"FINISHED"}


class NST_OT_style_move(_StyleOperator, bpy.types.Operator):
    """Move the chosen style picture in the list"""

    bl_idname = "nst.style_move"
    bl_label = "Move Style Picture"

    direction: bpy.props.EnumProperty(
        items=[("UP", "Up", "Towards the top"), ("DOWN", "Down", "Towards the bottom")],
        options={"HIDDEN", "SKIP_SAVE"},
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Exchanges the active one with its neighbor."""
        nst = context.scene.nst
        target = nst.active_style + (-1 if self.direction == "UP" else 1)
        if not 0 <= target < len(nst.styles):
            return {"CANCELLED"}
        nst.styles.move(nst.active_style, target)
        nst.active_style = target
        return {"FINISHED"}


class NST_FH_style(bpy.types.FileHandler):
    """Pictures that are dropped on the render properties become styles."""

    bl_idname = "NST_FH_style"
    bl_label = "Neural Style Picture"
    bl_import_operator = NST_OT_style_add.bl_idname
    bl_file_extensions = ";".join(STYLE_SUFFIXES)

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Only over the render properties."""
        area = context.area
        return area is not None and area.type == "PROPERTIES" and context.space_data.context == "RENDER"


def draw_styles(layout: bpy.types.UILayout, nst: bpy.types.PropertyGroup) -> None:
    """Draws the list with its buttons, and below it the chosen one at a larger size."""
    row = layout.row()
    row.template_list(NST_UL_styles.__name__, "", nst, "styles", nst, "active_style", rows=3)
    buttons = row.column(align=True)
    buttons.operator(NST_OT_style_add.bl_idname, icon="ADD", text="")
    buttons.operator(NST_OT_style_remove.bl_idname, icon="REMOVE", text="")
    buttons.separator()
    for direction in ("UP", "DOWN"):
        move = buttons.operator(NST_OT_style_move.bl_idname, icon=f"TRIA_{direction}", text="")
        move.direction = direction
    buttons.menu(NST_MT_styles.__name__, icon="DOWNARROW_HLT", text="")
    if not nst.styles:
        layout.label(text="Add a picture of a painting, or drop one here", icon="IMAGE_DATA")
        draw_looks(layout, nst)
        return
    chosen = nst.styles[min(nst.active_style, len(nst.styles) - 1)]
    file = layout.column()
    file.use_property_split = True
    file.use_property_decorate = False
    file.prop(chosen, "path" if chosen.image is None else "image")
    _, icon = style_label(chosen.image, chosen.file)
    row = layout.row()
    draw_looks(row, nst)
    if icon:
        row.template_icon(icon_value=icon, scale=3.0)
    elif chosen.path.strip():
        layout.label(text="The picture is not there; choose another", icon="ERROR")


_CLASSES = (
    NST_UL_styles,
    NST_OT_style_add,
    NST_OT_style_remove,
    NST_OT_style_move,
    NST_FH_style,
)

register, _unregister = bpy.utils.register_classes_factory(_CLASSES)


def unregister() -> None:
    """Removes the list's parts and its thumbnails."""
    state_of(Thumbnails).clear()
    _unregister()
