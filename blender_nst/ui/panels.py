"""Panels in the render properties, and the preview's in the Image Editor. They only draw."""

from __future__ import annotations

from typing import Any

import bpy

from .. import addon
from ..engine.options import EnginePythonError, engine_options
from ..properties.scene import FrameSource
from ..session import preview
from ..session.active import current_session, running_session, status_line
from ..session.forecast import animation_forecast, batch_forecast
from ..session.progress import session_progress
from .frame_operators import (
    NST_OT_cancel,
    NST_OT_open_output,
    NST_OT_preview,
    NST_OT_resume,
    NST_OT_stylize_frame,
    NST_OT_stylize_frames,
)
from .panel_base import MAIN_PANEL, RenderPanel
from .presets import draw_preset_button
from .styles_panel import draw_styles
from .wrapped_text import draw_wrapped


class RENDER_PT_nst(RenderPanel, bpy.types.Panel):
    """The switch, the styles, what matters most, and what goes on."""

    bl_label = "Neural Style"
    property_names = (
        "preset",
        "strength",
        "style_weight",
        "content_weight",
        "temporal_weight",
        "color",
        "output_path",
        "stills",
        "restart",
    )

    def draw_header(self, context: bpy.types.Context) -> None:
        """Draws the switch."""
        self.layout.prop(context.scene.nst, "enabled", text="")

    def draw_header_preset(self, _context: bpy.types.Context) -> None:
        """Draws the button of the saved presets."""
        draw_preset_button(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        """Draws what goes on, the styles, the settings, and what a render will do."""
        layout, scene = self.layout, context.scene
        draw_activity(layout, context)
        draw_styles(layout, scene.nst)
        super().draw(context)
        if scene.nst.enabled:
            draw_wrapped(layout, context, f"Ctrl-F12: {animation_forecast(scene)}", "RENDER_ANIMATION")
            if scene.render.use_motion_blur:
                draw_wrapped(layout, context, "Motion blur: no motion vectors are rendered", "INFO")
            elif scene.frame_step != 1:
                draw_wrapped(layout, context, "Frame step: motion vectors do not fit, flow is used", "INFO")
        try:
            engine_options()
        except EnginePythonError:
            draw_wrapped(layout, context, "The style engine is not installed", "ERROR")
            show = layout.operator("preferences.addon_show", text="Install It in the Preferences")
            show.module = addon.ID


class RENDER_PT_nst_frames(RenderPanel, bpy.types.Panel):
    """The buttons for frames that are rendered already."""

    bl_label = "Rendered Frames"
    bl_parent_id = MAIN_PANEL
    bl_options = set()  # noqa: RUF012
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
        draw_wrapped(layout, context, batch_forecast(context.scene), "SEQUENCE")
        row = layout.row(align=True)
        row.operator(NST_OT_stylize_frames.bl_idname, icon="PLAY")
        row.operator(NST_OT_resume.bl_idname)
        row = layout.row(align=True)
        row.operator(NST_OT_stylize_frame.bl_idname, text="This Frame", icon="IMAGE_DATA")
        draft = row.operator(NST_OT_stylize_frame.bl_idname, text="Draft of It")
        draft.draft = True
        again = row.operator(NST_OT_stylize_frame.bl_idname, text="", icon="RENDER_STILL")
        again.render = True
        row = layout.row(align=True)
        row.operator(NST_OT_preview.bl_idname, icon="HIDE_OFF")
        row.operator(NST_OT_open_output.bl_idname, text="Open Folder", icon="FILE_FOLDER")


class IMAGE_PT_nst(bpy.types.Panel):
    """Progress and comparison beside the preview."""

    bl_label = "Neural Style"
    bl_space_type = "IMAGE_EDITOR"
    bl_region_type = "UI"
    bl_category = "Neural Style"

    def draw(self, context: bpy.types.Context) -> None:
        """Draws the progress and the switch between styled and rendered."""
        draw_activity(self.layout, context)


def draw_activity(layout: Any, context: bpy.types.Context) -> None:
    """Draws the running session's progress or what the last one said, and the preview's switch."""
    _draw_progress(layout, context)
    if preview.available():
        layout.row().prop(context.window_manager, "nst_preview_side", expand=True)


def _draw_progress(layout: Any, context: bpy.types.Context) -> None:
    session = running_session()
    if session is None:
        line, is_error = status_line()
        ended = current_session()
        if line:
            elsewhere = ended is not None and ended.plan.scene != context.scene.name
            line = f"{ended.plan.scene}: {line}" if ended is not None and elsewhere else line
            draw_wrapped(layout, context, line, "ERROR" if is_error else "CHECKMARK")
        return
    progress = session_progress(session)
    row = layout.row(align=True)
    row.progress(factor=progress.share, text=progress.text)
    if NST_OT_cancel.poll(context):
        row.operator(NST_OT_cancel.bl_idname, text="", icon="X")
    if session.engine_state.planned:
        draw_wrapped(layout, context, session.engine_state.planned, "INFO")


class RENDER_PT_nst_strokes(RenderPanel, bpy.types.Panel):
    """The size of the strokes, and how fine the noise may be."""

    bl_label = "Strokes"
    bl_parent_id = MAIN_PANEL
    property_names = (
        "tv_weight",
        "style_size",
        "style_scale",
    )


class RENDER_PT_nst_color(RenderPanel, bpy.types.Panel):
    """Factors on the result's colors."""

    bl_label = "Color Gains"
    bl_parent_id = MAIN_PANEL
    property_names = ("red_gain", "green_gain", "blue_gain")


class RENDER_PT_nst_optimization(RenderPanel, bpy.types.Panel):
    """How long and how a frame is optimized."""

    bl_label = "Optimization"
    bl_parent_id = MAIN_PANEL
    property_names = (
        "steps",
        "warm_steps",
        "warm_style_gain",
        "coarsest_size",
        "working_detail",
        "working_size",
        "finishing_steps",
        "tolerance",
        "optimizer",
        "learning_rate",
        "adam_beta1",
        "adam_beta2",
        "lbfgs_history",
        "start",
        "seed",
        "snapshot_every",
        "device",
        "precision",
    )


class RENDER_PT_nst_network(RenderPanel, bpy.types.Panel):
    """Which parts of the network look at the pictures."""

    bl_label = "Network"
    bl_parent_id = MAIN_PANEL
    property_names = (
        "network",
        "input_normalization",
        "normalized_network",
        "content_layers",
        "style_layers",
        "pooling",
        "loss_scale",
        "style_statistic",
    )


class RENDER_PT_nst_sequence(RenderPanel, bpy.types.Panel):
    """How neighboring frames are tied together, and what is written beside them."""

    bl_label = "Sequence"
    bl_parent_id = MAIN_PANEL
    property_names = (
        "motion",
        "memory",
        "pass_count",
        "debug",
        "denoise",
        "denoise_strength",
        "output_format",
        "dynamic_range",
        "movie",
        "movie_codec",
        "contact_sheet",
    )


_PANELS = (
    RENDER_PT_nst,
    RENDER_PT_nst_frames,
    RENDER_PT_nst_strokes,
    RENDER_PT_nst_color,
    RENDER_PT_nst_optimization,
    RENDER_PT_nst_network,
    RENDER_PT_nst_sequence,
)

register, unregister = bpy.utils.register_classes_factory((*_PANELS, IMAGE_PT_nst))
