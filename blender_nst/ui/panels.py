"""Panels in the render properties, and the preview's in the Image Editor. They only draw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy
from bpy.app.translations import pgettext_iface

from ..compat.operator_button import draw_operator
from ..language.translated_line import translated
from ..properties.scene import FrameSource
from ..properties.schema import group_layouts
from ..session.active import running_session, status_line, status_scene
from ..session.checks.finished_run import finished_run
from ..session.checks.obstacles import Purpose, obstacles
from ..session.forecast import animation_forecast, batch_forecast
from ..session.progress import session_progress
from ..session.viewing import preview
from ..session.viewing.quick_look import quick_look
from .frame_operators import (
    NST_OT_cancel,
    NST_OT_preview,
    NST_OT_resume,
    NST_OT_stylize_frame,
    NST_OT_stylize_frames,
)
from .help.pages import SETTINGS
from .panel_base import MAIN_PANEL, RenderPanel
from .presets import draw_preset_button
from .render.operators import NST_OT_render, draw_ways_out
from .result_panel import draw_result, waiting_text
from .styles_panel import draw_styles
from .viewing.quick_look import NST_OT_quick_look, draw_look
from .wrapped_text import draw_fixed, draw_wrapped

_STATUS_LINES = 2
"""Lines of the status, whatever there is to say."""

_FORECAST_LINES = 2
"""Lines of a forecast at least: the first run adds its time, and no button below may move for that."""

_SCENE_SETTINGS = {"output": ("output_path", "stills", "restart")}
"""Properties that are no settings of the engine, by the group in whose panel they are."""


class RENDER_PT_nst(RenderPanel, bpy.types.Panel):
    """One screen: what goes on, the styles, the three settings that matter most, and the render."""

    bl_label = "Neural Style"
    property_names = ("preset", "paint", "strength")

    def draw_header(self, context: bpy.types.Context) -> None:
        """Draws the switch."""
        self.layout.prop(context.scene.nst, "enabled", text="")

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Draws the buttons of the documentation and of the saved presets."""
        super().draw_header_preset(context)
        draw_preset_button(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        """Draws what goes on, the styles, the settings, and what a render will do."""
        layout, scene = self.layout, context.scene
        draw_activity(layout, context)
        draw_styles(layout, scene.nst)
        super().draw(context)
        draw_forecast(layout, context)
        column = layout.column()
        column.scale_y = 1.3
        draw_operator(column, context, NST_OT_quick_look, icon="HIDE_OFF", depress=quick_look().open)
        draw_operator(column, context, NST_OT_render, icon="RENDER_ANIMATION")


class RENDER_PT_nst_frames(RenderPanel, bpy.types.Panel):
    """The buttons for frames that are rendered already."""

    bl_label = "Rendered Frames"
    bl_parent_id = MAIN_PANEL
    property_names = ("source", "source_path", "custom_range", "range_start", "range_end", "range_step")

    def draw(self, context: bpy.types.Context) -> None:
        """Draws where the frames come from, the buttons, and the preview."""
        layout, nst = self.layout, context.scene.nst
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(nst, "source")
        if nst.source == FrameSource.FILES.name:
            layout.prop(nst, "source_path")
        layout.prop(nst, "custom_range")
        if nst.custom_range:
            column = layout.column(align=True)
            for name in ("range_start", "range_end", "range_step"):
                column.prop(nst, name)
        draw_wrapped(layout, context, batch_forecast(context.scene), "SEQUENCE", at_least=_FORECAST_LINES)
        row = layout.row(align=True)
        draw_operator(row, context, NST_OT_stylize_frames, icon="PLAY")
        draw_operator(row, context, NST_OT_resume)
        row = layout.row(align=True)
        draw_operator(row, context, NST_OT_stylize_frame, text="This Frame", icon="IMAGE_DATA")
        draft = draw_operator(row, context, NST_OT_stylize_frame, text="Draft of It")
        draft.draft = True
        again = draw_operator(row, context, NST_OT_stylize_frame, text="", icon="RENDER_STILL")
        again.render = True
        row = layout.row(align=True)
        row.operator(NST_OT_preview.bl_idname, icon="HIDE_OFF")
        draw_result(row)


class IMAGE_PT_nst(bpy.types.Panel):
    """Progress and comparison beside the preview."""

    bl_label = "Neural Style"
    bl_space_type = "IMAGE_EDITOR"
    bl_region_type = "UI"
    bl_category = "Neural Style"

    def draw(self, context: bpy.types.Context) -> None:
        """Draws the progress and the switch between styled and rendered."""
        draw_activity(self.layout, context)


def draw_forecast(layout: Any, context: bpy.types.Context) -> None:
    """Draws what a render will do, or in red why it would not be stylized, with the ways out."""
    scene = context.scene
    # While frames are stylized the progress says so.
    found = [] if running_session() is not None else obstacles(scene, Purpose.ANIMATION)
    for obstacle in found:
        box = layout.box()
        line = box.column()
        line.alert = True
        draw_wrapped(line, context, obstacle.message, "ERROR")
        draw_ways_out(box, obstacle)
    if found:
        return
    draw_wrapped(layout, context, animation_forecast(scene), "RENDER_ANIMATION", at_least=_FORECAST_LINES)
    finished = finished_run(scene)
    if finished is not None and not scene.nst.restart:
        draw_wrapped(layout, context, f"{finished.text}: you will be asked about them", "INFO")
    if scene.render.use_motion_blur:
        draw_wrapped(layout, context, "Motion blur: no motion vectors are rendered", "INFO")
    elif scene.frame_step != 1:
        draw_wrapped(layout, context, "Frame step: motion vectors do not fit, flow is used", "INFO")


def draw_activity(layout: Any, context: bpy.types.Context) -> None:
    """Draws the running session's progress or what the last one said, and the preview's switch.

    All of it has the same height at all times: nothing jumps under the mouse.
    """
    _draw_progress(layout, context)
    row = layout.row()
    sides = row.row(align=True)
    sides.enabled = preview.available()
    sides.prop(context.window_manager, "nst_preview_side", expand=True)
    draw_result(row.row(align=True), labels=False)


def _draw_progress(layout: Any, context: bpy.types.Context) -> None:
    session = running_session()
    if session is None and quick_look().open:
        draw_look(layout, context, _STATUS_LINES)
        return
    row = layout.row(align=True)
    if session is None:
        line, is_error = status_line()
        about = status_scene()
        if line and about and about != context.scene.name:
            line = f"{about}: {translated(line, pgettext_iface)}"
        row.label(text="" if line else "Nothing is being stylized")
        draw_fixed(layout, context, line, "ERROR" if is_error else "CHECKMARK", _STATUS_LINES)
        return
    progress = session_progress(session)
    text = translated(progress.text + waiting_text(), pgettext_iface)
    row.progress(factor=progress.share, text=text)
    if NST_OT_cancel.poll(context):
        row.operator(NST_OT_cancel.bl_idname, text="", icon="X")
    draw_fixed(layout, context, session.engine_state.planned, "INFO", _STATUS_LINES)


def _setting_panels() -> Iterator[type]:
    """A panel for each group of settings, with a folded one for its advanced settings."""
    for layout in group_layouts():
        name = f"{MAIN_PANEL}_{layout.name}"
        shown = tuple(each for each in layout.basic if each not in RENDER_PT_nst.property_names)
        yield _setting_panel(name, layout.label, MAIN_PANEL, _SCENE_SETTINGS.get(layout.name, ()) + shown)
        if layout.advanced:
            yield _setting_panel(f"{name}_advanced", "Advanced", name, layout.advanced)


def _setting_panel(name: str, label: str, parent: str, property_names: tuple[str, ...]) -> type:
    members = {
        "bl_label": label,
        "bl_parent_id": parent,
        "property_names": property_names,
        "help_page": SETTINGS,
    }
    return type(name, (RenderPanel, bpy.types.Panel), members)


PANELS: tuple[type, ...] = (RENDER_PT_nst, RENDER_PT_nst_frames, *_setting_panels())
"""Those in the render properties, the parent of each before it."""

register, unregister = bpy.utils.register_classes_factory((*PANELS, IMAGE_PT_nst))
