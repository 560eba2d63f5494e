"""Presets of all settings as Blender keeps them: saved by name in the user's folder, for every file."""

from __future__ import annotations

from typing import Any, ClassVar

import bpy
from bl_operators.presets import AddPresetBase
from bl_ui.utils import PresetPanel

from ..properties.schema import saved_in_presets

SUBFOLDER = "blender_nst"


class NST_MT_presets(bpy.types.Menu):
    """The saved presets"""

    bl_label = "Neural Style Presets"
    preset_subdir = SUBFOLDER
    preset_operator = "script.execute_preset"
    draw = bpy.types.Menu.draw_preset


class NST_OT_preset_add(AddPresetBase, bpy.types.Operator):
    """Add or remove a preset of all neural style settings; style pictures and folders are not part of it"""

    bl_idname = "nst.preset_add"
    bl_label = "Add Neural Style Preset"
    preset_menu = NST_MT_presets.__name__
    preset_subdir = SUBFOLDER
    preset_defines: ClassVar[list[str]] = ["nst = bpy.context.scene.nst"]
    preset_values: ClassVar[list[str]] = [f"nst.{name}" for name in saved_in_presets()]


class RENDER_PT_nst_presets(PresetPanel, bpy.types.Panel):
    """What the button in the panel's header opens."""

    bl_label = "Neural Style Presets"
    preset_subdir = SUBFOLDER
    preset_operator = "script.execute_preset"
    preset_add_operator = NST_OT_preset_add.bl_idname


def draw_preset_button(layout: Any) -> None:
    """Draws the button, for a panel's header."""
    RENDER_PT_nst_presets.draw_panel_header(layout)


_CLASSES = (NST_MT_presets, NST_OT_preset_add, RENDER_PT_nst_presets)

register, unregister = bpy.utils.register_classes_factory(_CLASSES)
