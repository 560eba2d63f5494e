"""The second pass: the user's compositor tree over styled frames, against colors that are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blender_nst.headless.job import RenderJob
from tests.blender_nst.blender_in_tests import TINY_SEQUENCE, BlenderInTests
from video.color.view_transform import ViewTransform
from video.frames.render_passes import BACKGROUND_DEPTH, read_passes
from video.images.exr import write_exr
from video.images.image_files import write_png
from video.images.scene_linear import read_light

MakeJob = Callable[..., RenderJob]
pytestmark = pytest.mark.across_versions

COLOR = (176, 120, 84)
# A tree that halves the light of what is near (in frame 3 it quarters it), and makes the sky green.
_TREE = """
from blender_nst.compat.compositor_trees import make_tree, new_math, new_mix, tree_of

def make_user_tree(scene):
    tree, output = make_tree(scene)
    layers = next(node for node in tree.nodes if node.bl_idname == "CompositorNodeRLayers")
    for layer in scene.view_layers:
        layer.use_pass_z = True
    darker = tree.nodes.new("CompositorNodeExposure")
    for frame, exposure in ((2, -1.0), (3, -2.0)):
        darker.inputs["Exposure"].default_value = exposure
        darker.inputs["Exposure"].keyframe_insert("default_value", frame=frame)
    far = new_math(tree, "GREATER_THAN")
    far.inputs[1].default_value = 1e9
    (factor, near_color, far_color), result = new_mix(tree)
    far_color.default_value = 0.0, 0.5, 0.0, 1.0
    tree.links.new(layers.outputs["Image"], darker.inputs[0])
    tree.links.new(layers.outputs["Depth"], far.inputs[0])
    tree.links.new(far.outputs[0], factor)
    tree.links.new(darker.outputs[0], near_color)
    tree.links.new(result, output.inputs[0])
    return tree
"""
_GRADED = (
    _TREE
    + """
make_user_tree(scene)
scene.view_settings.view_transform, scene.view_settings.exposure = "AgX", 1.5
scene.render.film_transparent = False
"""
)


_ONE_EYE = "scene.render.use_multiview = True\nscene.render.views['left'].use = False\n"


@pytest.mark.parametrize("views", ["", _ONE_EYE], ids=["", "one eye"])
def test_the_command_line_stylizes_first_and_composites_then(
    blender: BlenderInTests, make_job: MakeJob, tmp_path: Path, views: str
) -> None:
    blend = blender.changed(make_job().blend, _GRADED + views + "scene.frame_end = 2")
    saved = blend.read_bytes()
    run = blender.headless(make_job(blend=str(blend), composite=True))
    assert run.code == 0, run.output[-3000:]
    assert [event["frame"] for event in run.of("composited")] == [1, 2]
    assert blend.read_bytes() == saved
    out = tmp_path / "out"
    for number in (1, 2):
        styled = np.asarray(Image.open(out / "styled" / f"styled_{number:04d}.png")) / 255.0
        result = np.asarray(Image.open(out / "composited" / f"composited_{number:04d}.png")) / 255.0
        depth = read_passes(out / "passes" / f"passes_{number:04d}.exr").depth
        assert depth is not None
        expected = encoded(0.5 * decoded(styled))
        expected[depth >= BACKGROUND_DEPTH] = encoded(np.array([0.0, 0.5, 0.0]))
        assert 0.1 < (depth >= BACKGROUND_DEPTH).mean() < 0.95
        np.testing.assert_allclose(result, expected, atol=1.0 / 255.0)
    assert not list((out / "composited").glob(".*"))


def test_exrs_go_through_the_compositor_as_light(
    blender: BlenderInTests, make_job: MakeJob, tmp_path: Path
) -> None:
    blend = blender.changed(make_job().blend, _GRADED + "scene.frame_end = 1")
    sequence = TINY_SEQUENCE | {"output_format": "exr", "movie": False, "contact_sheet": False}
    run = blender.headless(make_job(blend=str(blend), composite=True, sequence_settings=sequence))
    assert run.code == 0, run.output[-3000:]
    out = tmp_path / "out"
    styled, result = (read_light(out / each / f"{each}_0001.exr") for each in ("styled", "composited"))
    depth = read_passes(out / "passes" / "passes_0001.exr").depth
    assert depth is not None
    near = depth < BACKGROUND_DEPTH
    assert 0.05 < near.mean() < 0.9
    np.testing.assert_allclose(
        result.pixels[near][:, :3], 0.5 * styled.pixels[near][:, :3], rtol=2e-3, atol=1e-4
    )
    np.testing.assert_allclose(result.pixels[~near][0, :3], (0.0, 0.5, 0.0), atol=1e-3)
    # A movie of them shows them as the scene does.
    assert isinstance(result.space, ViewTransform)
    assert not list((out / "composited").glob(".*"))


def decoded(values: np.ndarray) -> np.ndarray:
    """Light of sRGB values."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def encoded(light: np.ndarray) -> np.ndarray:
    """sRGB values of light."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1.0 / 2.4) - 0.055)


# Frames 1 and 3 are styled in one color, which is none of the render.
_PREPARE = (
    "load().register()\n"
    + _TREE
    + """
folder = Path(arguments[0])
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.samples, scene.cycles.device, scene.cycles.use_denoising = 1, "CPU", False
scene.render.resolution_x, scene.render.resolution_y = 24, 16
scene.frame_start, scene.frame_end = 1, 3
scene.nst.output_path = str(folder / "out")
cube = bpy.data.objects["Cube"]
cube.scale = 40, 40, 1  # it fills the picture

def counts():
    return {name: len(getattr(bpy.data, name)) for name in
            ("scenes", "images", "node_groups", "objects", "actions", "worlds", "collections", "cameras")}

def capture():
    from blender_nst.capture.frame import capture_frame
    def save(*_):
        capture_frame(scene, folder / "out")
    bpy.app.handlers.render_post.append(save)
    scene.render.filepath = str(folder / "own_")
    bpy.ops.render.render(animation=True)
    bpy.app.handlers.render_post.remove(save)

def composite():
    try:
        return list(bpy.ops.nst.composite())
    except RuntimeError as error:
        return str(error)
"""
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    styled = tmp_path / "out" / "styled"
    styled.mkdir(parents=True)
    for number in (1, 3):
        Image.new("RGB", (24, 16), COLOR).save(styled / f"styled_{number:04d}.png")
    return tmp_path


def composited(folder: Path, number: int) -> np.ndarray:
    """The colors, (H, W, 3) in levels, of an opaque frame; alpha comes with it as with the render's."""
    path = folder / "out" / "composited" / f"composited_{number:04d}.png"
    levels = np.asarray(Image.open(path)).astype(int)
    assert levels.shape[2] == 4
    assert levels[..., 3].min() == 255
    return levels[..., :3]


@pytest.mark.parametrize("view", ["AgX", "Filmic", "Standard"])
def test_a_known_color_comes_out_and_the_users_scene_is_as_before(
    blender: BlenderInTests, folder: Path, view: str
) -> None:
    run = blender.run(
        _PREPARE
        + """
tree = make_user_tree(scene)
scene.view_settings.view_transform = arguments[1]
scene.view_settings.exposure, scene.view_settings.gamma = 0.7, 1.3
extra = tree.nodes.new("CompositorNodeOutputFile")
if hasattr(extra, "base_path"):
    extra.base_path = str(folder / "extra")
else:
    extra.directory = str(folder / "extra")
    extra.file_output_items.new("RGBA", "Image")
layers = next(node for node in tree.nodes if node.bl_idname == "CompositorNodeRLayers")
tree.links.new(layers.outputs["Image"], extra.inputs[0])
bpy.ops.nst.add_to_compositor()
capture()
def state():
    return {
        "counts": counts(),
        "nodes": sorted([node.name, node.mute] for node in tree.nodes),
        "links": len(tree.links),
        "view": [scene.view_settings.view_transform, round(scene.view_settings.exposure, 3)],
        "render": [scene.render.filepath, scene.render.resolution_x, scene.render.image_settings.color_mode],
        "frame": scene.frame_current,
        "styled": [image.colorspace_settings.name for image in bpy.data.images if image.source == "SEQUENCE"],
    }
for path in folder.glob("extra/*"):
    path.unlink()
before = state()
result = composite()
finish({"result": result, "before": before, "after": state()})
""",
        str(folder),
        view,
    )
    assert run.result["result"] == ["FINISHED"], run.output[-2000:]
    assert run.result["after"] == run.result["before"]
    assert "2 frames composited" in run.output
    assert "1 frames are not styled" in run.output
    assert not list(folder.glob("extra/*")), "the user's other files are left alone"
    for number, share in ((1, 0.5), (3, 0.25)):
        expected = 255.0 * encoded(share * decoded(np.array(COLOR) / 255.0))
        assert np.abs(composited(folder, number) - expected).max() <= 1.0
    assert not (folder / "out" / "composited" / "composited_0002.png").exists()


LIGHT = (0.9, 2.5, 0.05)


def test_styled_frames_of_every_format_whatever_the_view(blender: BlenderInTests, folder: Path) -> None:
    """Light of an EXR is halved as such, display values of a PNG as what they show."""
    fine = np.array([30000.0, 11111.0, 60001.0]) / 65535.0
    for number in (1, 3):
        for kind in ("EXR", "PNG16"):
            (folder / kind / "styled").mkdir(parents=True, exist_ok=True)
        write_exr(folder / f"EXR/styled/styled_{number:04d}.exr", np.full((16, 24, 3), LIGHT, np.float32))
        write_png(folder / f"PNG16/styled/styled_{number:04d}.png", np.full((16, 24, 3), fine), 16)
    run = blender.run(
        _PREPARE
        + """
make_user_tree(scene)
capture()
def light_of(path):
    image = bpy.data.images.load(str(path))
    # Of the file, not of the color space that Blender computes in, which is the same here.
    image.colorspace_settings.name = "Non-Color"
    values = list(image.pixels[:3])
    bpy.data.images.remove(image)
    return values
seen = []
for kind, suffix in (("EXR", ".exr"), ("PNG16", ".png")):
    # A file that has forgotten the format finds the frames too.
    for view, scene.nst.output_format in (("AgX", kind), ("Filmic", kind), ("Standard", "PNG")):
        out = folder / kind
        if not (out / "passes").exists():
            (folder / "out/passes").rename(out / "passes")
        scene.nst.output_path = str(out)
        scene.view_settings.view_transform = view
        composite()
        results = [out / f"composited/composited_{number:04d}{suffix}" for number in (1, 3)]
        seen.append([kind, view, [light_of(path) for path in results]])
        for path in results:
            path.unlink()
    (folder / kind / "passes").rename(folder / "out/passes")
finish(seen)
""",
        str(folder),
    )
    assert len(run.result) == 6
    for kind, view, frames in run.result:
        for share, found in zip((0.5, 0.25), frames, strict=True):
            if kind == "EXR":
                expected, tolerance = share * np.array(LIGHT), 2e-3
            else:
                expected, tolerance = encoded(share * decoded(fine)), 2.0 / 65535.0
            np.testing.assert_allclose(
                found, expected, rtol=tolerance, atol=tolerance, err_msg=f"{kind} {view}"
            )


def test_mattes_groups_and_other_passes_come_from_the_captured_files(
    blender: BlenderInTests, folder: Path
) -> None:
    """The cube's matte, in a group where Blender allows that, makes the cube black and leaves the rest."""
    run = blender.run(
        _PREPARE
        + """
from blender_nst.compat.compositor_trees import TREES_ARE_GROUPS
cube.scale = 1, 1, 1
scene.view_layers[0].use_pass_cryptomatte_object = True
tree, output = make_tree(scene)
inner = tree
if TREES_ARE_GROUPS:
    inner = bpy.data.node_groups.new("Inner", "CompositorNodeTree")
    inner.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
    node = tree.nodes.new("CompositorNodeGroup")
    node.node_tree = inner
    tree.links.new(node.outputs[0], output.inputs[0])
    output = inner.nodes.new("NodeGroupOutput")
layers = inner.nodes.new("CompositorNodeRLayers")
matte = inner.nodes.new("CompositorNodeCryptomatteV2")
matte.source, matte.scene = "RENDER", scene
matte.layer_name = "ViewLayer.CryptoObject"
matte.matte_id = "Cube"
(factor, first, second), result = new_mix(inner)
second.default_value = 0.0, 0.0, 0.0, 1.0
inner.links.new(matte.outputs["Matte"], factor)
inner.links.new(layers.outputs["Image"], first)
inner.links.new(result, output.inputs[0])
capture()
before = counts()
finish([composite(), before == counts(), matte.source])
""",
        str(folder),
    )
    assert run.result == [["FINISHED"], True, "RENDER"], run.output[-2000:]
    result = composited(folder, 1)
    assert np.abs(result[0, 0] - COLOR).max() <= 1
    assert result[8, 12].max() <= 1


def test_what_is_missing_is_told_in_one_line_and_nothing_stays_behind(
    blender: BlenderInTests, folder: Path
) -> None:
    run = blender.run(
        _PREPARE
        + """
said = {"tree": bpy.ops.nst.composite.poll()}
tree = make_user_tree(scene)
before = counts()
said["passes"] = composite()
scene.nst.output_path = str(folder / "elsewhere")
said["styled"] = composite()
scene.nst.output_path = "//out"
said["unsaved"] = composite()
scene.nst.output_path = str(folder / "out")
capture()
layers = next(node for node in tree.nodes if node.bl_idname == "CompositorNodeRLayers")
scene.view_layers[0].use_pass_mist = True
output = next(node for node in tree.nodes if node.bl_idname in ("CompositorNodeComposite", "NodeGroupOutput"))
tree.links.new(layers.outputs["Mist"], output.inputs[0])
said["mist"] = composite()
tree.links.remove(output.inputs[0].links[0])
said["unlinked"] = composite()
said["same"] = before == counts()
finish(said)
""",
        str(folder),
    )
    said = run.result
    assert said["tree"] is False
    assert "passes_0001.exr: is not there" in said["passes"]
    assert "there are no styled frames" in said["styled"]
    assert "not saved" in said["unsaved"]
    assert "the pass Mist" in said["mist"]
    assert "switch it on and render again" in said["mist"]
    assert "nothing is linked" in said["unlinked"]
    assert said["same"]
    assert "Traceback" not in run.output


def test_stylized_before_the_compositor(blender: BlenderInTests, folder: Path, style_picture: Path) -> None:
    """With the switch on, what is captured is the render as the compositor gets it."""
    run = blender.run(
        _PREPARE
        + """
nst = scene.nst
nst.output_path = str(folder / "new")
from blender_nst.properties.styles import add_style
add_style(nst, arguments[1])
nst.steps, nst.coarsest_size, nst.device, nst.warm_steps = 1, 64, "CPU", 1
nst.enabled = True
make_user_tree(scene)
scene.frame_end = 1
scene.nst_compositing.before = True
scene.render.filepath = str(folder / "before_")
bpy.ops.render.render(animation=True)
from blender_nst.handlers import current_session
from blender_nst.compositing.second_pass import is_composited_already
done = current_session().engine_state.done
said = [is_composited_already(folder / "new", 1)]
(folder / "new/content/content_0001.png").replace(folder / "before_content.png")
on_again = scene.render.use_compositing
nst.enabled = False
scene.render.filepath = str(folder / "composited_")
bpy.ops.render.render(animation=True)
nst.enabled, scene.nst_compositing.before = True, False
bpy.ops.render.render(animation=True)
said.append(is_composited_already(folder / "new", 1))
composite()
nst.enabled = False
scene.render.use_compositing = False
scene.render.filepath = str(folder / "plain_")
bpy.ops.render.render(animation=True)
finish([done, on_again, said])
""",
        str(folder),
        str(style_picture),
    )
    assert run.result == [[1], True, [False, True]], run.output[-2000:]
    assert "have its effects twice" in run.output

    def read(path: Path) -> np.ndarray:
        return np.asarray(Image.open(path).convert("RGB")).astype(int)

    content, plain = read(folder / "before_content.png"), read(folder / "plain_0001.png")
    # Dithering differs by a level.
    assert np.abs(content - plain).max() <= 1
    assert np.abs(content - read(folder / "composited_0001.png")).max() > 5


def test_a_scene_without_a_tree_is_told_before_it_is_rendered(
    blender: BlenderInTests, make_job: MakeJob
) -> None:
    run = blender.headless(make_job(composite=True))
    assert run.code == 2
    assert [event["event"] for event in run.events] == ["failed"]
    assert "has no compositor nodes to run" in run.events[0]["error"]
