"""Runs inside Blender with a window: does what an artist does, and tells what came of it.

Started by `played.py`. Each scenario is a generator on Blender's main thread: it yields seconds to wait,
so that the user interface goes on meanwhile.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import bpy

Steps = Iterator[float]


SCENARIOS = (
    "installing.install_by_clicks",
    "preparing.prepare",
    "viewing.quick_look_by_click",
    "viewing.quick_look_by_search",
    "viewing.divider_is_dragged",
    "questions.asks_before_the_first_frame",
    "obstacles.obstacles_are_told_before_the_key",
    "renders.ctrl_f12",
    "questions.overwrite_or_new_folder",
    "questions.new_folder",
    "questions.stops_where_nobody_can_be_asked",
    "renders.batch_by_click",
    "obstacles.button_can_be_pressed_again",
    "renders.play",
    "renders.converging",
    "renders.escape",
    "obstacles.render_waits_for_a_batch",
    "viewing.exr_in_the_preview",
    "viewing.render_window",
    "style_images.images_as_styles",
    "renders.still",
    "panels.polish",
    "panels.regions_by_click",
    "panels.submit_to_farm",
    "panels.compositor_by_click",
    "panels.preferences_window",
    "renders.load_during_a_run",
    "first_steps.first_animation",
    "renders.quit_during_a_run",
)
MEASURED = (
    "measured.look_seconds",
    "measured.forecast_against_truth",
    "measured.renders_beside_their_window",
    "pictures.readme_pictures",
)
"""Only if asked for by name."""


def everything() -> Steps:
    sys.path.insert(0, str(Path(__file__).parent))
    only = os.environ.get("NST_WINDOW_ONLY", "").split()
    for path in (*SCENARIOS, *MEASURED) if only else SCENARIOS:
        module, name = path.split(".")
        if only and name not in ("prepare", *only):
            continue
        yield from getattr(importlib.import_module(module), name)()
        importlib.import_module("window_tools").tell("passed", name)
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
                importlib.import_module("window_tools").screenshot("failure")
            finally:
                sys.stdout.flush()
                os._exit(1)

    bpy.app.timers.register(step, first_interval=2.0, persistent=True)


if __name__ == "__main__":
    run(everything())
