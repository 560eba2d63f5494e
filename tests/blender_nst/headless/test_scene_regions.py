"""Regions by object, collection and material, from real renders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blender_nst.cli.blenders.runtime import BlenderRuntime
from blender_nst.headless.job import RenderJob
from tests.blender_nst.blender_in_tests import TINY_STYLE, BlenderInTests, HeadlessRun
from video.frames.cryptomatte import MatteKind, Mattes, identifier, read_mattes

MakeJob = Callable[..., RenderJob]
pytestmark = pytest.mark.across_versions

# Two squares that shine, seen from straight above through transparent film: 96 x 64 px are 9.6 x 6.4 units.
# The left one covers whole pixels, the right one ends in the middle of a pixel and is turned a little.
_SCENE = """
scene = bpy.context.scene
bpy.data.batch_remove([each for each in bpy.data.objects if each.type != "CAMERA"])
scene.render.engine = "CYCLES"
scene.cycles.samples, scene.cycles.device, scene.cycles.use_denoising = 16, "CPU", False
scene.cycles.pixel_filter_type, scene.cycles.filter_width = "BOX", 1.0
scene.render.resolution_x, scene.render.resolution_y = 96, 64
scene.render.film_transparent = True
scene.view_settings.view_transform = "Standard"
scene.frame_start, scene.frame_end = 1, 2
camera = scene.camera
camera.location, camera.rotation_euler = (0, 0, 5), (0, 0, 0)
camera.data.type, camera.data.ortho_scale = "ORTHO", 9.6

def square(name, center, size, turn, color):
    material = bpy.data.materials.new(f"{name} paint")
    if bpy.app.version < (5, 0):
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    emission = nodes.new("ShaderNodeEmission")
    emission.inputs["Color"].default_value = color
    links.new(emission.outputs[0], nodes["Material Output"].inputs[0])
    bpy.ops.mesh.primitive_plane_add(size=size, location=center, rotation=(0, 0, turn))
    bpy.context.object.name = name
    bpy.context.object.data.materials.append(material)
    return bpy.context.object

left = square("Left", (-2, 0, 0), 2.0, 0.0, (0.8, 0.3, 0.1, 1))
right = square("Right", (2.03, 0.03, 0), 2.0, 0.1, (0.1, 0.4, 0.8, 1))
trees = bpy.data.collections.new("Trees")
scene.collection.children.link(trees)
trees.objects.link(right)
load().register()
bpy.ops.wm.save_as_mainfile(filepath=arguments[0])
finish()
"""


@dataclass(frozen=True)
class Regions:
    """A run in which the left square is kept and the right one has a style of its own."""

    run: HeadlessRun
    out: Path

    def picture(self, kind: str) -> np.ndarray:
        return np.asarray(Image.open(self.out / kind / f"{kind}_0001.png")).astype(int)

    def mattes(self, kind: MatteKind = MatteKind.OBJECT) -> Mattes:
        return read_mattes(self.out / "passes" / "passes_0001.exr", kind)


@pytest.fixture(scope="module")
def squares(blender_runtime: BlenderRuntime, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("squares")
    BlenderInTests(blender_runtime, folder).run(_SCENE, str(folder / "squares.blend"))
    return folder / "squares.blend"


@pytest.fixture(scope="module")
def regions(
    blender_runtime: BlenderRuntime,
    squares: Path,
    style_picture: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Regions:
    folder = tmp_path_factory.mktemp("regions")
    blender = BlenderInTests(blender_runtime, folder)
    job = RenderJob(
        blend=str(squares),
        output=str(folder / "out"),
        styles=[],
        engine_python=blender.environment()["BLENDER_NST_PYTHON"],
        engine_path=blender.environment()["BLENDER_NST_ENGINE_PATH"],
        style_settings=TINY_STYLE,
        sequence_settings={"warm_steps": 1, "movie": False},
        regions=[
            {"kind": "object", "name": "Left", "style": None},
            {"kind": "collection", "name": "Trees", "style": str(style_picture)},
            {"kind": "material", "name": "Right paint", "style": None},
        ],
    )
    run = blender.headless(job)
    assert run.code == 0, run.output[-3000:]
    return Regions(run, folder / "out")


def test_a_mask_is_where_the_object_is(regions: Regions) -> None:
    expected = np.zeros((64, 96), np.float32)
    expected[22:42, 18:38] = 1.0
    np.testing.assert_array_equal(regions.mattes().coverage(["Left"]), expected)


def test_masks_are_as_soft_as_the_picture(regions: Regions) -> None:
    mattes = regions.mattes()
    right, both = mattes.coverage(["Right"]), mattes.coverage(["Left", "Right"])
    alpha = regions.picture("content")[..., 3] / 255.0
    np.testing.assert_allclose(both, alpha, atol=0.6 / 255.0)
    assert np.count_nonzero((right > 0.05) & (right < 0.95)) > 60, "a turned edge is antialiased"
    # Two units square, at ten pixels a unit.
    assert right.sum() == pytest.approx(400.0, rel=0.01)
    np.testing.assert_allclose(right, regions.mattes(MatteKind.MATERIAL).coverage(["Right paint"]), atol=1e-6)


def test_blenders_manifest_has_the_same_identifiers(regions: Regions) -> None:
    manifest = regions.mattes().manifest
    assert {"Left", "Right"} <= manifest.keys()
    assert all(identity == identifier(name) for name, identity in manifest.items())


def test_what_is_left_as_rendered_is_so_to_the_last_bit(regions: Regions) -> None:
    content, styled = regions.picture("content"), regions.picture("styled")
    mattes = regions.mattes()
    kept = mattes.coverage(["Left"]) == 1.0
    assert np.count_nonzero(kept) == 400
    np.testing.assert_array_equal(styled[kept], content[kept])
    painted = mattes.coverage(["Right"]) == 1.0
    assert np.abs(styled - content)[painted].max() > 0
    np.testing.assert_array_equal(styled[..., 3], content[..., 3])


def test_passes_are_on_for_the_render_alone(
    blender: BlenderInTests, squares: Path, style_picture: Path
) -> None:
    run = blender.run(
        """
        load().register()
        bpy.ops.wm.open_mainfile(filepath=arguments[0])
        scene = bpy.context.scene
        layer, nst = scene.view_layers[0], scene.nst
        nst.enabled, nst.output_path = True, arguments[2]
        from blender_nst.properties.styles import add_style
        add_style(nst, arguments[1])
        nst.steps, nst.coarsest_size, nst.device, nst.warm_steps = 1, 64, "CPU", 1
        scene.render.filepath = str(Path(arguments[2]) / "own_")
        scene.frame_end = 1
        region = scene.nst_regions.entries.add()
        region.object, region.style_path = bpy.data.objects["Left"], arguments[1]
        def passes():
            return {name: getattr(layer, name) for name in dir(layer) if name.startswith("use_pass_")}
        before = passes()
        # It is found by pointer, whatever it is called by now.
        bpy.data.objects["Left"].name = 'Left "one"'
        bpy.ops.render.render(animation=True)
        from blender_nst.handlers import current_session
        finish({"before": before, "after": passes(), "done": current_session().engine_state.done})
        """,
        str(squares),
        str(style_picture),
        str(blender.folder / "out"),
    )
    assert run.result["done"] == [1], run.output[-3000:]
    assert run.result["after"] == run.result["before"]
    mattes = read_mattes(blender.folder / "out" / "passes" / "passes_0001.exr", MatteKind.OBJECT)
    assert mattes.coverage(['Left "one"']).sum() == 400.0


def test_regions_lie_in_any_view_layer_of_any_scene(
    blender: BlenderInTests, squares: Path, style_picture: Path
) -> None:
    """The left square is in the first layer, the right one in another; a layer that is not used has both."""
    folder = blender.folder
    run = blender.run(
        """
        load().register()
        bpy.ops.wm.open_mainfile(filepath=arguments[0])
        from blender_nst.compat.compositor_trees import make_tree
        from blender_nst.handlers import current_session
        from blender_nst.properties.regions import set_regions
        from blender_nst.properties.styles import add_style
        first = bpy.context.scene
        trees = bpy.data.collections["Trees"]
        left = bpy.data.collections.new("Lefts")
        first.collection.children.link(left)
        for square in (bpy.data.objects["Left"], bpy.data.objects["Right"]):
            for collection in square.users_collection:
                collection.objects.unlink(square)
        left.objects.link(bpy.data.objects["Left"])
        trees.objects.link(bpy.data.objects["Right"])
        second_layer, unused = first.view_layers.new("Second"), first.view_layers.new("Unused")
        unused.use = False
        first.view_layers[0].layer_collection.children["Trees"].exclude = True
        second_layer.layer_collection.children["Lefts"].exclude = True
        tree, output = make_tree(first)
        layers = next(node for node in tree.nodes if node.bl_idname == "CompositorNodeRLayers")
        other = tree.nodes.new("CompositorNodeRLayers")
        other.layer = "Second"
        over = tree.nodes.new("CompositorNodeAlphaOver")
        pictures = [each for each in over.inputs if each.type == "RGBA"]
        tree.links.new(layers.outputs["Image"], pictures[0])
        tree.links.new(other.outputs["Image"], pictures[1])
        tree.links.new(over.outputs[0], output.inputs[0])
        # The other scene sees the same squares in one layer, and keeps the other of them.
        second = first.copy()
        second.name = "Second scene"
        for layer in list(second.view_layers)[1:]:
            second.view_layers.remove(layer)
        for child in second.view_layers[0].layer_collection.children:
            child.exclude = False
        second.render.use_compositing = False
        seen = {}
        for scene, kept in ((first, "Right"), (second, "Left")):
            nst = scene.nst
            nst.enabled, nst.output_path = True, str(Path(arguments[2]) / scene.name)
            nst.styles.clear()
            add_style(nst, arguments[1])
            nst.steps, nst.coarsest_size, nst.device, nst.warm_steps = 2, 64, "CPU", 1
            nst.movie = nst.contact_sheet = False
            scene.render.filepath = str(Path(arguments[2]) / "own_")
            scene.frame_end = 1
            set_regions(scene, [{"kind": "object", "name": kept, "style": None}])
        for scene in (first, second):
            bpy.ops.render.render(animation=True, scene=scene.name)
            session = current_session()
            seen[scene.name] = [session.engine_state.done, session.error,
                                [layer.use_pass_cryptomatte_object for layer in scene.view_layers]]
        finish(seen)
        """,
        str(squares),
        str(style_picture),
        str(folder),
    )
    assert run.result == {
        "Scene": [[1], None, [False, False, False]],
        "Second scene": [[1], None, [False]],
    }, run.output[-3000:]
    for scene, kept, painted in (("Scene", "Right", "Left"), ("Second scene", "Left", "Right")):
        out = folder / scene
        mattes = read_mattes(out / "passes" / "passes_0001.exr", MatteKind.OBJECT)
        content, styled = (
            np.asarray(Image.open(out / kind / f"{kind}_0001.png")).astype(int)
            for kind in ("content", "styled")
        )
        assert len(mattes.ranks) == (2 if scene == "Scene" else 1)
        inside, outside = (mattes.coverage([name]) == 1.0 for name in (kept, painted))
        assert min(np.count_nonzero(inside), np.count_nonzero(outside)) > 300
        np.testing.assert_array_equal(styled[inside], content[inside])
        assert np.abs(styled - content)[outside].max() > 5


def test_regions_that_cannot_be_used_are_told_in_one_line(
    blender: BlenderInTests, squares: Path, style_picture: Path
) -> None:
    run = blender.run(
        """
        load().register()
        bpy.ops.wm.open_mainfile(filepath=arguments[0])
        scene = bpy.context.scene
        nst = scene.nst
        nst.enabled, nst.output_path = True, arguments[2]
        from blender_nst.properties.styles import add_style
        add_style(nst, arguments[1])
        scene.render.filepath = str(Path(arguments[2]) / "own_")
        scene.frame_end, scene.render.resolution_percentage = 1, 10
        region = scene.nst_regions.entries.add()
        bpy.ops.render.render(animation=True)
        region.kind, region.collection = "COLLECTION", bpy.data.collections["Trees"]
        bpy.ops.render.render(animation=True)
        region.style_path = "/nowhere/drawing.png"
        bpy.ops.render.render(animation=True)
        # What is gone is no longer picked.
        bpy.data.collections.remove(bpy.data.collections["Trees"])
        bpy.ops.render.render(animation=True)
        finish()
        """,
        str(squares),
        str(style_picture),
        str(blender.folder / "out"),
    )
    lines = [line for line in run.output.splitlines() if line.startswith("Blender NST: ")]
    expected = (
        "Region 1: no object is picked",
        "Region 1, Trees: no style is chosen",
        "/nowhere/drawing.png: the style picture is not there",
        "Region 1: no collection is picked",
    )
    assert len(lines) == len(expected), run.output[-3000:]
    for line, text in zip(lines, expected, strict=True):
        assert line.startswith("Blender NST: not stylized: ")
        assert text in line
    assert "Traceback" not in run.output


def test_a_collection_is_all_that_is_rendered_for_it(blender: BlenderInTests, squares: Path) -> None:
    run = blender.run(
        """
        load().register()
        bpy.ops.wm.open_mainfile(filepath=arguments[0])
        scene = bpy.context.scene
        inner, outer = bpy.data.collections.new("Inner"), bpy.data.collections.new("Outer")
        scene.collection.children.link(outer)
        outer.children.link(inner)
        inner.objects.link(bpy.data.objects["Left"])
        empty = bpy.data.objects.new("Empty", None)
        empty.instance_type, empty.instance_collection = "COLLECTION", bpy.data.collections["Trees"]
        outer.objects.link(empty)
        from blender_nst.properties.regions import described_regions, set_regions
        set_regions(scene, [{"kind": "collection", "name": "Outer", "style": None}])
        finish(described_regions(scene))
        """,
        str(squares),
    )
    (region,) = run.result
    assert (region["kind"], region["style"]) == ("object", None)
    assert {"Left", "Right"} <= set(region["names"])


def test_a_part_that_is_not_there_is_told_in_one_line(
    blender: BlenderInTests, make_job: MakeJob, squares: Path
) -> None:
    missing = {"kind": "object", "name": "Lefty", "style": None}
    run = blender.headless(make_job(blend=str(squares), regions=[missing]))
    assert run.code == 2
    assert [event["event"] for event in run.events] == ["failed"]
    assert "there is no object 'Lefty'; there are: Camera, Left, Right" in run.events[0]["error"]
