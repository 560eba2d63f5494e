"""Animated strength and paint: what is found animated, and which value each styled frame has."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blender_nst.headless.job import RenderJob
from tests.blender_nst.blender_in_tests import TINY_STYLE, BlenderInTests
from video.images.image_files import read_image

pytestmark = pytest.mark.across_versions

# Linear: frame 2 has exactly 0.5.
_KEYS = """
for frame, value in ((1, 0.0), (3, 1.0)):
    scene.nst.strength = value
    scene.nst.keyframe_insert("strength", frame=frame)
from blender_nst.properties.animation import _curves
for curve in _curves(scene.animation_data.action):
    for key in curve.keyframe_points:
        key.interpolation = "LINEAR"
"""

_SETUP = """
load().register()
bpy.ops.wm.open_mainfile(filepath=arguments[0])
scene = bpy.context.scene
nst = scene.nst
nst.enabled, nst.style_path, nst.output_path = True, arguments[1], arguments[2]
nst.steps, nst.coarsest_size, nst.device, nst.warm_steps = 3, 64, "CPU", 1
scene.render.filepath = arguments[3] + "/own_"
"""


def journal_values(output: Path) -> list[str | None]:
    entries = json.loads((output / "journal.json").read_text())["frames"]
    return [entry["fingerprint"].get("strength") for entry in entries]


def pictures(output: Path) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The rendered and the styled frames."""
    return tuple(  # type: ignore[return-value]
        [read_image(path) for path in sorted((output / kind).glob("*.png"))] for kind in ("content", "styled")
    )


def check_values(output: Path) -> None:
    """Strength 0 is the render; with 0.5 and 1 there is more and more style."""
    rendered, styled = pictures(output)
    assert journal_values(output) == ["0.0", "0.5", "1.0"]
    np.testing.assert_array_equal(styled[0], rendered[0])
    away = [float(np.abs(now - before).mean()) for now, before in zip(styled, rendered, strict=True)]
    assert 0.0 == away[0] < away[1] < away[2]


def test_a_render_and_a_batch_give_each_frame_its_value(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    out = blender.folder / "out"
    script = (
        _SETUP
        + _KEYS
        + """
from blender_nst.properties.animation import animated_settings
first = animated_settings(scene)
scene.frame_set(3)
bpy.ops.render.render(animation=True)
styled = {path.name: path.read_bytes() for path in Path(arguments[2], "styled").iterdir()}
# Begun with the scene at another frame, it is the same run: nothing is made again.
scene.frame_set(2)
nst.source = "CAPTURED"
bpy.ops.nst.stylize_frames()
from blender_nst.session.active import current_session
resumed = current_session().engine_state.resumed
same = styled == {path.name: path.read_bytes() for path in Path(arguments[2], "styled").iterdir()}
nst.output_path = arguments[3] + "/batch"
scene.nst.source = "RENDER"
bpy.ops.nst.stylize_frames()
finish([first, sorted(resumed), same, scene.frame_current])
"""
    )
    paths = [str(blend_file), str(style_picture), str(out), str(blender.folder)]
    found = blender.run(script, *paths).result
    assert found == [["strength"], [1, 2, 3], True, 2]
    check_values(out)
    assert journal_values(blender.folder / "batch") == ["0.0", "0.5", "1.0"]


def test_a_driver_is_found_and_a_still_has_the_value_of_its_frame(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    script = (
        _SETUP
        + """
from blender_nst.properties.animation import animated_settings, own_settings_at
from blender_nst.session.plan import SessionPlan
driver = nst.driver_add("paint").driver
driver.type = "SUM"
variable = driver.variables.new()
target = variable.targets[0]
target.id, target.data_path = bpy.data.objects["Cube"], "location.x"
scene.frame_set(4)
plan = SessionPlan.from_scene(scene)
x = bpy.data.objects["Cube"].location.x
finish([animated_settings(scene), plan.style_settings["paint"], plan.for_still().style_settings["paint"],
        x, own_settings_at(scene, ("paint",), [4, 5]), scene.frame_current])
"""
    )
    paths = [str(blend_file), str(style_picture), str(blender.folder / "out"), str(blender.folder)]
    names, of_run, of_still, x, values, frame = blender.run(script, *paths).result
    assert names == ["paint"]
    assert of_run == 0.5, "the default: a run has none"
    assert of_still == pytest.approx(x)
    assert values == {"4": {"paint": pytest.approx(x)}, "5": {"paint": 1.0}}
    assert frame == 4


def test_the_command_lines_render_takes_the_scenes_animation(
    blender: BlenderInTests, blend_file: Path, make_job: Callable[..., RenderJob]
) -> None:
    animated = blender.changed(blend_file, "import blender_nst; blender_nst.register()\n" + _KEYS)
    settings: dict[str, Any] = TINY_STYLE | {"strength": 1.0}
    job = make_job(blend=str(animated), style_settings=settings, animated=["strength", "paint"])
    assert blender.headless(job).code == 0
    check_values(Path(job.output))
    # Named on the command line, the value is that of all frames.
    job = replace(job, animated=["paint"], output=str(blender.folder / "named"))
    assert blender.headless(job).code == 0
    assert journal_values(Path(job.output)) == [None, None, None]
