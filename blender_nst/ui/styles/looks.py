"""The grid of looks, and the operator that chooses one by its name."""

# pyright: reportInvalidTypeForm=false
# No `from __future__ import annotations`: Blender reads the annotations as objects.
from typing import Any

import bpy

from ...compat.poll_reason import allowed
from ...properties.looks import CUSTOM_LOOK, LOOKS

_ITEMS = [(look.name.upper(), look.label, look.help) for look in LOOKS]

_LABELS = {name: label for name, label, _ in _ITEMS}


class NST_OT_look(bpy.types.Operator):
    """Choose a look: style pictures that come with Blender NST, with settings that suit them"""

    bl_idname = "nst.look"
    bl_label = "Choose a Look"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012
    bl_property = "look"

    look: bpy.props.EnumProperty(name="Look", description="Which look", items=_ITEMS)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not for a scene that comes from a library."""
        if context.scene is None or not context.scene.is_editable:
            return allowed(cls, "The scene comes from a library")
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Lets one be searched for."""
        context.window_manager.invoke_search_popup(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Sets it."""
        context.scene.nst.look = self.look
        return {"FINISHED"}


def draw_looks(layout: Any, nst: Any) -> None:
    """Draws the look that is chosen; a click on it opens the grid."""
    column = layout.column(align=True)
    column.template_icon_view(nst, "look", show_labels=True, scale=3.0, scale_popup=5.0)
    label = "Choose a Look" if nst.look == CUSTOM_LOOK else _LABELS[nst.look]
    column.label(text=label)


register, unregister = bpy.utils.register_classes_factory((NST_OT_look,))
