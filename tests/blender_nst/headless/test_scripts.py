"""Python in a .blend: refused unless it is allowed, whatever the preferences say, and told in one line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blender_nst.cli.blenders.runtime import BlenderRuntime, RuntimeKind
from blender_nst.headless.job import RenderJob
from tests.blender_nst.blender_in_tests import BlenderInTests, HeadlessRun
from tests.blender_nst.command_line import Cli

pytestmark = pytest.mark.across_versions
MakeJob = Callable[..., RenderJob]

_LEAVE_MARK = "from pathlib import Path\\nPath({mark!r}).touch()\\n"

TEXT = """
text = bpy.data.texts.new("hook.py")
text.from_string("{leave_mark}")
text.use_module = True
"""
DRIVER = """
import bpy
cube = bpy.data.objects["Cube"]
cube.animation_data_clear()
driver = cube.driver_add("location", 0).driver
# Attributes are not among what Blender takes for harmless.
driver.expression = "2.0 * bpy.context.scene.frame_current - 4.0"
"""
FREESTYLE = """
text = bpy.data.texts.new("style.py")
text.from_string("{leave_mark}")
scene.render.use_freestyle = True
layer = scene.view_layers[0]
layer.use_freestyle = True
layer.freestyle_settings.mode = "SCRIPT"
module = layer.freestyle_settings.modules.new()
module.script, module.use = text, True
"""


def blend_with(
    blender: BlenderInTests, source: str, change: str, mark: Path, name: str = "with_scripts"
) -> str:
    leave_mark = _LEAVE_MARK.format(mark=str(mark))
    return str(blender.changed(source, change.replace("{leave_mark}", leave_mark), name))


def cube_center(output: Path, frame: int) -> float:
    """The mean column of the cube, before transparent film."""
    alpha = np.asarray(Image.open(output / "content" / f"content_{frame:04d}.png"))[..., 3]
    return float(np.average(np.arange(alpha.shape[1]), weights=alpha.sum(axis=0)))


def refusals(run: HeadlessRun) -> list[str]:
    return [event["text"] for event in run.of("warned") if "--allow-scripts" in event["text"]]


@pytest.mark.parametrize(
    ("change", "named"),
    [(TEXT, "'hook.py'"), (FREESTYLE, "'style.py'")],
    ids=["registered", "Freestyle"],
)
def test_a_text_runs_only_when_scripts_are_allowed(
    blender: BlenderInTests, make_job: MakeJob, tmp_path: Path, change: str, named: str
) -> None:
    mark = tmp_path / "mark"
    blend = blend_with(blender, make_job().blend, change, mark)
    refused = blender.headless(make_job(blend=blend, frames=(1, 1, 1)))
    assert refused.code == 0, refused.output[-3000:]
    assert not mark.exists()
    (line,) = refusals(refused)
    assert named in line
    assert blend in line
    assert "\n" not in line
    allowed = blender.headless(make_job(blend=blend, frames=(1, 1, 1), allow_scripts=True, restart=True))
    assert allowed.code == 0, allowed.output[-3000:]
    assert mark.exists()
    assert refusals(allowed) == []


def test_a_driver_runs_only_when_scripts_are_allowed(
    blender: BlenderInTests, make_job: MakeJob, tmp_path: Path
) -> None:
    blend = blend_with(blender, make_job().blend, DRIVER, tmp_path)
    refused = blender.headless(make_job(blend=blend))
    assert refused.code == 0, refused.output[-3000:]
    (line,) = refusals(refused)
    assert "Driver" in line
    allowed = blender.headless(make_job(blend=blend, allow_scripts=True, output=str(tmp_path / "allowed")))
    assert allowed.code == 0, allowed.output[-3000:]
    assert refusals(allowed) == []
    still = [cube_center(tmp_path / "out", frame) for frame in (1, 3)]
    moved = [cube_center(tmp_path / "allowed", frame) for frame in (1, 3)]
    assert still[1] == pytest.approx(still[0], abs=0.01)
    assert moved[1] > moved[0] + 20.0


@pytest.mark.parametrize("expression", ["2.0 * frame - 4.0", "sum([2.0 * frame, -4.0])"])
def test_harmless_drivers_run_and_are_not_spoken_of(
    blender: BlenderInTests, make_job: MakeJob, tmp_path: Path, expression: str
) -> None:
    # Arithmetic and the built-in functions are evaluated in any case.
    harmless = DRIVER.replace("2.0 * bpy.context.scene.frame_current - 4.0", expression)
    run = blender.headless(make_job(blend=blend_with(blender, make_job().blend, harmless, Path("mark"))))
    assert run.code == 0, run.output[-3000:]
    assert refusals(run) == []
    moved = [cube_center(tmp_path / "out", frame) for frame in (1, 3)]
    assert moved[1] > moved[0] + 20.0


@pytest.mark.parametrize("allowed", [False, True])
def test_blenders_own_preference_does_not_count(
    blender: BlenderInTests, make_job: MakeJob, tmp_path: Path, allowed: bool
) -> None:
    mark = tmp_path / "mark"
    job = make_job(blend=blend_with(blender, make_job().blend, TEXT, mark), allow_scripts=allowed)
    job.write(tmp_path / "job.json")
    run = blender.run(
        """
        load().register()
        from blender_nst.headless.job import RenderJob
        from blender_nst.headless.scene import open_scene
        job = RenderJob.read(Path(arguments[0]))
        preferences = bpy.context.preferences.filepaths
        preferences.use_scripts_auto_execute = not job.allow_scripts
        open_scene(job)
        finish([preferences.use_scripts_auto_execute, bpy.app.autoexec_fail])
        """,
        str(tmp_path / "job.json"),
    )
    assert run.result == [not allowed, not allowed]
    assert mark.exists() == allowed


@pytest.mark.parametrize("allowed", [False, True])
def test_an_executable_is_started_with_what_was_chosen(allowed: bool) -> None:
    runtime = BlenderRuntime(Path("blender"), RuntimeKind.EXECUTABLE, (4, 5, 0))
    command = runtime.command(Path("main.py"), ["job.json"], allow_scripts=allowed)
    assert ("--enable-autoexec" in command, "--disable-autoexec" in command) == (allowed, not allowed)
    # Blender reads its arguments in order: after --python it would be too late for what the script does.
    assert command.index("--enable-autoexec" if allowed else "--disable-autoexec") < command.index("--python")
    module = replace(runtime, kind=RuntimeKind.MODULE, program=Path(sys.executable))
    assert module.command(Path("main.py")) == module.command(Path("main.py"), allow_scripts=True)


def test_the_command_line_says_it_and_takes_the_option(
    cli: Cli, blender: BlenderInTests, make_job: MakeJob, tmp_path: Path
) -> None:
    job = make_job()
    mark = tmp_path / "mark"
    blend = blend_with(blender, job.blend, TEXT, mark)
    settings = ["--steps", "3", "--warm-steps", "1", "--coarsest-size", "64", "--device", "cpu"]
    command = ["render", blend, "--style", job.styles[0], "--out", job.output, "--frames", "1", *settings]
    command += ["--blender", str(blender.runtime.program)]
    refused = cli(*command)
    assert refused.code == 0, refused.stderr
    assert [line for line in refused.stderr.splitlines() if "--allow-scripts" in line and "hook.py" in line]
    assert not mark.exists()
    # The frame was rendered without the file's Python: it is no part of a run with it.
    mixed = cli(*command, "--allow-scripts")
    assert mixed.code == 2
    assert "scripts was not allowed, is allowed" in mixed.stderr
    allowed = cli(*command, "--allow-scripts", "--restart")
    assert allowed.code == 0, allowed.stderr
    assert mark.exists()
    assert "--allow-scripts" not in allowed.stderr
