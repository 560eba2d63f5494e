"""The compositor node: what it shows with and without styled frames, and in files of other versions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blender_nst.cli.blenders import private_install
from blender_nst.cli.blenders.runtime import BlenderRuntime, RuntimeKind
from tests.blender_nst.blender_in_tests import BlenderInTests
from video.images.exr import write_exr

pytestmark = pytest.mark.across_versions

COLOR = (176, 120, 84)
RELEASES = ["4.2", "4.5", "5.0"]

_SCENE = """
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.samples, scene.cycles.device, scene.cycles.use_denoising = 1, "CPU", False
scene.render.resolution_x, scene.render.resolution_y = 24, 16
scene.render.dither_intensity = 0.0
scene.frame_start, scene.frame_end = 1, 3
if hasattr(scene.render, "compositor_device"):
    scene.render.compositor_device = "CPU"
folder = Path(arguments[0])

def render(name):
    scene.render.filepath = str(folder / name) + "_"
    bpy.ops.render.render(animation=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which frame 2 alone is styled, in one color."""
    (tmp_path / "out" / "styled").mkdir(parents=True)
    Image.new("RGB", (24, 16), COLOR).save(tmp_path / "out" / "styled" / "styled_0002.png")
    return tmp_path


def frame(folder: Path, name: str, number: int) -> np.ndarray:
    return np.asarray(Image.open(folder / f"{name}_{number:04d}.png").convert("RGB")).astype(int)


def test_styled_frames_show_and_where_there_is_none_the_render_does(
    blender: BlenderInTests, folder: Path
) -> None:
    run = blender.run(
        "load().register()"
        + _SCENE
        + """
scene.nst.output_path = str(folder / "out")
from blender_nst.compositing.node import add_to_compositor
render("plain")
node = add_to_compositor(scene)
again = add_to_compositor(scene)
for view in ("Standard", "Filmic", "AgX"):
    scene.view_settings.view_transform = view
    render(view)
node.inputs["Factor"].default_value = 0.0
render("off")
finish([node.name, again])
""",
        str(folder),
    )
    assert run.result == ["Neural Style", None]
    for view, tolerance in (("Standard", 0), ("Filmic", 1), ("AgX", 2)):
        assert np.abs(frame(folder, view, 2) - COLOR).max() <= tolerance, view
    for number in (1, 3):
        rendered = frame(folder, "plain", number)
        assert rendered.any(), "not black"
        np.testing.assert_array_equal(frame(folder, "AgX", number), rendered)
        assert np.abs(frame(folder, "Standard", number) - COLOR).max() > 8
    np.testing.assert_array_equal(frame(folder, "off", 2), frame(folder, "plain", 2))


def test_styled_exrs_show_as_what_they_are(blender: BlenderInTests, folder: Path) -> None:
    light = np.zeros((16, 24, 4), np.float32)
    light[..., :] = 0.35, 0.12, 0.06, 0.5  # premultiplied: over black it is this light
    light[:, 12:] = 0.9, 0.3, 0.05, 1.0
    write_exr(folder / "out" / "styled" / "styled_0002.exr", light)
    run = blender.run(
        "load().register()"
        + _SCENE
        + """
nst = scene.nst
nst.output_path, nst.output_format = str(folder / "out"), "EXR"
from blender_nst.compositing.node import add_to_compositor
render("plain")
node = add_to_compositor(scene)
scene.render.image_settings.color_mode = "RGB"
exr = bpy.data.images.load(str(folder / "out/styled/styled_0002.exr"))
for view in ("Standard", "AgX"):
    scene.view_settings.view_transform = view
    render(view)
    exr.save_render(str(folder / f"{view}_wanted_0002.png"), scene=scene)
finish()
""",
        str(folder),
    )
    assert run.result is None
    for view in ("Standard", "AgX"):
        shown, wanted = frame(folder, view, 2), frame(folder, f"{view}_wanted", 2)
        assert np.abs(shown - wanted).max() <= 1, view
        np.testing.assert_array_equal(frame(folder, "AgX", 1), frame(folder, "plain", 1))


def test_a_stylized_render_does_not_see_frames_that_were_styled_before(
    blender: BlenderInTests, folder: Path, style_picture: Path
) -> None:
    run = blender.run(
        "load().register()"
        + _SCENE
        + """
nst = scene.nst
nst.output_path = str(folder / "out")
from blender_nst.properties.styles import add_style
add_style(nst, arguments[1])
nst.steps, nst.coarsest_size, nst.device, nst.warm_steps = 1, 64, "CPU", 1
from blender_nst.compositing.node import add_to_compositor
from blender_nst.handlers import current_session
render("plain")
node = add_to_compositor(scene)
nst.enabled = True
render("own")
finish({"mute": node.mute, "done": current_session().engine_state.done})
""",
        str(folder),
        str(style_picture),
    )
    assert run.result == {"mute": False, "done": [1, 2, 3]}, run.output[-2000:]
    for number in (1, 2, 3):
        content = np.asarray(Image.open(folder / "out" / "content" / f"content_{number:04d}.png"))
        np.testing.assert_array_equal(content[..., :3], frame(folder, "plain", number))
        assert content[..., 3].min() == 255


def test_a_file_shows_its_styled_frames_without_the_extension(blender: BlenderInTests, folder: Path) -> None:
    save(blender, folder, "load().register()")
    assert_shown_without_the_extension(blender, folder)


@pytest.mark.parametrize("release", RELEASES)
def test_a_file_of_an_older_blender_shows_its_styled_frames(
    blender: BlenderInTests, folder: Path, release: str
) -> None:
    if tuple(map(int, release.split("."))) >= blender.runtime.version[:2]:
        pytest.skip(f"{blender.runtime.label} is not newer than {release}")
    older = private_install.find_installed(release=release)
    if older is None:
        pytest.skip(f"Blender {release} is not installed: blender-nst blender install --version {release}")
    runtime = BlenderRuntime(older.python, RuntimeKind.MODULE, older.version)
    save(BlenderInTests(runtime, blender.folder), folder, "load().register()")
    assert_shown_without_the_extension(blender, folder)


def save(blender: BlenderInTests, folder: Path, begin: str) -> None:
    """A .blend with the node, its paths relative to it."""
    blender.run(
        begin
        + _SCENE
        + """
bpy.ops.wm.save_as_mainfile(filepath=str(folder / "shot.blend"))
scene.nst.output_path = "//out"
bpy.ops.nst.add_to_compositor()
bpy.ops.wm.save_as_mainfile(filepath=str(folder / "shot.blend"))
finish()
""",
        str(folder),
    )


def assert_shown_without_the_extension(blender: BlenderInTests, folder: Path) -> None:
    run = blender.run(
        'bpy.ops.wm.open_mainfile(filepath=arguments[0] + "/shot.blend")\n'
        + _SCENE
        + 'render("reopened")\nfinish(hasattr(scene, "nst"))\n',
        str(folder),
    )
    assert run.result is False
    assert np.abs(frame(folder, "reopened", 2) - COLOR).max() <= 2
    for number in (1, 3):
        assert frame(folder, "reopened", number).any()
        assert np.abs(frame(folder, "reopened", number) - COLOR).max() > 8


def test_a_tree_of_the_users_keeps_what_it_does(blender: BlenderInTests, folder: Path) -> None:
    run = blender.run(
        "load().register()"
        + _SCENE
        + """
scene.nst.output_path = str(folder / "out")
from blender_nst.compat.compositor_trees import make_tree, output_node, tree_of
tree, output = make_tree(scene)
blur = tree.nodes.new("CompositorNodeExposure")
tree.links.new(output.inputs[0].links[0].from_socket, blur.inputs[0])
tree.links.new(blur.outputs[0], output.inputs[0])
result = bpy.ops.nst.add_to_compositor()
before = output.inputs[0].links[0].from_node
once_more = bpy.ops.nst.add_to_compositor()
finish({
    "results": [list(result), list(once_more)],
    "group": before.node_tree.name,
    "from": before.inputs["Image"].links[0].from_node.name == blur.name,
    "menu": bpy.ops.nst.add_compositor_node.poll(),
    "groups": [each.name for each in bpy.data.node_groups if each.get("blender_nst_styled")],
})
""",
        str(folder),
    )
    assert run.result == {
        "results": [["FINISHED"], ["CANCELLED"]],
        "group": "Neural Style",
        "from": True,
        "menu": False,
        "groups": ["Neural Style"],
    }
