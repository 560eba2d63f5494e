"""`headless/main.py` as the command line starts it: what it leaves alone, and how it fails."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from blender_nst.headless.job import RenderJob, RenderJobError
from tests.blender_nst.blender_in_tests import TINY_SEQUENCE, BlenderInTests, events_in
from video.images.image_files import image_size
from video.movies.movie import movie_frame_rate

MakeJob = Callable[..., RenderJob]
needs_proc = pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="finds processes in /proc")


def process_is_there(pid: int) -> bool:
    """Whether a process runs (one that has ended but was not waited for does not)."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def wait_for_first_frame(process: subprocess.Popen[str], output: Path) -> None:
    deadline = time.monotonic() + 120.0
    while not (output / "content" / "content_0001.png").exists():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)


def engine_processes(output: Path) -> list[int]:
    """The engines whose working folder is `output`."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                command = (process / "cmdline").read_bytes()
                if b"video.worker" in command and (process / "cwd").resolve() == output.resolve():
                    found.append(int(process.name))
            except OSError:
                continue
    return found


def wait_for_another_engine(output: Path, first: int) -> int:
    deadline = time.monotonic() + 60.0
    while time.monotonic() < deadline:
        others = [engine for engine in engine_processes(output) if engine != first]
        if others:
            return others[0]
        time.sleep(0.05)
    raise AssertionError("no second engine was started")


def test_nothing_of_the_users_is_written(blender: BlenderInTests, make_job: MakeJob, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    blend = project / "shot.blend"
    source = make_job().blend
    blender.run(
        """
        bpy.ops.wm.open_mainfile(filepath=arguments[0])
        scene = bpy.context.scene
        scene.render.filepath = "//frames/shot_"
        if hasattr(scene, "compositing_node_group"):
            tree = bpy.data.node_groups.new("Compositing", "CompositorNodeTree")
            scene.compositing_node_group = tree
        else:
            scene.use_nodes = True
            tree = scene.node_tree
        layers = tree.nodes.new("CompositorNodeRLayers")
        output = tree.nodes.new("CompositorNodeOutputFile")
        if hasattr(output, "base_path"):
            output.base_path = "//extra"
        else:
            output.directory = "//extra"
            output.file_output_items.new("RGBA", "Image")
        tree.links.new(layers.outputs["Image"], output.inputs[0])
        bpy.ops.wm.save_as_mainfile(filepath=arguments[1])
        finish()
        """,
        source,
        str(blend),
    )
    before = hashlib.sha256(blend.read_bytes()).hexdigest()
    run = blender.headless(make_job(blend=str(blend), frames=(1, 2, 1)))
    assert run.code == 0, run.output[-3000:]
    assert hashlib.sha256(blend.read_bytes()).hexdigest() == before
    assert [path.name for path in project.iterdir()] == ["shot.blend"]
    assert not list(tmp_path.glob("rendered-*")), "the scratch folder is gone"


BAD_INPUTS = {
    "there is no such .blend file": {"blend": "missing.blend"},
    "Blender cannot open it": {"blend": __file__},
    "style picture is not there": {"styles": ["missing.png"]},
    "the style engine's Python is not there": {"engine_python": "missing"},
    "it is no folder; choose another output folder": {"output": f"{__file__}/out"},
    "there is no scene 'Other'": {"scene": "Other"},
}
BAD_SETTINGS = {
    "there is no setting 'stile_weight'": {"style_settings": {"stile_weight": 1.0}},
    "steps is 'many': expected a whole number": {"style_settings": {"steps": "many"}},
    "pooling is 'median': expected one of average, max": {"style_settings": {"pooling": "median"}},
}


@pytest.mark.parametrize("message", BAD_INPUTS)
def test_bad_input_is_told_in_one_line(blender: BlenderInTests, make_job: MakeJob, message: str) -> None:
    run = blender.headless(make_job(**BAD_INPUTS[message]))
    assert run.code == 2, run.output[-3000:]
    assert [event["event"] for event in run.events] == ["failed"]
    assert message in run.events[0]["error"]
    assert "\n" not in run.events[0]["error"]
    assert "Traceback" not in run.output


@pytest.mark.parametrize("message", BAD_SETTINGS)
def test_a_setting_of_no_use_is_refused_by_the_engine_before_anything_is_rendered(
    blender: BlenderInTests, make_job: MakeJob, message: str
) -> None:
    run = blender.headless(make_job(**BAD_SETTINGS[message]))
    assert run.code == 2, run.output[-3000:]
    assert [event["event"] for event in run.events] == ["ready", "failed"]
    assert message in run.events[-1]["error"]
    assert "Traceback" not in run.output


def test_a_scene_without_a_camera_is_told_in_one_line(blender: BlenderInTests, make_job: MakeJob) -> None:
    blend = blender.changed(make_job().blend, "bpy.data.objects.remove(scene.camera)")
    run = blender.headless(make_job(blend=str(blend)))
    assert run.code == 2
    assert [event["event"] for event in run.events] == ["failed"]
    assert "has no camera to render through" in run.events[0]["error"]


@needs_proc
@pytest.mark.expected_errors("the style engine ended with exit code")
def test_an_engine_that_is_killed_twice_ends_the_render_with_one_line(
    blender: BlenderInTests, make_job: MakeJob, tmp_path: Path
) -> None:
    job = make_job(frames=(1, 200, 1), style_settings={"steps": 5000, "coarsest_size": 64, "device": "cpu"})
    process = blender.start_headless(job)
    wait_for_first_frame(process, tmp_path / "out")
    (first,) = engine_processes(tmp_path / "out")
    os.kill(first, signal.SIGKILL)
    os.kill(wait_for_another_engine(tmp_path / "out", first), signal.SIGKILL)
    output, _ = process.communicate(timeout=60)
    failed = [event for event in events_in(output) if event["event"] == "failed"]
    assert process.returncode == 1
    assert len(failed) == 1
    assert "the style engine ended with exit code -9" in failed[0]["error"]
    assert not list(tmp_path.glob("rendered-*"))


def hang_up(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    process.stdout.close()


@needs_proc
@pytest.mark.parametrize("end", [subprocess.Popen.kill, subprocess.Popen.terminate, hang_up])
@pytest.mark.expected_errors("the style engine ended with exit code")
def test_an_end_of_blender_or_of_its_caller_ends_the_engine(
    blender: BlenderInTests,
    make_job: MakeJob,
    tmp_path: Path,
    end: Callable[[subprocess.Popen[str]], None],
) -> None:
    job = make_job(style_settings={"steps": 100_000, "coarsest_size": 64, "device": "cpu"})
    process = blender.start_headless(job)
    wait_for_first_frame(process, tmp_path / "out")
    (engine,) = engine_processes(tmp_path / "out")
    end(process)
    process.wait(60)
    deadline = time.monotonic() + 30.0
    while process_is_there(engine) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not process_is_there(engine)


def test_a_job_is_read_as_it_was_written(make_job: MakeJob, tmp_path: Path) -> None:
    job = make_job(frames=(-2, 5, 3), samples=4, resolution_percentage=50, scene="Scene")
    job.write(tmp_path / "job.json")
    assert RenderJob.read(tmp_path / "job.json") == job


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frames": (5, 4, 1)}, "has no frames"),
        ({"frames": (1, 4, 0)}, "has no frames"),
        ({"styles": []}, "one style picture is needed"),
        ({"samples": 0}, "samples"),
        ({"resolution_percentage": 0}, "resolution"),
    ],
)
def test_a_job_that_cannot_be_done_is_refused(
    make_job: MakeJob, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(RenderJobError, match=message):
        make_job(**changes)


@pytest.mark.parametrize("text", ["", "[]", '{"blend": "a"}', '{"surprise": 1}', '{"frames": ["a", 2, 3]}'])
def test_a_file_that_is_no_job_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "job.json"
    path.write_text(text)
    with pytest.raises(RenderJobError) as caught:
        RenderJob.read(path)
    assert str(path) in str(caught.value)
    with pytest.raises(RenderJobError, match="cannot be read"):
        RenderJob.read(tmp_path / "none.json")


def test_the_size_that_is_told_is_that_of_the_frames(
    blender: BlenderInTests, make_job: MakeJob, tmp_path: Path
) -> None:
    # 29 % of 100: in floating-point numbers a little less than 29.
    blend = blender.changed(make_job().blend, "scene.render.resolution_x = scene.render.resolution_y = 100")
    run = blender.headless(make_job(blend=str(blend), frames=(1, 1, 1), resolution_percentage=29))
    assert run.code == 0, run.output[-3000:]
    (path,) = (tmp_path / "out" / "content").glob("*.png")
    assert run.of("started")[0]["resolution"] == list(image_size(path)) == [29, 29]


def test_overrides_reach_the_render(blender: BlenderInTests, make_job: MakeJob, tmp_path: Path) -> None:
    rate = {"sequence_settings": TINY_SEQUENCE | {"frame_rate": 12.0}}
    run = blender.headless(make_job(frames=(2, 4, 2), resolution_percentage=150, samples=2, **rate))
    assert run.code == 0, run.output[-3000:]
    (started,) = run.of("started")
    assert started["frames"] == [2, 4]
    assert started["resolution"] == [144, 96]
    assert [event["frame"] for event in run.of("rendered")] == [2, 4]
    assert run.of("done")[0]["frames"] == [2, 4]
    assert movie_frame_rate(tmp_path / "out" / "styled.mp4") == started["frame_rate"] == 12.0
