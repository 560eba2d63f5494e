"""The quick look: a real engine in a real Blender, without the window that shows it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.blender_nst.blender_in_tests import BlenderInTests
from video.images.image_files import read_image, write_png
from video.paintings.painting import Painting, paint
from video.protocol.json_lines import encode
from video.protocol.messages import PROTOCOL_VERSION, Heartbeat, Ready

pytestmark = pytest.mark.across_versions

_BEGINNING = """
import time
load().register()
from blender_nst.session.checks.obstacles import Purpose, obstacles
from blender_nst.session.viewing import preview
from blender_nst.session.viewing.look_request import LookRequest, look_side
from blender_nst.session.viewing.quick_look import look_folder, quick_look
from blender_nst.session.checks.scene_checks import SessionError
from blender_nst.engine.options import engine_options
scene = bpy.context.scene
nst, look = scene.nst, quick_look()
nst.style_path = arguments[0]
nst.steps, nst.coarsest_size, nst.device = 4, 64, "CPU"

def until(true):
    deadline = time.monotonic() + 240.0
    while not true():
        look.tick()
        assert time.monotonic() < deadline, (look.state, look.error)
        time.sleep(0.02)

def settled():
    return look.state.name == "SETTLED"
"""

_LOOK = """
seen = {"obstacles": [each.message for each in obstacles(scene, Purpose.LOOK)]}
seen["animation"] = bool(obstacles(scene, Purpose.ANIMATION))  # the file was never saved
look.begin(scene, Path(arguments[1]), time.monotonic())
until(lambda: look.first_seconds is not None)
seen["first"] = [look.at_work, preview.available()]
until(settled)
seen["shown"] = str(preview.state_of(preview.PreviewState).styled)
seen["image"] = list(bpy.data.images[preview.IMAGE_NAME].size)
first = look.engine.pid
nst.temporal_weight = 1.0
for _ in range(30):
    look.tick()
    time.sleep(0.02)
seen["no effect"] = look.begun
nst.strength = 0.0
until(lambda: look.begun == 2 and settled())
seen["strength"] = str(preview.state_of(preview.PreviewState).styled)
nst.styles.clear()
until(lambda: bool(look.error))
seen["no style"] = [look.error, look.state.name]
nst.style_path = arguments[0]
until(lambda: look.begun == 3 and settled())
seen["error"] = look.error
nst.steps = 100000
until(lambda: look.begun == 4 and look.progress is not None)
look.stop()
seen["stopped"] = [look.open, look.engine.alive, look.engine.pid == first]
nst.steps = 4
look.begin(scene, Path(arguments[1]), time.monotonic())
until(settled)
seen["again"] = [look.engine.pid == first, look.error]
process = look.engine
look.tick(disturbed="a render")
process.join()
seen["disturbed"] = [look.open, look.engine, process.alive]
seen["folder"] = str(look_folder())
finish(seen)
"""


@pytest.fixture
def pictures(tmp_path: Path) -> list[str]:
    """A style and a rendered picture of 640×360."""
    write_png(tmp_path / "style.png", paint(Painting.DABS, 128, 96))
    write_png(tmp_path / "rendered.png", paint(Painting.SWIRLS, 640, 360))
    return [str(tmp_path / "style.png"), str(tmp_path / "rendered.png")]


def test_a_look_begins_anew_by_itself_and_keeps_its_engine(
    blender: BlenderInTests, pictures: list[str]
) -> None:
    seen: dict[str, Any] = blender.run(_BEGINNING + _LOOK, *pictures).result
    assert seen["obstacles"] == []
    assert seen["animation"] is True
    assert seen["first"] == [True, True]
    assert seen["image"] == [256, 144]
    assert Path(seen["shown"]).name == "styled_0001.png"
    assert Path(seen["shown"]).is_relative_to(seen["folder"])
    assert seen["no effect"] == 1, "a setting that does not change a single frame"
    assert seen["no style"][0].startswith("no style picture is chosen")
    assert seen["no style"][1] == "SETTLED"
    assert seen["error"] == ""
    assert seen["stopped"] == [False, True, True]
    assert seen["again"] == [True, ""]
    assert seen["disturbed"] == [False, None, False]


_PICTURES = """
nst.strength = 0.0
look.begin(scene, Path(arguments[1]), time.monotonic())
until(settled)
folder = Path(arguments[2])
(folder / "plain.png").write_bytes(preview.state_of(preview.PreviewState).styled.read_bytes())
(folder / "preview.png").write_bytes((look_folder() / "out" / "preview.png").read_bytes())
look.end()
finish()
"""


def test_a_look_without_strength_is_the_rendered_picture_reduced(
    blender: BlenderInTests, pictures: list[str]
) -> None:
    blender.run(_BEGINNING + _PICTURES, *pictures, str(blender.folder))
    rendered = read_image(Path(pictures[1]))
    expected = cv2.resize(rendered, (256, 144), interpolation=cv2.INTER_AREA)
    for name in ("plain.png", "preview.png"):
        assert np.abs(read_image(blender.folder / name) - expected).mean() < 4.0 / 255.0, name
        assert np.abs(expected - expected.mean((0, 1))).mean() > 20.0 / 255.0, "no plain picture"


_SILENT = """
import os
from blender_nst.engine.options import PYTHON_VARIABLE, look_again
from blender_nst.session.viewing import quick_look as look_module
real, limits = os.environ.get(PYTHON_VARIABLE), (look_module.START_TIMEOUT, look_module.HEARTBEAT_TIMEOUT)
look_module.START_TIMEOUT = look_module.HEARTBEAT_TIMEOUT = 2.0
seen = {}
for name, ready in (("start", "no"), ("work", "yes")):
    os.environ[PYTHON_VARIABLE], os.environ["NST_TEST_READY"] = arguments[2], ready
    look_again()
    look.begin(scene, Path(arguments[1]), time.monotonic())
    process = look.engine
    until(settled)
    process.join(20.0)
    seen[name] = [look.error, look.engine, process.alive]
    look.stop()
look_module.START_TIMEOUT, look_module.HEARTBEAT_TIMEOUT = limits
if real is None:
    del os.environ[PYTHON_VARIABLE]
else:
    os.environ[PYTHON_VARIABLE] = real
look_again()
look.begin(scene, Path(arguments[1]), time.monotonic())
until(settled)
seen["after"] = look.error
look.end()
finish(seen)
"""

_HANGING_PYTHON = """\
#!{python} -IS
import os, sys, time
if "-c" in sys.argv:
    print("True")  # asked whether it has the engine
    sys.exit()
if os.environ["NST_TEST_READY"] == "yes":
    sys.stdout.write({ready!r})
    sys.stdout.flush()
    time.sleep(600)
while True:
    time.sleep(0.2)
    sys.stdout.write({heartbeat!r})
    sys.stdout.flush()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a script in the place of a program")
def test_a_look_ends_an_engine_that_hangs_and_says_so(blender: BlenderInTests, pictures: list[str]) -> None:
    program = blender.folder / "python"
    ready = encode(Ready(PROTOCOL_VERSION, "0", "cpu", "0", "3.11"))
    program.write_text(
        _HANGING_PYTHON.format(python=sys.executable, ready=ready, heartbeat=encode(Heartbeat(0.0)))
    )
    program.chmod(0o755)
    seen: dict[str, Any] = blender.run(_BEGINNING + _SILENT, *pictures, str(program)).result
    for name in ("start", "work"):
        error, engine, alive = seen[name]
        assert error.startswith("the style engine has not answered for 2 s and was ended: see "), name
        assert (engine, alive) == (None, False), name
        assert "\n" not in error
    assert seen["after"] == "", "another engine is started"
