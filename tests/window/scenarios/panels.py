"""Scenarios of the panels for special needs, of the preferences, and of another language.

Imported by `session.py` inside Blender.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import bpy
from preparing import show_panels, show_preferences
from window_tools import (
    FOLDER,
    MODULE,
    Steps,
    active,
    areas,
    click_button,
    redraw,
    screenshot,
    tell,
    tool,
    until,
)

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY")


def regions_by_click() -> Steps:
    """A region is added by its button, with the active object picked; the advanced panels are drawn."""
    yield from show_panels("RENDER_PT_nst_regions", "RENDER_PT_nst_compositor")
    balloon = next(each for each in bpy.context.scene.objects if each.type == "MESH")
    bpy.context.view_layer.objects.active = balloon
    for picture in ("style_a.png", "style_b.png"):
        with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
            bpy.ops.nst.region_add("EXEC_DEFAULT", True)
        bpy.context.scene.nst_regions.entries[-1].style_path = f"//{picture}"
    regions = bpy.context.scene.nst_regions.entries
    regions[0].keep, regions[1].kind = True, "MATERIAL"
    regions[1].material = bpy.data.materials[0]
    redraw()
    yield 1.0
    screenshot("regions")
    tell("regions", [[each.kind, each.chosen.name, each.keep] for each in regions])
    regions.clear()
    for name in ("optimization", "network", "sequence"):
        shown = [f"RENDER_PT_nst_{name}", f"RENDER_PT_nst_{name}_advanced"]
        shown += ["RENDER_PT_nst_color"] if name == "network" else []
        yield from show_panels(*shown)
        screenshot(name)


def submit_to_farm() -> Steps:
    """A file with changes is not submitted; when it is saved, the job of Flamenco is written."""
    yield from show_panels("RENDER_PT_nst_farm")
    scene, farm = bpy.context.scene, bpy.context.scene.nst_farm
    camera = scene.camera
    other = bpy.data.objects.new("Other", camera.data)
    scene.collection.objects.link(other)
    for frame, each in ((scene.frame_start, camera), (scene.frame_start + 2, other)):
        scene.timeline_markers.new("shot", frame=frame).camera = each
    farm.chunk_size, farm.lead_in = 1, 1
    window = bpy.context.window_manager.windows[0]
    with bpy.context.temp_override(window=window):
        bpy.ops.ed.undo_push(message="a change")
        tell("farm_unsaved", bpy.ops.nst.submit_to_farm.poll())
    redraw()
    yield 1.0
    screenshot("farm_unsaved")
    with bpy.context.temp_override(window=window):
        bpy.ops.wm.save_mainfile()
    redraw()
    yield 1.0  # until then Blender calls the file changed
    screenshot("farm")
    with bpy.context.temp_override(window=window):
        tell("farm_saved", bpy.ops.nst.submit_to_farm.poll())
        bpy.ops.nst.submit_to_farm("INVOKE_DEFAULT")
    folder = Path(bpy.path.abspath(farm.output_root)) / "job"
    tell("farm_job", sorted(path.name for path in folder.iterdir()))
    tell("farm_shots", json.loads((folder / "job.json").read_text())["settings"]["shots"])
    scene.timeline_markers.clear()
    bpy.data.objects.remove(other)
    yield 0.5


def compositor_by_click() -> Steps:
    """The node comes by its button; Escape stops the second pass and keeps what is composited."""
    yield from show_panels("RENDER_PT_nst_compositor")
    area = areas("IMAGE_EDITOR")[0]
    area.ui_type = "CompositorNodeTree"
    yield from click_button(0)
    scene = bpy.context.scene
    if bpy.app.version < (5, 0, 0):  # from then on a tree is used if it is there
        scene.use_nodes = True
    yield 0.5
    with bpy.context.temp_override(area=area, region=area.regions[-1]):
        bpy.ops.node.view_all()
    yield 1.0
    screenshot("node")
    tree_of = sys.modules[f"{MODULE}.compat.compositor_trees"].tree_of
    tell("node", [node.name for node in tree_of(scene).nodes])
    styled = FOLDER / "out" / "styled"
    last, scene.frame_end = scene.frame_end, 60
    for number in range(1, 61):
        (styled / f"styled_{number:04d}.png").write_bytes((styled / "styled_0001.png").read_bytes())
    yield from click_button(-1)
    composited = FOLDER / "out" / "composited"
    yield from until(lambda: len(list(composited.glob("composited_*"))) >= 2, "two composited frames")
    screenshot("compositing")
    tool("xdotool", "key", "Escape")
    panel, state = sys.modules[f"{MODULE}.ui.compositor_panel"], sys.modules[f"{MODULE}.state"]
    running = state.state_of(panel.CompositorState)
    yield from until(lambda: not running.compositing, "the end after Escape")
    yield 0.5
    count = len(list(composited.glob("composited_*")))
    yield 1.0
    tell(
        "compositing",
        {
            "count": count,
            "later": len(list(composited.glob("*"))),
            "hidden": len(list(composited.glob(".*"))),
            "scenes": bpy.data.scenes.keys(),
            "groups": sum(each != tree_of(scene) for each in bpy.data.node_groups),
        },
    )
    for number in range(4, 61):
        (styled / f"styled_{number:04d}.png").unlink()
    scene.frame_end = last
    if bpy.app.version < (5, 0, 0):
        scene.use_nodes = False
    else:
        scene.compositing_node_group = None
    area.ui_type = "IMAGE_EDITOR"
    yield from show_panels()


def preferences_window() -> Steps:
    """The extension's preferences, drawn."""
    bpy.ops.nst.engine_check()
    check = sys.modules[f"{MODULE}.engine.check"].engine_check()
    yield from until(lambda: not check.running, "the engine's answer")
    tell("check", check.facts)
    area = yield from show_preferences()
    screenshot("preferences")
    # An installation from a folder that has no PyTorch: its progress, and how it fails. With the
    # engine's Python: the system's may lack what makes environments.
    installation: Any = sys.modules[f"{MODULE}.engine.installation"]
    installation.host_python = lambda: Path(os.environ["NST_WINDOW_PYTHON"])
    chosen = bpy.context.preferences.addons[MODULE].preferences
    chosen.wheel_folder, chosen.torch_packages = str(FOLDER / "zip"), "torch==99.0"
    bpy.ops.nst.engine_install()
    yield 1.0
    tell("installing", installation.installation().running)
    screenshot("installing")
    yield from until(lambda: not installation.installation().running, "the installation's end")
    yield 1.0
    tell("install failed", installation.installation().installer.error)
    screenshot("install_failed")
    chosen.wheel_folder = chosen.torch_packages = ""
    yield from install_behind_lost_proxy(installation)
    area.type = "IMAGE_EDITOR"
    yield 1.0


def install_behind_lost_proxy(installation: Any) -> Steps:
    """An installation over the network whose proxy is not there says that it is the proxy."""
    # Certificates may be named that are not where Blender runs.
    certificates = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
    names = [name for name in os.environ if name.lower().endswith("_proxy") or name in certificates]
    kept = {name: os.environ.pop(name) for name in names}
    for name in PROXIES:
        os.environ[name] = "http://127.0.0.1:9"
    system = bpy.context.preferences.system
    system.use_online_access = True
    try:
        bpy.ops.nst.engine_install()
        yield from until(lambda: not installation.installation().running, "the end without a proxy")
    finally:
        system.use_online_access = False
        for name in PROXIES:
            del os.environ[name]
        os.environ.update(kept)
    yield 1.0
    tell("no proxy", installation.installation().installer.error)
    screenshot("install_no_proxy")


def polish() -> Steps:
    """The panel in another language, where this Blender has it."""
    view = bpy.context.preferences.view
    translations = bpy.app.translations
    code = next((each for each in translations.locales if each in ("pl_PL", "pl")), None)
    if code is not None:
        view.language, view.use_translate_interface = code, True
        redraw()
        yield 1.5
        screenshot("polish")
        look = translations.pgettext_iface
        tell(
            "polish", [look("Strength"), look("Render Stylized Animation", "Operator"), look("no such name")]
        )
        translated = sys.modules[f"{MODULE}.language.translated_line"].translated
        forecast = sys.modules[f"{MODULE}.session.forecast"].animation_forecast(bpy.context.scene)
        tell("polish lines", [translated(line, look) for line in (forecast, active().status_line()[0])])
        view.language = "en_US"
        redraw()
        yield 1.0
