"""The panel of *Submit to Farm*: the farm, how the frames are shared out, and the plan."""

from __future__ import annotations

import bpy

from ..help.pages import FARM
from ..panel_base import MAIN_PANEL, RenderPanel
from ..wrapped_text import draw_wrapped
from .checks import farm_obstacle
from .operators import NST_OT_submit_to_farm
from .plan import plan_lines, scene_plan
from .settings import FarmEngine


class RENDER_PT_nst_farm(RenderPanel, bpy.types.Panel):
    """One render on many machines."""

    bl_label = "Submit to Farm"
    bl_parent_id = MAIN_PANEL
    help_page = FARM

    def draw(self, context: bpy.types.Context) -> None:
        """Draws the settings, the plan or why there is none, and the button."""
        layout, scene = self.layout, context.scene
        farm = scene.nst_farm
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(farm, "engine")
        layout.prop(farm, "output_root")
        column = layout.column(align=True)
        column.prop(farm, "in_order")
        row = column.column(align=True)
        row.active = not farm.in_order
        row.prop(farm, "chunk_size")
        row.prop(farm, "lead_in")
        if farm.engine == FarmEngine.FLAMENCO.name:
            column.prop(farm, "render_chunk_size")
        column.prop(farm, "workers")
        lines = plan_lines(scene_plan(scene), farm.workers)
        draw_wrapped(layout, context, ". ".join(lines), "PREVIEW_RANGE")
        obstacle = farm_obstacle(scene)
        if obstacle:
            box = layout.box()
            box.alert = True
            draw_wrapped(box, context, obstacle, "ERROR")
        layout.operator(NST_OT_submit_to_farm.bl_idname, icon="NETWORK_DRIVE")


register, unregister = bpy.utils.register_classes_factory((RENDER_PT_nst_farm,))
