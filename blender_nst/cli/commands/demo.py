"""The demo: a scene and a painting made by code, through the same path as everybody's `render`."""

from __future__ import annotations

import subprocess
from pathlib import Path

from blender_nst import addon
from blender_nst.awake_time import run_command
from blender_nst.cli.blenders.runtime import BlenderRuntime, ensure_blender, find_blender
from blender_nst.cli.commands.render import render_and_stylize
from blender_nst.cli.display import Display
from blender_nst.cli.errors import InterruptedRunError, RenderError
from blender_nst.cli.inputs.settings_options import Settings
from blender_nst.cli.inputs.style_choice import choose_styles
from blender_nst.cli.log import follow_run
from compositor.networks.weights import network_files
from video.files.output_checks import check_kept, check_output_folder
from video.images.image_files import write_png
from video.paintings.painting import Painting, paint

WIDTH, HEIGHT = 320, 180
BUILD_TIMEOUT = 300.0
"""Seconds for building the scene; a first start from a cold disk takes long."""


def run_demo(out: Path, frames: int, settings: Settings, *, blender: Path | None, display: Display) -> None:
    """Leaves in `out`: the scene, the painting, rendered and styled frames, the movie, the contact sheet.

    Raises:
        BlenderError, RenderError, VideoError: see `blender_nst.cli.commands.render`.
    """
    found = find_blender(blender)
    check_output_folder(out)
    check_kept(network_files(settings[0].network), [out / "style.png", out / "scene.blend"])
    follow_run(out)
    runtime = found or ensure_blender(report=display.say)
    style, scene = out / "style.png", out / "scene.blend"
    display.say(f"painting {style}")
    write_png(style, paint(Painting.SWIRLS))
    display.say(f"building {scene}")
    build_scene(runtime, scene, frames, WIDTH, HEIGHT)
    choice = choose_styles([style], None)
    try:
        render_and_stylize(
            scene,
            choice,
            out,
            frames=None,
            restart=True,
            settings=settings,
            blender=runtime.program,
            display=display,
        )
    except (RenderError, InterruptedRunError) as error:
        error.resumable = False  # called again it builds another scene
        raise


def build_scene(runtime: BlenderRuntime, scene: Path, frames: int, width: int, height: int) -> None:
    """Lets Blender build the demo's scene and save it.

    Raises:
        RenderError: Blender did not save it.
    """
    size = ["--frames", str(frames), "--width", str(width), "--height", str(height)]
    command = runtime.command(addon.FOLDER / "demo" / "scene.py", ["--out", str(scene.resolve()), *size])
    try:
        finished = run_command(command, BUILD_TIMEOUT)
    except subprocess.TimeoutExpired:
        raise RenderError(f"{scene}: Blender did not build the scene in {BUILD_TIMEOUT:.0f} s") from None
    if finished.returncode != 0 or not scene.is_file():
        lines = (finished.stdout + finished.stderr).decode("utf-8", "replace").strip().splitlines()
        raise RenderError(f"{scene}: Blender did not build the scene: {lines[-1] if lines else 'no output'}")
