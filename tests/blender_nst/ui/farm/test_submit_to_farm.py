"""*Submit to Farm* in a real Blender: the plan, what a job has of the scene, what is refused, the bundle."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.blender_nst.blender_in_tests import BlenderInTests
from video.farm.lead_in import LeadIn
from video.farm.plan import FrameTime, plan_chunks
from video.frames.sequence import FrameRange

pytestmark = pytest.mark.across_versions

_BEGIN = """
load().register()
bpy.ops.wm.open_mainfile(filepath=arguments[0])
scene = bpy.context.scene
scene.nst.style_path = arguments[1]
farm = scene.nst_farm
"""


@pytest.fixture
def in_scene(blender: BlenderInTests, blend_file: Path, style_picture: Path) -> Any:
    """Runs a script with the tests' scene open and a style chosen; gives what it hands to `finish`."""

    def run(script: str) -> Any:
        return blender.run(_BEGIN + script, str(blend_file), str(style_picture)).result

    return run


def test_the_plan_is_that_of_the_command_line(blender: BlenderInTests) -> None:
    cases: list[tuple[int, list[int], int, int, int]] = [
        (5, [1], 2, 1, 1),
        (61, [1, 4, 30], 8, 4, 1),
        (61, [1, 4, 30], 7, 2, 3),
        (24, [1], 24, 4, 1),
        (9, [1, 2], 3, 0, 1),
    ]
    script = """
load().register()
from dataclasses import asdict
from blender_nst.ui.farm.plan import FarmPlan, plan_chunks
plans = []
for length, starts, size, lead_in, passes in json.loads(arguments[0]):
    chunks = plan_chunks(range(1, length + 1), starts, size, lead_in, passes=passes)
    plan = FarmPlan(len(starts), chunks, 2.0, 10.0, passes)
    plans.append([[asdict(each) for each in chunks], plan.discarded_share, plan.seconds(3)])
finish(plans)
"""
    found = blender.run(script, json.dumps(cases)).result
    for (length, starts, size, lead_in, passes), (chunks, share, seconds) in zip(cases, found, strict=True):
        plan = plan_chunks(
            FrameRange(1, length), starts, size, LeadIn(lead_in), passes=passes, time=FrameTime(2.0, 10.0)
        )
        assert [(each["first"], each["frames"], each["discarded"], each["is_seam"]) for each in chunks] == [
            (each.span.own.first, len(each.span.own.numbers()), each.span.discarded, each.is_seam)
            for each in plan.chunks
        ]
        assert share == pytest.approx(plan.discarded_share)
        assert seconds == pytest.approx([plan.seconds, plan.elapsed(3)])


def test_shots_are_where_the_camera_changes(in_scene: Any) -> None:
    shots, truth, in_order = in_scene("""
from blender_nst.capture.camera import shot_starts
from blender_nst.ui.farm.chunk_options import farm_shots
from blender_nst.ui.farm.plan import plan_lines, scene_plan
scene.frame_start, scene.frame_end = 10, 60
first = scene.camera
second = bpy.data.objects.new("Second", first.data)
scene.collection.objects.link(second)
# One before the range, one of the same camera, one without a camera, one behind the range.
for frame, camera in (
    (2, second), (20, second), (30, first), (35, None), (40, first), (50, second), (70, first)
):
    scene.timeline_markers.new("marker", frame=frame).camera = camera
farm.in_order = True
finish([farm.shots, shot_starts(scene, list(range(10, 61))), plan_lines(scene_plan(scene), 2)])
""")
    assert truth == [10, 30, 50]
    assert shots == "10,30,50"
    assert in_order[0] == "51 frames, 3 shots, 3 chunks, 0 seams"
    assert in_order[1].startswith("0.0 %")


def test_what_a_job_has_of_the_scene(in_scene: Any, style_picture: Path) -> None:
    options, settings, styles = in_scene("""
scene.nst.seed, scene.nst.follow_light, scene.nst.steps, scene.nst.motion = 7, False, 12, "DIS"
scene.nst.style_layers = "relu1_1, relu2_1"
scene.nst.movie = False
extra = scene.nst.styles.add()
extra.image, extra.weight = bpy.data.images.load(arguments[1]), 0.25  # unpacked: the file is read
bpy.data.objects["Cube"].name = "Old Man's"
for keep in (True, False):
    region = scene.nst_regions.entries.add()
    region.object, region.keep, region.style_path = bpy.data.objects["Old Man's"], keep, arguments[1]
from blender_nst.ui.farm.flamenco import job_settings
finish([farm.options, job_settings(scene), farm.styles])
""")
    assert styles == f"{style_picture};{style_picture}"
    words = shlex.split(options)
    assert words == [
        *("--seed=7", "--style-layers=relu1_1,relu2_1", "--style-weights", "1,0.25"),
        *("--keep", "object:Old Man's", "--region", f"object:Old Man's={style_picture}"),
    ]
    assert (settings["steps"], settings["follow_light"], settings["motion"]) == (12, False, "dis")
    assert settings["frames"] == "1-3"
    assert not {"movie", "contact_sheet", "seed"} & settings.keys()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("scene.nst.styles.clear()", "no style picture"),
        ("scene.frame_step = 2", "frame step"),
        ("scene.camera = None", "no camera"),
        ("scene.render.use_multiview = True", "several views"),
        ("farm.output_root = ''", "farm folder is chosen"),
        ("region('COLLECTION').collection = scene.collection.children[0]", "several objects"),
        ("region('OBJECT')", "no object is picked"),
        ("farm.engine = 'OPENJD'; os.environ['BLENDER_NST_PYTHON'] = '/nowhere/python'", "/nowhere/python"),
        ("scene.nst.styles[0].image = bpy.data.images.new('Painted', 8, 8)", "save the image to a file"),
        ("region('OBJECT', image=bpy.data.images.new('Painted', 8, 8))", "save the image to a file"),
        ("scene.nst.keyframe_insert('strength', frame=1)", "Strength: animated"),
        ("scene.nst.driver_add('paint')", "Paint: animated"),
        ("bpy.ops.wm.read_homefile(use_factory_startup=True)", "not saved"),
    ],
)
def test_what_is_in_the_way_is_said(in_scene: Any, change: str, words: str) -> None:
    told = in_scene(f"""
def region(kind, image=None):
    added = scene.nst_regions.entries.add()
    added.kind, added.keep = kind, image is None
    if image is not None:
        added.object, added.style_image = bpy.data.objects["Cube"], image
    return added
{change}
try:
    bpy.ops.nst.submit_to_farm()
except RuntimeError as error:
    finish(str(error))
finish("submitted")
""")
    assert words in told


def test_the_bundle_of_openjd_is_written_by_the_engine(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    copy = blender.folder / "film.blend"
    copy.write_bytes(blend_file.read_bytes())
    script = (
        _BEGIN
        + """
farm.engine, farm.in_order, farm.chunk_size, scene.nst.steps, scene.nst.seed = "OPENJD", False, 2, 12, 7
scene.nst.keyframe_insert("strength", frame=1)
bpy.ops.wm.save_mainfile()
finish([list(bpy.ops.nst.submit_to_farm()), farm.engine])
"""
    )
    # A chunk of a .blend needs the file as it is on disk.
    result = blender.run(script, str(copy), str(style_picture)).result
    assert result == [["FINISHED"], "OPENJD"]
    folder = blender.folder / "farm" / "job"
    template = json.loads((folder / "template.json").read_text())
    parameters = {each["name"]: each for each in template["parameterDefinitions"]}
    assert (parameters["Frames"]["default"], parameters["ChunkSize"]["default"]) == ("1-3", 2)
    assert (parameters["Steps"]["default"], parameters["LeadIn"]["default"]) == (12, "4")
    assert "Strength" not in parameters, "it is animated: each frame has the value of the .blend"
    arguments = template["steps"][0]["script"]["actions"]["onRun"]["args"]
    assert {"--seed", "7"} <= set(arguments)
    values = {
        each["name"]: each["value"]
        for each in json.loads((folder / "parameter_values.json").read_text())["parameterValues"]
    }
    assert values["Input"] == str(copy)
    assert values["Out"] == str(blender.folder / "farm" / "film")
    assert values["Style1"] == str(style_picture)
