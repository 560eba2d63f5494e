"""Panels in the render properties. They only draw."""

from __future__ import annotations

import bpy  # pyright: ignore[reportMissingImports]

from .handlers import current_session, status_line
from .operators import NST_OT_cancel


class _RenderPanel:
    """Where the panels are, and how they lay out their rows."""

    bl_space_type = "PROPERTIES"
    bl_region_type = "WINDOW"
    bl_context = "render"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012
    property_names: tuple[str, ...] = ()

    def draw(self, context: bpy.types.Context) -> None:
        """Draws the properties that the panel names."""
        layout = self.layout  # type: ignore[attr-defined]
        layout.use_property_split = True
        layout.use_property_decorate = False
        nst = context.scene.nst
        column = layout.column()
        column.active = nst.enabled
        for name in self.property_names:
            column.prop(nst, name)


class RENDER_PT_nst(_RenderPanel, bpy.types.Panel):
    """The switch, the style and where the frames go."""

    bl_label = "Neural Style"
    property_names = ("style_path", "preset", "output_path", "restart")

    def draw_header(self, context: bpy.types.Context) -> None:
        """Draws the switch."""
        self.layout.prop(context.scene.nst, "enabled", text="")

    def draw(self, context: bpy.types.Context) -> None:
        """Draws the settings, then what goes on."""
        super().draw(context)
        layout = self.layout
        if context.scene.render.use_motion_blur:
            layout.label(text="Motion blur: no motion vectors are rendered", icon="INFO")
        session = current_session()
        if session is not None and session.error:
            layout.label(text=session.error, icon="ERROR")
        elif status_line():
            layout.label(text=status_line())
        if NST_OT_cancel.poll(context):
            layout.operator(NST_OT_cancel.bl_idname, icon="X")


class RENDER_PT_nst_weights(_RenderPanel, bpy.types.Panel):
    """What the optimisation balances."""

    bl_label = "Weights"
    bl_parent_id = "RENDER_PT_nst"
    property_names = (
        "content_weight",
        "style_weight",
        "tv_weight",
        "temporal_weight",
        "style_size",
        "style_scale",
    )


class RENDER_PT_nst_colour(_RenderPanel, bpy.types.Panel):
    """Whose colours the result has, and how much of the render stays."""

    bl_label = "Colour"
    bl_parent_id = "RENDER_PT_nst"
    property_names = ("colour", "strength", "red_gain", "green_gain", "blue_gain")


class RENDER_PT_nst_optimisation(_RenderPanel, bpy.types.Panel):
    """How long and how a frame is optimised."""

    bl_label = "Optimisation"
    bl_parent_id = "RENDER_PT_nst"
    property_names = (
        "steps",
        "warm_steps",
        "coarsest_size",
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


class RENDER_PT_nst_network(_RenderPanel, bpy.types.Panel):
    """Which parts of the network look at the pictures."""

    bl_label = "Network"
    bl_parent_id = "RENDER_PT_nst"
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


class RENDER_PT_nst_sequence(_RenderPanel, bpy.types.Panel):
    """How neighbouring frames are tied together, and what is written beside them."""

    bl_label = "Sequence"
    bl_parent_id = "RENDER_PT_nst"
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
    RENDER_PT_nst_weights,
    RENDER_PT_nst_colour,
    RENDER_PT_nst_optimisation,
    RENDER_PT_nst_network,
    RENDER_PT_nst_sequence,
)


def register() -> None:
    """Registers the panels; a parent goes before its children."""
    for panel in _PANELS:
        bpy.utils.register_class(panel)


def unregister() -> None:
    """Removes the panels."""
    for panel in reversed(_PANELS):
        bpy.utils.unregister_class(panel)
