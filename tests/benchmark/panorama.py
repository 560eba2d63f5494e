"""Measures how the left and right edge of a 360° panorama meet, with and without margins.

    python tests/benchmark/panorama.py STYLE [--width 320] [--steps 80] [--work FOLDER]

Two frames of the demo's scene, rendered by Cycles through an equirectangular camera. Each row is the mean
difference between neighboring columns in levels of 255: over the edge, inside on average, and inside where it
is largest. The seconds are those of both frames.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from blender_nst.cli.blenders.runtime import ensure_blender
from blender_nst.cli.commands.demo import build_scene
from blender_nst.cli.commands.render import render_and_stylize
from blender_nst.cli.display import make_display
from blender_nst.cli.inputs.style_choice import choose_styles
from compositor.settings import StyleSettings
from video.images.image_files import read_image
from video.settings import Panorama, SequenceSettings

_ALL_AROUND = """
import os, sys
import bpy
bpy.ops.wm.open_mainfile(filepath=sys.argv[-1])
camera = bpy.context.scene.camera.data
camera.type = "PANO"
lens = camera if hasattr(camera, "panorama_type") else camera.cycles
lens.panorama_type = "EQUIRECTANGULAR"
bpy.ops.wm.save_mainfile()
sys.stdout.flush()
os._exit(0)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("style", type=Path)
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--steps", type=int, default=80)
    parser.add_argument("--work", type=Path, default=None, help="folder to keep everything in")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work: Path = arguments.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        blend, runtime = work / "scene.blend", ensure_blender()
        build_scene(runtime, blend, 2, arguments.width, arguments.width // 2)
        script = work / "all_around.py"
        script.write_text(_ALL_AROUND, "utf-8")
        subprocess.run(runtime.command(script, [str(blend.resolve())]), check=True, capture_output=True)
        style = replace(StyleSettings(), steps=arguments.steps)
        for panorama in (Panorama.NEVER, Panorama.AUTO):
            begun, out = time.perf_counter(), work / panorama.value
            settings = style, replace(SequenceSettings(), panorama=panorama)
            with make_display(as_json=False) as display:
                render_and_stylize(
                    blend,
                    choose_styles([arguments.style], None),
                    out,
                    frames=None,
                    settings=settings,
                    blender=runtime.program,
                    display=display,
                )
            print(f"{panorama.value}: {time.perf_counter() - begun:.0f} s")
            for kind in ("content", "styled"):
                for number in (1, 2):
                    print(f"{kind} {number}: {_steps(out / kind / f'{kind}_{number:04d}.png')}")


def _steps(path: Path) -> str:
    image = 255.0 * read_image(path)[..., :3]
    inside = np.abs(np.diff(image, axis=1)).mean(axis=(0, 2))
    edge = np.abs(image[:, 0] - image[:, -1]).mean()
    return f"{edge:.1f} over the edge, {inside.mean():.1f} inside, {inside.max():.1f} at most"


if __name__ == "__main__":
    main()
