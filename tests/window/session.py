"""Runs inside Blender with a window: does what an artist does, and tells what came of it.

Started by `test_window.py`. Each scenario is a generator on Blender's main thread: it yields seconds to wait,
so that the user interface goes on meanwhile. Clicks and keys come from xdotool, screenshots from ImageMagick:
Blender's own are black with software OpenGL. A line that begins with `WINDOW ` carries JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import bpy

FOLDER = Path(os.environ["NST_WINDOW_FOLDER"])
MODULE = "bl_ext.user_default.blender_nst"
PATIENCE = 0.16 * float(os.environ.get("NST_WINDOW_TIMEOUT", "1500"))
"""Seconds that are waited for one thing."""
WIDTH = 1600
SIZE = tuple(int(side) for side in os.environ["NST_WINDOW_SIZE"].split("x"))
BUTTONS = (1.0, 0.0, 1.0)
"""The color that operator buttons get while one is looked for; nothing else in the window has it."""

Steps = Iterator[float]


def tell(name: str, value: Any) -> None:
    print(f"WINDOW {json.dumps([name, value])}", flush=True)


def tool(*command: str) -> None:
    subprocess.run(command, check=True, timeout=60)


def screenshot(name: str) -> Path:
    path = FOLDER / f"{name}.png"
    tool("import", "-window", "root", str(path))
    return path


def nst() -> Any:
    return bpy.context.scene.nst


def active() -> Any:
    return sys.modules[f"{MODULE}.session.active"]


def areas(kind: str) -> list[Any]:
    return [area for area in bpy.context.window_manager.windows[0].screen.areas if area.type == kind]


def until(true: Callable[[], bool], what: str) -> Steps:
    deadline = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > deadline:
            said = active().status_line() if f"{MODULE}.session.active" in sys.modules else ""
            raise AssertionError(f"waited {PATIENCE:.0f} s in vain: {what}; {said}")
        yield 0.2


def stylized() -> list[str]:
    return sorted(path.name for path in (FOLDER / "out" / "styled").glob("*.png"))


def session_over() -> bool:
    return active().running_session() is None


def button_boxes() -> list[tuple[int, int, int, int]]:
    """Left, top, right, bottom of every operator button in the window, from top to bottom."""
    command = ["convert", str(screenshot("buttons")), "-depth", "8", "rgb:-"]
    pixels = subprocess.run(command, check=True, timeout=60, capture_output=True).stdout
    row_bytes = 3 * WIDTH
    boxes: list[tuple[int, int, int, int]] = []
    for row in range(len(pixels) // row_bytes):
        for run in re.finditer(rb"(?:\xff\x00\xff){30,}", pixels[row * row_bytes : (row + 1) * row_bytes]):
            left, right = run.start() // 3, run.end() // 3
            for number, (a, top, b, bottom) in enumerate(boxes):
                if row <= bottom + 2 and left < b and right > a:
                    boxes[number] = (min(a, left), top, max(b, right), row)
                    break
            else:
                boxes.append((left, row, right, row))
    # Where a label fills its button, no row of it is free: a part above, a part below.
    whole = [box for box in boxes if box[3] - box[1] >= 10]
    whole += [
        (a, top, b, end)
        for a, top, b, _ in boxes
        for left, start, right, end in boxes
        if start > top and max(abs(a - left), abs(b - right)) <= 6 and 10 <= end - top <= 24
    ]
    return sorted(whole, key=lambda box: (box[1] // 8, box[0]))


def mark_buttons(on: bool, kept: list[tuple[float, ...]] = []) -> None:  # noqa: B006 - what was there before
    theme = bpy.context.preferences.themes[0].user_interface.wcol_tool
    if on:
        kept.append(tuple(theme.inner))
        theme.inner = (*BUTTONS, 1.0)
    else:
        theme.inner = kept.pop()
    redraw()


def redraw() -> None:
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            area.tag_redraw()


def click(x: int, y: int) -> None:
    """At a point counted from the window's upper left corner."""
    tool("xdotool", "mousemove", str(x), str(y))
    time.sleep(0.3)  # Blender must see where the mouse is before it is pressed
    tool("xdotool", "click", "1")


def fit_image() -> None:
    """Lets the picture fill the Image Editor."""
    for area in areas("IMAGE_EDITOR"):
        region = next(each for each in area.regions if each.type == "WINDOW")
        with bpy.context.temp_override(area=area, region=region):
            bpy.ops.image.view_all(fit_view=True)


QUICK, RENDER, BATCH = 0, 1, 2
"""Places of the buttons Quick Look, Render Stylized Animation and Stylize Rendered Frames."""


def click_button(place: int = BATCH) -> Steps:
    """Clicks an operator button of the properties, counted from the upper left."""
    tool("xdotool", "mousemove", "300", "500")  # a button under the mouse has another color
    yield 1.0  # and stays as gray as it was until the mouse has left it and the panel is drawn anew
    mark_buttons(True)
    yield 1.5
    boxes = button_boxes()
    mark_buttons(False)
    yield 0.5
    boxes = [box for box in boxes if box[0] >= areas("PROPERTIES")[0].x]
    tell("buttons", boxes)
    left, top, right, bottom = boxes[place]
    click((left + right) // 2, (top + bottom) // 2)
    yield 0.5


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


def prepare() -> Steps:
    """Makes a scene, shows the panel alone in the properties, an Image Editor beside it.

    Installs the zip where that was not done by clicks.
    """
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
    click(right.x + 80, bpy.context.window_manager.windows[0].height - (right.y + right.height) + 79)
    bpy.ops.wm.save_mainfile()
    yield 2.0
    screenshot("panel_empty")
    # Folded by default: its button is clicked by most of the scenarios.
    yield from show_panels("RENDER_PT_nst", "RENDER_PT_nst_frames")


def rendering() -> bool:
    return bpy.app.is_job_running("RENDER")


def key(name: str) -> Steps:
    # Blender hears a key when the mouse has moved in its window since the last click or menu.
    for x in ("290", "300"):
        tool("xdotool", "mousemove", x, "500")
        yield 0.5
    tool("xdotool", "key", name)
    yield 2.0


def confirm_by_keys(begun: Callable[[], bool]) -> Steps:
    """Ctrl-F12, and Return in its dialog; again where Blender was too busy to hear them."""
    for _attempt in range(5):
        yield from key("ctrl+F12")
        tool("xdotool", "key", "Return")
        for _moment in range(20):
            if begun():
                return
            yield 0.2


def own_frames() -> list[str]:
    return sorted(path.name for path in FOLDER.glob("own_*.png"))


def asks_before_the_first_frame() -> Steps:
    """Without a style the key and Blender's own menu ask; nothing is rendered until that is confirmed."""
    size = [bpy.context.scene.render.resolution_x, bpy.context.scene.render.resolution_y]
    paths = [style.path for style in nst().styles]
    nst().styles.clear()
    redraw()
    yield 1.0
    screenshot("panel_no_style")
    yield from key("ctrl+F12")
    screenshot("asked_no_style")
    seen: dict[str, Any] = {"key": [rendering(), own_frames()]}
    yield from key("Escape")
    yield 1.0
    bpy.ops.render.render("INVOKE_DEFAULT", animation=True)  # as Render > Render Animation does
    yield from until(lambda: not rendering(), "the render is stopped")
    yield 1.5
    screenshot("asked_menu")
    seen["menu"] = [rendering(), own_frames()]
    render = bpy.context.scene.render
    seen["size"] = [render.resolution_x, render.resolution_y] == size and render.resolution_percentage == 100
    yield from key("Escape")
    seen["escaped"] = [rendering(), own_frames()]
    yield from confirm_by_keys(lambda: rendering() or bool(own_frames()))
    yield from until(lambda: len(own_frames()) == 3 and not rendering(), "the render without a style")
    seen["unstyled"] = [own_frames(), stylized()]
    seen["line"] = active().status_line()
    for path in FOLDER.glob("own_*.png"):
        path.unlink()
    # A single picture, which is not to be stylized, is nobody's business.
    bpy.ops.render.render("INVOKE_DEFAULT")
    shown = sys.modules[f"{MODULE}.handlers"].shown_frame
    yield from until(lambda: not rendering() and shown() is not None, "the single picture")
    seen["still"] = shown()
    for path in paths:
        bpy.ops.nst.style_add(filepath=path)
    nst().styles[1].weight = 0.5
    tell("asked", seen)


def ctrl_f12() -> Steps:
    """An animation render from the window: its frames are stylized while it goes on."""
    bpy.ops.nst.preview()
    yield from key("ctrl+F12")
    yield from until(lambda: active().running_session() is not None, "the render begins")
    yield from until(lambda: len(active().current_session().engine_state.done) >= 1, "the first styled frame")
    fit_image()
    yield 0.4
    screenshot("rendering")
    watched = sys.modules[f"{MODULE}.state"].state_of(sys.modules[f"{MODULE}.ui.viewing.watch"].Watchers)
    yield from until(lambda: bool(watched.windows) or session_over(), "the end of the render")
    yield 0.3
    screenshot("rendered")
    yield from until(session_over, "the end of the animation")
    yield 1.0
    tell("animation", {"styled": stylized(), "line": active().status_line()})
    tell("own", sorted(path.name for path in FOLDER.glob("own_*.png")))
    layer = bpy.context.scene.view_layers[0]
    tell("passes", [layer.use_pass_vector, layer.use_pass_z])


def overwrite_or_new_folder() -> Steps:
    """Finished frames of other settings: Ctrl-F12 asks, and Return puts them aside."""
    before = {path.name: path.read_bytes() for path in (FOLDER / "out" / "styled").glob("*.png")}
    nst().strength = 0.9
    redraw()
    yield 1.0
    yield from key("ctrl+F12")
    screenshot("asked_overwrite")
    seen: dict[str, Any] = {"asked": [rendering(), active().running_session() is None]}
    yield from key("Escape")
    yield from confirm_by_keys(lambda: active().running_session() is not None)
    yield from until(session_over, "the end of the animation")
    aside = FOLDER / "out" / "styled.old" / "0001" / "styled"
    seen["aside"] = {path.name: path.read_bytes() for path in aside.glob("*.png")} == before
    seen["styled"] = stylized()
    nst().strength = 1.0
    tell("overwrite", seen)


def batch_by_click() -> Steps:
    """The button is clicked; its frames come; the preview shows them before and after."""
    for path in (FOLDER / "out" / "styled").glob("*.png"):
        path.unlink()
    nst().restart = True
    yield from click_button()
    yield from until(lambda: active().running_session() is not None, "the button starts a batch")
    yield from until(lambda: len(active().current_session().engine_state.done) >= 1, "the first styled frame")
    yield 0.6
    screenshot("batch")
    yield from until(session_over, "the end of the batch")
    yield 1.5
    screenshot("batch_done")
    tell("batch", {"styled": stylized(), "line": active().status_line()})
    image = bpy.data.images.get("Neural Style")
    tell("preview", image is not None and [Path(bpy.path.abspath(image.filepath)).name, list(image.size)])
    bpy.context.window_manager.nst_preview_side = "RENDERED"
    yield 1.0
    screenshot("rendered_side")
    tell("rendered side", image is not None and Path(bpy.path.abspath(image.filepath)).name)
    bpy.context.window_manager.nst_preview_side = "STYLED"


def play() -> Steps:
    """Play starts Blender's own player on the movie that the batch has made."""
    bpy.ops.nst.play()
    yield 8.0
    screenshot("playing")
    lists = [file.read_text().split() for file in Path("/proc/self/task").glob("*/children")]
    commands = {
        pid: (Path("/proc") / pid / "cmdline").read_bytes().decode().split("\0") for pid in chain(*lists)
    }
    players = {pid: command for pid, command in commands.items() if "-a" in command}
    tell("players", [[Path(word).name for word in command] for command in players.values()])
    for pid in players:
        os.kill(int(pid), signal.SIGTERM)
    yield 1.0


def converging() -> Steps:
    """The frame is seen in the Image Editor while it converges, before it is done."""
    nst().steps = 400
    nst().restart = True
    yield from click_button()
    yield from until(lambda: active().running_session() is not None, "the button starts a batch")
    session, seen = active().current_session(), set()

    def changed_three_times() -> bool:
        image = bpy.data.images.get("Neural Style")
        if session.engine_state.previewed is not None and image is not None and not session.engine_state.done:
            seen.add(hash(tuple(image.pixels)))
        return len(seen) >= 3 or bool(session.engine_state.done)

    yield from until(changed_three_times, "the preview changes")
    screenshot("converging")
    tell("converging", {"pictures": len(seen), "done": session.engine_state.done})
    tool("xdotool", "key", "Escape")
    yield from until(session_over, "the end after Escape")
    yield 0.5
    nst().steps = 16


def escape() -> Steps:
    """Escape stops a batch and keeps what is finished."""
    nst().warm_steps = 3000
    nst().restart = True
    yield from click_button()
    yield from until(lambda: active().running_session() is not None, "the button starts a batch")
    session = active().current_session()
    yield from until(lambda: len(session.engine_state.done) >= 1, "the first styled frame")
    tool("xdotool", "key", "Escape")
    yield from until(session_over, "the end after Escape")
    yield 1.0
    tell("escape", {"done": session.engine_state.done, "line": active().status_line()})
    nst().warm_steps = 6


def still() -> Steps:
    """F12, with stills switched on."""
    nst().stills = True
    bpy.context.scene.frame_set(2)
    bpy.ops.render.render("INVOKE_DEFAULT")
    yield from until(lambda: active().running_session() is not None, "the still begins")
    yield from until(session_over, "the end of the still")
    yield 1.0
    folder = FOLDER / "out" / "stills" / "styled"
    tell("still", {"styled": sorted(path.name for path in folder.glob("*")), "line": active().status_line()})
    nst().stills = False


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
    area = areas("IMAGE_EDITOR")[0]
    bpy.context.preferences.active_section = "ADDONS"
    bpy.context.window_manager.addon_search = "Blender NST"
    area.type = "PREFERENCES"
    yield 1.0
    top = bpy.context.window_manager.windows[0].height - (area.y + area.height)
    click(area.x + 188, top + 80)  # the triangle that opens the add-on's settings
    yield 1.5
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
    area.type = "IMAGE_EDITOR"
    yield 1.0


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


def load_during_a_run() -> Steps:
    """Another file is opened while frames are stylized: they are finished, and the file is as it was."""
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
        bpy.ops.nst.stylize_frames("EXEC_DEFAULT")
    session = active().current_session()
    yield from until(lambda: session.engine_state.progress is not None, "the batch begins")
    bpy.ops.wm.read_homefile(load_ui=False)
    yield 0.5
    yield from until(session_over, "the end of the batch of the other file")
    images, done = bpy.data.images.keys(), session.engine_state.done
    tell("load", {"done": done, "images": images, "line": active().status_line()})


def quit_during_a_run() -> Steps:
    """Blender quits while frames are stylized."""
    bpy.ops.wm.open_mainfile(filepath=str(FOLDER / "scene.blend"), load_ui=False)
    yield 1.0
    nst().warm_steps = 3000
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
        bpy.ops.nst.stylize_frames("EXEC_DEFAULT")
    session = active().current_session()
    yield from until(lambda: session.engine_state.progress is not None, "the batch begins")
    tell("engine", session.engine.pid)
    bpy.ops.wm.quit_blender()


def everything() -> Steps:
    sys.path.insert(0, str(Path(__file__).parent))
    viewing: Any = importlib.import_module("viewing")
    first_steps: Any = importlib.import_module("first_steps")
    installing: Any = importlib.import_module("installing")
    style_images: Any = importlib.import_module("style_images")
    scenarios: tuple[Callable[[], Steps], ...] = (
        installing.install_by_clicks,
        prepare,
        *viewing.FIRST,
        asks_before_the_first_frame,
        ctrl_f12,
        overwrite_or_new_folder,
        batch_by_click,
        play,
        converging,
        escape,
        *viewing.LATER,
        style_images.images_as_styles,
        still,
        polish,
        regions_by_click,
        submit_to_farm,
        compositor_by_click,
        preferences_window,
        load_during_a_run,
        first_steps.first_animation,
        quit_during_a_run,
    )
    only = os.environ.get("NST_WINDOW_ONLY", "").split()
    for scenario in (*scenarios, *viewing.MEASURED) if only else scenarios:
        if only and scenario is not prepare and scenario.__name__ not in only:
            continue
        yield from scenario()
        tell("passed", scenario.__name__)
    if only:
        bpy.ops.wm.quit_blender()


def run(steps: Steps) -> None:
    def step() -> float | None:
        try:
            return next(steps)
        except StopIteration:
            return None
        except BaseException:
            traceback.print_exc()
            try:
                screenshot("failure")
            finally:
                sys.stdout.flush()
                os._exit(1)

    bpy.app.timers.register(step, first_interval=2.0, persistent=True)


if __name__ == "__main__":
    run(everything())
