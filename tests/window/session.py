"""Runs inside Blender with a window: does what an artist does, and tells what came of it.

Started by `test_window.py`. Each scenario is a generator on Blender's main thread: it yields seconds to wait,
so that the user interface goes on meanwhile.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import bpy

Steps = Iterator[float]


def everything() -> Steps:
    sys.path.insert(0, str(Path(__file__).parent))
    names = ("first_steps", "installing", "panels", "preparing", "renders", "style_images", "viewing")
    first_steps, installing, panels, preparing, renders, style_images, viewing = map(
        importlib.import_module, names
    )
    window_tools = importlib.import_module("window_tools")
    scenarios: tuple[Callable[[], Steps], ...] = (
        installing.install_by_clicks,
        preparing.prepare,
        *viewing.FIRST,
        renders.asks_before_the_first_frame,
        renders.ctrl_f12,
        renders.overwrite_or_new_folder,
        renders.batch_by_click,
        renders.play,
        renders.converging,
        renders.escape,
        *viewing.LATER,
        style_images.images_as_styles,
        renders.still,
        panels.polish,
        panels.regions_by_click,
        panels.submit_to_farm,
        panels.compositor_by_click,
        panels.preferences_window,
        renders.load_during_a_run,
        first_steps.first_animation,
        renders.quit_during_a_run,
    )
    only = os.environ.get("NST_WINDOW_ONLY", "").split()
    for scenario in (*scenarios, *viewing.MEASURED) if only else scenarios:
        if only and scenario is not preparing.prepare and scenario.__name__ not in only:
            continue
        yield from scenario()
        window_tools.tell("passed", scenario.__name__)
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
