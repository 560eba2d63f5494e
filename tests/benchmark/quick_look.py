"""Measures the seconds from asking for a quick look to its first picture, engine cold and engine kept.

    BLENDER_NST_PYTHON=.venv/bin/python BLENDER_NST_ENGINE_PATH=. python quick_look.py   (a Python with bpy)

Of a Render Result of 1920×1080. Everything but the drawing of the window is in it: the picture is saved, the
engine started or taken as it was kept, the picture that it shows is loaded. Prints for each look the seconds
of the clock, those of the processors (Blender's and the engine's, which other load changes less), and those
for which Blender itself is held up; at the end the least of each.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import bpy

REPOSITORY = Path(__file__).parent.parent.parent
PACKAGE = REPOSITORY / "blender_nst"
LOOKS = 5
PATIENCE = 300.0


def load_package() -> None:
    """The extension's source as the package `blender_nst`, switched on."""
    spec = importlib.util.spec_from_file_location(
        "blender_nst", PACKAGE / "__init__.py", submodule_search_locations=[str(PACKAGE)]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["blender_nst"] = package
    spec.loader.exec_module(package)
    package.register()


def processor_seconds(look: Any) -> float:
    """What this process and the look's engine have taken of the processors' time so far."""
    if look.engine is None:
        return time.process_time()
    ticks = Path(f"/proc/{look.engine.pid}/stat").read_text("ascii").rpartition(")")[2].split()[11:13]
    return time.process_time() + sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def one_look(look: Any, folder: Path) -> tuple[float, float, float]:
    """Seconds to the first picture: by the clock, of the processors, and Blender's own until it asks."""
    picture = importlib.import_module("blender_nst.session.viewing.picture")
    begun, used = time.monotonic(), processor_seconds(look)
    look.begin(bpy.context.scene, picture.take_picture(bpy.context, folder, rendered=True), begun)
    held = time.monotonic() - begun
    while look.first_seconds is None:
        assert time.monotonic() < begun + PATIENCE, look.error
        look.tick()
        time.sleep(0.01)
    return look.first_seconds, processor_seconds(look) - used, held


def main() -> None:
    """Renders the scene of a new file once, then looks at it again and again."""
    load_package()
    quick_look = importlib.import_module("blender_nst.session.viewing.quick_look")
    scene = bpy.context.scene
    scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 1, False
    scene.render.resolution_x, scene.render.resolution_y = 1920, 1080
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bpy.ops.render.render()
        style = folder / "style.png"
        scene.render.image_settings.file_format = "PNG"
        bpy.data.images["Render Result"].save_render(str(style))
        scene.nst.style_path = str(style)
        found: dict[str, list[tuple[float, float, float]]] = {"cold": [], "kept": []}
        look = quick_look.quick_look()
        for _ in range(LOOKS):
            for engine, seconds in found.items():
                seconds.append(one_look(look, folder))
                look.stop()
                time.sleep(1.0)  # the job ends between two steps
                print(engine, *(f"{each:.2f}" for each in seconds[-1]), flush=True)
            look.end()
        for engine, seconds in found.items():
            print(f"least, {engine}:", *(f"{min(each):.2f}" for each in zip(*seconds, strict=True)))
    sys.stdout.flush()
    os._exit(0)  # Blender's exit handlers can hang after a render


main()
