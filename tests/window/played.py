"""Plays the scenarios in Blender's window, and gives what they told."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
from contextlib import suppress
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from blender_nst.cli.blenders.runtime import ensure_blender
from blender_nst.cli.packaging.extension import build_extension
from tests.blender_nst.engine.test_installer import write_wheel
from video.images.image_files import write_png
from video.paintings.painting import Painting, paint

RUNNER = "BLENDER_NST_WINDOW"
TOOLS = ("blender", "xvfb-run", "xdotool", "import", "convert")
HERE = Path(__file__).parent
FOLDER = HERE.parent.parent / "build" / "window"
TIMEOUT = float(os.environ.get("NST_WINDOW_TIMEOUT", "1500"))
"""Seconds for all scenarios: more for a machine that does other work as well."""
SIZE = os.environ.get("NST_WINDOW_SIZE", "128x72")
"""Of a frame: larger for a screenshot to be shown."""
SCREEN = os.environ.get("NST_WINDOW_SCREEN", "1600x1000")
"""Of Blender's window, which fills it: larger for the README's pictures."""
ONLY = os.environ.get("NST_WINDOW_ONLY", "").split()
"""Scenarios that are played; empty for all."""
SCREENSHOTS = (
    "fresh",
    "dropped",
    "first_start",
    "first_online",
    "first_installing",
    "first_installed",
    "first_repair",
    "panel_empty",
    "quick_look",
    "search",
    "quick_look_viewport",
    "divided",
    "divided_dragged",
    "exr",
    "exr_divided",
    "render_window",
    "style_file",
    "style_packed",
    "panel_no_style",
    "asked_no_style",
    "asked_menu",
    "asked_overwrite",
    "asked_new_folder",
    "stop_preference",
    "obstacle_engine",
    "obstacle_picture",
    "obstacle_folder",
    "obstacle_eyes",
    "obstacle_unsaved",
    "rendering",
    "batch",
    "batch_done",
    "button_gray",
    "button_again",
    "waiting",
    "waited",
    "playing",
    "rendered",
    "rendered_side",
    "converging",
    "regions",
    "optimization",
    "network",
    "sequence",
    "farm_unsaved",
    "farm",
    "node",
    "compositing",
    "preferences",
    "installing",
    "install_failed",
    "install_no_proxy",
    "tab_other_file",
    "tab_new_file",
)
_COMMAND = "blender --factory-startup --python-exit-code 3 --window-geometry 0 0 {} {} --python"


class Told(dict[str, Any]):
    """What the session in Blender told, by name; the list `passed` has the scenarios."""

    def __missing__(self, name: str) -> Any:
        if ONLY:
            pytest.skip(f"{name}: of a scenario that is not among those of NST_WINDOW_ONLY")
        raise KeyError(name)


def play() -> Told:
    """Plays the scenarios; the screenshots are in `FOLDER` afterwards. Skips where there is no window."""
    runner = shlex.split(os.environ.get(RUNNER, ""))
    missing = [tool for tool in TOOLS if not runner and shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not on the PATH: {', '.join(missing)}; install them, or set {RUNNER}")
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    for name, painting in (("style_a", Painting.DABS), ("style_b", Painting.SWIRLS)):
        write_png(FOLDER / f"{name}.png", paint(painting, 256, 192))
    environment = os.environ | _environment()
    output = FOLDER / "output.txt"
    with output.open("w") as file:
        session = subprocess.Popen(
            [
                *(*runner, "xvfb-run", "-a", "-s", f"-screen 0 {SCREEN}x24"),
                *(*_COMMAND.format(*SCREEN.split("x")).split(), str(HERE / "scenarios" / "session.py")),
            ],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            session.wait(TIMEOUT)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(session.pid, signal.SIGKILL)
    return _told(output.read_text("utf-8", "replace"))


def _environment() -> dict[str, str]:
    archive = build_extension(FOLDER / "zip", ensure_blender(report=print))
    return {
        "NST_WINDOW_FOLDER": str(FOLDER),
        "NST_WINDOW_SIZE": SIZE,
        "NST_WINDOW_SCREEN": SCREEN,
        "NST_WINDOW_SOURCE": str(HERE.parent.parent / "blender_nst" / "demo"),
        "NST_WINDOW_ZIP": str(archive),
        "NST_WINDOW_PYTHON": sys.executable,
        "NST_WINDOW_WHEELS": str(_write_wheels(FOLDER / "wheels")),
        "BLENDER_NST_ENGINE_PATH": str(HERE.parent.parent),
        "BLENDER_USER_RESOURCES": str(FOLDER / "user"),
        "LIBGL_ALWAYS_SOFTWARE": "1",
    }


def _write_wheels(folder: Path) -> Path:
    """The packages that the engine needs, each empty: one of them names the folder where they are here."""
    folder.mkdir()
    here = sysconfig.get_path("purelib")
    for line in requires("blender-nst") or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            files = {"of_the_test.pth": f"{here}\n"} if requirement.name == "torch" else {}
            write_wheel(folder, requirement.name.replace("-", "_"), version(requirement.name), files)
    return folder


def _told(printed: str) -> Told:
    told = Told(passed=[], output=printed)
    for line in printed.splitlines():
        if line.startswith("WINDOW "):
            name, value = json.loads(line.removeprefix("WINDOW "))
            told["passed"].append(value) if name == "passed" else told.__setitem__(name, value)
    return told
