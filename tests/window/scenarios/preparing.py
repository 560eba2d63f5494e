"""The scene and the window that the scenarios work in.

Imported by `session.py` inside Blender.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Generator
from typing import Any

import addon_utils
import bpy
from window_tools import (
    FOLDER,
    MODULE,
    SIZE,
    Steps,
    areas,
    click,
    nst,
    redraw,
    screenshot,
    tell,
    tool,
    until,
)


def panel_classes() -> list[Any]:
    """The panels of the render properties, the parent of the others first."""
    part = sys.modules[MODULE]
    panels, regions, compositor, farm = (
        sys.modules[f"{part.__name__}.ui.{name}"]
        for name in ("panels", "regions_panel", "compositor_panel", "farm.panel")
    )
    others = (regions.RENDER_PT_nst_regions, compositor.RENDER_PT_nst_compositor, farm.RENDER_PT_nst_farm)
    return [*panels.PANELS, *others]


def show_panels(*names: str) -> Steps:
    """Shows these panels alone, each open and without its parent; none for all as they are."""
    classes = panel_classes()
    for each in reversed(classes):
        if hasattr(bpy.types, each.__name__) or each.is_registered:
            bpy.utils.unregister_class(each)
    for each in classes:
        if each.__name__ in names:
            # What Blender remembers of a panel, such as that it is closed, goes by its name.
            each.kept = getattr(each, "bl_options", set()), getattr(each, "bl_parent_id", "")
            each.bl_idname, each.bl_options, each.bl_parent_id = f"{each.__name__}_alone", set(), ""
        elif "kept" in vars(each):
            each.bl_idname, (each.bl_options, each.bl_parent_id) = each.__name__, each.kept
        if not names or each.__name__ in names:
            bpy.utils.register_class(each)
    redraw()
    yield 1.0


def show_preferences() -> Generator[float, None, Any]:
    """Shows the extension's preferences, open, in the place of the Image Editor; returns the area."""
    area = areas("IMAGE_EDITOR")[0]
    bpy.context.preferences.active_section = "ADDONS"
    bpy.context.window_manager.addon_search = "Blender NST"
    area.type = "PREFERENCES"
    yield 1.0
    modules: Any = addon_utils.modules()
    next(each for each in modules if each.__name__ == MODULE).bl_info["show_expanded"] = True
    redraw()
    yield 1.5
    return area


def prepare() -> Steps:
    """Makes a scene, shows the panel alone in the properties, an Image Editor beside it.

    Installs the zip where that was not done by clicks.
    """
    tell("blender", bpy.app.version)
    tool("xdotool", "key", "Escape")  # the splash
    preferences = bpy.context.preferences
    if MODULE not in preferences.addons:
        archive = os.environ["NST_WINDOW_ZIP"]
        bpy.ops.extensions.package_install_files(
            filepath=archive, repo="user_default", enable_on_install=True
        )
    preferences.addons[MODULE].preferences.engine_python = os.environ["NST_WINDOW_PYTHON"]
    preferences.view.render_display_type = "NONE"
    sys.path.insert(0, os.environ["NST_WINDOW_SOURCE"])
    importlib.import_module("scene").build(3, *SIZE)
    scene = bpy.context.scene
    scene.cycles.samples = 4
    scene.cycles.use_denoising = False
    scene.render.filepath = "//own_"
    bpy.ops.wm.save_as_mainfile(filepath=str(FOLDER / "scene.blend"))
    for each in list(bpy.types.Panel.__subclasses__()):
        shown = getattr(each, "bl_context", "") == "render" and each.bl_space_type == "PROPERTIES"
        if shown and "nst" not in each.__name__ and hasattr(bpy.types, each.__name__):
            bpy.utils.unregister_class(each)
    for kind in ("OUTLINER", "PROPERTIES"):
        for area in areas(kind):
            with bpy.context.temp_override(area=area):
                bpy.ops.screen.area_close()
        yield 0.5
    large = areas("VIEW_3D")[0]
    with bpy.context.temp_override(area=large, region=large.regions[-1]):
        bpy.ops.screen.area_split(direction="VERTICAL", factor=0.75)
    yield 0.5
    left, right = sorted(areas("VIEW_3D"), key=lambda area: area.x)
    left.type, right.type = "IMAGE_EDITOR", "PROPERTIES"
    yield 1.0
    right.spaces.active.context = "RENDER"
    for name in ("style_a.png", "style_b.png"):
        bpy.ops.nst.style_add(filepath=f"//{name}")
    nst().styles[1].weight = 0.5
    nst().enabled = True
    nst().output_path = "//out/"
    nst().steps, nst().warm_steps = 16, 6
    # The panel is closed at first: a click on its header opens it.
    yield 1.0
    yield from click(
        right.x + 80, bpy.context.window_manager.windows[0].height - (right.y + right.height) + 79
    )
    bpy.ops.wm.save_mainfile()
    yield 2.0
    screenshot("panel_empty")
    # Folded by default: its button is clicked by most of the scenarios.
    yield from show_panels("RENDER_PT_nst", "RENDER_PT_nst_frames")


def engine_answered() -> Steps:
    """Waits for the engine's check, and for the benchmark that follows the first one."""
    check = sys.modules[f"{MODULE}.engine.check"].engine_check()
    benchmark = sys.modules[f"{MODULE}.engine.benchmark"].benchmark()
    yield from until(lambda: bool(check.facts or check.error) and not check.running, "the engine's answer")
    yield 1.0
    yield from until(lambda: not benchmark.running, "the benchmark")
