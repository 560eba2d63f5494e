"""The extension's preferences: which engine, on which device, and with how much of the machine."""

# pyright: reportInvalidTypeForm=false
# No `from __future__ import annotations`: Blender reads the annotations as objects.
import os

import bpy
from bpy.app.translations import pgettext_iface

from .. import addon
from ..engine.options import PYTHON_VARIABLE
from ..language.translated_line import translated
from .engine.panel import draw_cache, draw_engine
from .help.pages import TROUBLESHOOTING, NST_OT_help
from .report_operator import NST_OT_copy_report

_DEVICES = [
    ("auto", "Automatic", "CUDA, then Metal, then the processor"),
    ("cuda", "CUDA", "An NVIDIA GPU"),
    ("mps", "Metal", "An Apple GPU"),
    ("cpu", "CPU", "The processor: slow, and always there"),
]


class NSTPreferences(bpy.types.AddonPreferences):
    """Shown under Edit > Preferences > Add-ons."""

    bl_idname = addon.ID

    show_advanced: bpy.props.BoolProperty(
        name="Advanced",
        description="Other engines, sources of packages, device, memory, cache",
        options={"SKIP_SAVE"},
    )
    engine_python: bpy.props.StringProperty(
        name="Other Engine",
        description=(
            "Python in whose environment the style engine (the package blender-nst) is installed already;"
            " empty for the one that is installed here"
        ),
        subtype="FILE_PATH",
    )
    wheel_folder: bpy.props.StringProperty(
        name="Folder of Wheels",
        description=(
            "Install without a network: a folder with the wheels of the engine's packages, filled on another"
            " computer by `pip download`"
        ),
        subtype="DIR_PATH",
    )
    torch_packages: bpy.props.StringProperty(
        name="PyTorch",
        description=(
            "What is installed as PyTorch: a version, or packages with the --index-url of a GPU's build;"
            " empty for the choice by what this machine has"
        ),
    )
    device: bpy.props.EnumProperty(
        name="Device", description="Where the engine computes, for scenes that leave it open", items=_DEVICES
    )
    use_memory_limit: bpy.props.BoolProperty(
        name="Limit GPU Memory", description="Leave a part of the GPU's memory to other programs"
    )
    memory_limit: bpy.props.FloatProperty(
        name="GPU Memory",
        description="GiB of the GPU's memory that the engine may take",
        default=6.0,
        min=1.0,
        max=1024.0,
        soft_max=48.0,
        precision=1,
    )
    after_render: bpy.props.BoolProperty(
        name="Stylize After the Render",
        description=(
            "Start the engine when the whole animation is rendered: for a Blender and an engine that share"
            " one GPU"
        ),
    )
    stop_unstyled: bpy.props.BoolProperty(
        name="Stop Renders That Would Not Be Stylized",
        description=(
            "Where nobody can be asked, in scripts and on the command line, stop a render that cannot be"
            " stylized before its first frame; otherwise its frames are rendered without a style"
        ),
    )
    cache_folder: bpy.props.StringProperty(
        name="Network Cache",
        description="Folder for networks that are fetched (VGG-19); empty for PyTorch's own",
        subtype="DIR_PATH",
    )

    def draw(self, context: bpy.types.Context) -> None:
        """Draws the engine's state and its installation, then the folded settings."""
        layout = self.layout
        overruling = os.environ.get(PYTHON_VARIABLE)
        if overruling:
            line = translated(f"{PYTHON_VARIABLE} goes first: {overruling}", pgettext_iface)
            layout.label(text=line, icon="INFO")
        draw_engine(layout, context, self)
        row = layout.row()
        row.alignment = "LEFT"
        icon = "DISCLOSURE_TRI_DOWN" if self.show_advanced else "DISCLOSURE_TRI_RIGHT"
        row.prop(self, "show_advanced", icon=icon, emboss=False)
        if self.show_advanced:
            self._draw_advanced(layout.box())
        row = layout.row()
        row.operator(NST_OT_copy_report.bl_idname, icon="COPYDOWN")
        row.operator(NST_OT_help.bl_idname, icon="HELP").page = TROUBLESHOOTING

    def _draw_advanced(self, layout: bpy.types.UILayout) -> None:
        """Draws what a usual machine needs nothing of."""
        layout.use_property_split = True
        layout.use_property_decorate = False
        column = layout.column()
        column.prop(self, "wheel_folder")
        column.prop(self, "torch_packages")
        column.prop(self, "engine_python")
        column.prop(self, "device")
        row = column.row(heading="Limit GPU Memory")
        row.prop(self, "use_memory_limit", text="")
        limit = row.row()
        limit.active = self.use_memory_limit
        limit.prop(self, "memory_limit", text="GiB")
        column.prop(self, "after_render")
        column.prop(self, "stop_unstyled")
        draw_cache(column, self)


register, unregister = bpy.utils.register_classes_factory((NSTPreferences,))
