"""Renders of the command line that are killed, Blender or the engine, and called again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from blender_nst.headless.job import RenderJob
from tests.blender_nst.blender_in_tests import TINY_STYLE, BlenderInTests, events_in
from tests.blender_nst.headless.test_main import engine_processes, needs_proc
from video.errors import BEGIN_ANEW

MakeJob = Callable[..., RenderJob]
# More for `make test-kill`.
CHAINS = int(os.environ.get("BLENDER_NST_KILL_CHAINS", "1"))
FRAMES = (1, 4, 1)
# As for most people: the engine chooses, and only its answer says what it runs on.
AUTO_DEVICE = TINY_STYLE | {"device": "auto"}


@pytest.fixture
def small_blend(blender: BlenderInTests, make_job: MakeJob) -> Path:
    smaller = "scene.render.resolution_x, scene.render.resolution_y = 48, 32"
    return blender.changed(make_job().blend, smaller, "small")


def pictures(output: Path) -> dict[str, bytes]:
    """Every styled frame and the contact sheet; fails where something unfinished lies about."""
    files = {str(path.relative_to(output)) for path in output.rglob("*") if path.is_file()}
    kept = ".journal/"  # what a longer run would start from
    assert not [
        name for name in files if ".tmp" in name or (name.startswith(".") and not name.startswith(kept))
    ]
    assert "styled.mp4" in files
    found = [*(output / "styled").iterdir(), output / "contact_sheet.png"]
    return {path.name: path.read_bytes() for path in found}


def kill_after(process: subprocess.Popen[str], count: int, output: Path, *, engine: bool) -> bool:
    """Reads so many events, then kills Blender or the engine; whether Blender was killed.

    A render that was not killed must end with exit code 0.
    """
    left = count
    printed: list[str] = []
    for line in process.stdout or ():
        printed.append(line)
        if line.startswith("NST "):
            left -= 1
            if left == 0 and engine:
                for pid in engine_processes(output):
                    os.kill(pid, signal.SIGKILL)
            elif left == 0:
                process.kill()
    process.wait(120)
    assert process.returncode in (0, -signal.SIGKILL), "".join(printed[-40:])
    return process.returncode == -signal.SIGKILL


@needs_proc
@pytest.mark.expected_errors("the style engine ended with exit code")
def test_killed_renders_end_with_the_same_frames(
    blender: BlenderInTests, make_job: MakeJob, small_blend: Path, tmp_path: Path
) -> None:
    job = make_job(
        blend=str(small_blend), frames=FRAMES, source={".blend": "small"}, style_settings=AUTO_DEVICE
    )
    whole = blender.headless(replace(job, output=str(tmp_path / "whole")))
    assert whole.code == 0, whole.output[-3000:]
    expected = pictures(tmp_path / "whole")
    blender_kills = engine_kills = 0
    for chain in range(CHAINS):
        chance, output = random.Random(chain), tmp_path / f"killed {chain}"  # noqa: S311
        output.mkdir()
        killed = True
        while killed:
            engine = blender_kills > 0 and chance.random() < 0.3
            process = blender.start_headless(replace(job, output=str(output)))
            killed = kill_after(process, chance.randint(3, 12), output, engine=engine)
            blender_kills += killed
            engine_kills += engine
        assert pictures(output) == expected
    print(f"{blender_kills} kills of Blender, {engine_kills} of the engine")
    assert blender_kills > 0


def test_frames_that_are_rendered_are_not_rendered_again(
    blender: BlenderInTests, make_job: MakeJob, small_blend: Path, tmp_path: Path
) -> None:
    tree = "from blender_nst.compat.compositor_trees import make_tree\nmake_tree(scene)"
    job = make_job(
        blend=str(blender.changed(small_blend, tree, "tree")),
        frames=FRAMES,
        source={".blend": "small"},
        style_settings=AUTO_DEVICE,
        composite=True,
    )
    output = tmp_path / "out"
    process = blender.start_headless(job)
    for line in process.stdout or ():
        if line.startswith("NST ") and '"event": "rendered", "frame": 3' in line:
            process.kill()
    process.wait(60)
    captured = {path: path.stat().st_mtime_ns for path in (output / "content").glob("content_000[123].png")}
    assert len(captured) == 3
    finished = blender.headless(job)
    assert finished.code == 0, finished.output[-3000:]
    assert {path: path.stat().st_mtime_ns for path in captured} == captured
    assert [event["frame"] for event in finished.of("rendered")] == [1, 2, 3, 4]
    assert finished.of("done")[0]["frames"] == [1, 2, 3, 4]
    assert [event["frame"] for event in finished.of("composited")] == [1, 2, 3, 4]
    # All are there: nothing is rendered, nothing stylized.
    again = blender.headless(job)
    assert again.code == 0, again.output[-3000:]
    assert not again.of("progress")
    assert all(event["resumed"] for event in again.of("frame_done"))
    assert {path: path.stat().st_mtime_ns for path in captured} == captured


def test_a_render_of_the_command_line_is_resumed_from_blender_itself(
    blender: BlenderInTests, make_job: MakeJob, small_blend: Path, tmp_path: Path
) -> None:
    job = make_job(blend=str(small_blend), frames=(1, 2, 1), source={".blend": "small"})
    begun = blender.headless(job)
    assert begun.code == 0, begun.output[-3000:]
    before = {path: path.read_bytes() for path in (tmp_path / "out" / "styled").iterdir()}
    run = blender.run(
        """
        load().register()
        from blender_nst.properties.styles import add_style
        from blender_nst.session.active import current_session
        bpy.ops.wm.open_mainfile(filepath=arguments[0])
        scene = bpy.context.scene
        nst = scene.nst
        nst.enabled, nst.output_path = True, arguments[2]
        add_style(nst, arguments[1])
        nst.steps, nst.coarsest_size, nst.device, nst.warm_steps = 3, 64, "CPU", 1
        scene.frame_end = 3
        scene.render.filepath = arguments[3]
        bpy.ops.render.render(animation=True)
        session = current_session()
        state = session.engine_state
        finish([session.error, state.continues, state.done, state.resumed])
        """,
        job.blend,
        job.styles[0],
        job.output,
        str(tmp_path / "own" / "frame_"),
    )
    assert run.result == [None, True, [1, 2, 3], [1, 2]], run.output[-3000:]
    assert {path: path.read_bytes() for path in before} == before


def test_another_blend_or_setting_is_refused_before_anything_is_rendered(
    blender: BlenderInTests, make_job: MakeJob, small_blend: Path, tmp_path: Path
) -> None:
    job = make_job(blend=str(small_blend), frames=(1, 2, 1), source={".blend": "small"})
    assert blender.headless(job).code == 0
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.png")}
    for changed, words in (
        (replace(job, source={".blend": "other"}), "source .blend was small, is other"),
        (replace(job, style_settings=job.style_settings | {"steps": 4}), "steps was 3, is 4"),
    ):
        run = blender.headless(changed)
        assert run.code == 2, run.output[-3000:]
        (failed,) = run.of("failed")
        assert words in failed["error"]
        assert failed["error"].endswith(BEGIN_ANEW)
        assert not run.of("rendered")
        assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.png")} == before
    anew = blender.headless(replace(changed, restart=True))
    assert anew.code == 0, anew.output[-3000:]
    assert events_in(anew.output)
    assert not any(event["resumed"] for event in anew.of("frame_done"))
    styled = tmp_path / "out" / "styled" / "styled_0001.png"
    assert styled.read_bytes() != before[styled]


@needs_proc
def test_a_render_whose_processes_were_suspended_goes_on(
    blender: BlenderInTests, make_job: MakeJob, small_blend: Path, tmp_path: Path
) -> None:
    """The engine, Blender, and both, as a scheduler or a terminal does it; no frame is lost."""
    job = make_job(blend=str(small_blend), frames=FRAMES, output=str(tmp_path / "out"))
    printed: list[str] = []
    stops = 0
    with blender.start_headless(job) as process:
        for line in process.stdout or ():
            printed.append(line)
            if not line.startswith("NST ") or '"frame_done"' not in line or stops == 3:
                continue
            engines = engine_processes(tmp_path / "out")
            suspended = (engines, [process.pid], [*engines, process.pid])[stops]
            stops += 1
            for number in (signal.SIGSTOP, signal.SIGCONT):
                for pid in suspended:
                    os.kill(pid, number)
                time.sleep(1.0 if number == signal.SIGSTOP else 0.0)
    output = "".join(printed)
    assert process.returncode == 0, output[-3000:]
    assert stops == 3
    assert "started once more" not in output
    done = [event["frame"] for event in events_in(output) if event["event"] == "frame_done"]
    assert done == [1, 2, 3, 4]
    assert len(list((tmp_path / "out" / "styled").glob("styled_*.png"))) == len(done)
