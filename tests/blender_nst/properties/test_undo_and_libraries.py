"""What Blender does with a file under the extension's hands: undo, linked scenes, library overrides."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.blender_nst.blender_in_tests import BlenderInTests
from video.frames.cryptomatte import MatteKind, read_mattes

pytestmark = pytest.mark.across_versions


def test_every_button_that_changes_the_scene_is_undone_and_redone(
    blender: BlenderInTests, style_picture: Path
) -> None:
    run = blender.run(
        """
        load().register()
        from blender_nst.compat.compositor_trees import tree_of
        from blender_nst.properties.styles import add_style
        ops = bpy.ops.nst
        def state():
            scene = bpy.context.scene
            tree = tree_of(scene)
            return [[each.path for each in scene.nst.styles], scene.nst.steps,
                    [[each.object.name, each.keep] for each in scene.nst_regions.entries],
                    sorted(node.name for node in tree.nodes) if tree else None]
        def by_hand(operator, **options):
            # As a click does it: with a step of undo, where the operator asks for one.
            return operator("EXEC_DEFAULT", True, **options)
        for name in ("a.png", "b.png"):
            add_style(bpy.context.scene.nst, "/" + name)
        bpy.context.scene.nst.steps = 33
        bpy.ops.nst.preset_add(name="Mine")
        (folder,) = bpy.utils.preset_paths("blender_nst")
        bpy.context.scene.nst.steps = 77
        preset = {"filepath": str(Path(folder) / "Mine.py"), "menu_idname": "NST_MT_presets"}
        wrong = []
        for operator, options in (
            (ops.style_add, {"filepath": arguments[0]}),
            (ops.style_move, {"direction": "UP"}),
            (ops.style_remove, {}),
            (ops.region_add, {}),
            (ops.region_add, {}),
            (ops.region_move, {"step": -1}),
            (ops.region_remove, {}),
            (ops.add_to_compositor, {}),
            (bpy.ops.script.execute_preset, preset),
        ):
            if "step" in options:  # of two that are alike nothing would be seen
                bpy.context.scene.nst_regions.entries[1].keep = True
            bpy.ops.ed.undo_push(message="before")
            before = state()
            result = by_hand(operator, **options)
            after = state()
            bpy.ops.ed.undo_push(message="after")  # a script's own: it belongs to what it stands behind
            bpy.ops.ed.undo()
            if state() == after:
                bpy.ops.ed.undo()
            undone = state()
            bpy.ops.ed.redo()
            if state() == before:
                bpy.ops.ed.redo()
            if "FINISHED" not in result or before == after or undone != before or state() != after:
                wrong.append([str(operator), list(result), before, undone, after, state()])
        finish([wrong, state()])
        """,
        str(style_picture),
    )
    wrong, (styles, steps, regions, nodes) = run.result
    assert wrong == []
    assert (styles, steps, regions) == (["/a.png", "/b.png"], 33, [["Cube", False]])
    assert "Neural Style" in nodes


def test_undo_while_frames_are_stylized_and_after_a_second_pass(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    run = blender.run(
        """
        load().register()
        from blender_nst.session import active
        from blender_nst.session.viewing import preview
        from blender_nst.capture.frame import capture_frame
        from blender_nst.compat.compositor_trees import make_tree
        from blender_nst.session.plan import SessionPlan
        bpy.ops.wm.open_mainfile(filepath=arguments[0])
        scene = bpy.context.scene
        nst = scene.nst
        nst.style_path, nst.output_path = arguments[1], arguments[2]
        nst.steps, nst.coarsest_size, nst.device, nst.warm_steps = 3, 64, "CPU", 1
        nst.movie = nst.contact_sheet = False
        make_tree(scene)
        scene.frame_set(1)
        bpy.ops.ed.undo_push(message="one")
        bpy.ops.render.render()
        frame = capture_frame(scene, Path(arguments[2]))
        nst.steps = 4
        bpy.ops.ed.undo_push(message="two")
        session = active.stylize_files(SessionPlan.from_scene(scene, total=1), [frame])
        # The scene that the session began with is another one in memory from here on.
        bpy.ops.ed.undo()
        steps = bpy.context.scene.nst.steps
        while session.state.value != "ended":
            session.drain(0.1, wait=0.2)
            preview.update(session)
        shown = "Neural Style" in bpy.data.images
        bpy.context.scene.frame_end = 1
        bpy.ops.ed.undo_push(message="three")
        composited = sorted(bpy.ops.nst.composite("EXEC_DEFAULT", True))
        bpy.ops.ed.undo_push(message="four")
        bpy.ops.ed.undo()
        bpy.ops.ed.undo()
        finish([steps, session.engine_state.done, session.error, shown, composited, bpy.data.scenes.keys()])
        """,
        str(blend_file),
        str(style_picture),
        str(blender.folder / "out"),
    )
    assert run.result == [3, [1], None, True, ["FINISHED"], ["Scene"]], run.output[-2000:]
    assert (blender.folder / "out" / "composited" / "composited_0001.png").is_file()


def test_a_linked_scene_is_stylized_as_it_is_and_cannot_be_changed(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    """Blender makes no overrides of scenes: a linked one keeps its settings."""
    folder = blender.folder
    (folder / "library").mkdir()
    (folder / "library" / "style.png").write_bytes(style_picture.read_bytes())
    library = folder / "library" / "shot.blend"
    blender.run(
        """
        load().register()
        bpy.ops.wm.open_mainfile(filepath=arguments[0])
        scene = bpy.context.scene
        scene.name = "Shot"
        nst = scene.nst
        nst.enabled, nst.output_path = True, arguments[2]
        nst.steps, nst.coarsest_size, nst.device, nst.warm_steps = 3, 64, "CPU", 1
        nst.movie = nst.contact_sheet = False
        from blender_nst.properties.styles import add_style
        add_style(nst, "//style.png")
        region = scene.nst_regions.entries.add()
        region.object, region.keep = bpy.data.objects["Cube"], True
        scene.frame_end = 1
        scene.render.filepath = arguments[2] + "/own_"
        bpy.ops.wm.save_as_mainfile(filepath=arguments[1])
        finish()
        """,
        str(blend_file),
        str(library),
        str(folder / "out"),
    )
    saved = library.read_bytes()
    run = blender.run(
        """
        load().register()
        from blender_nst.handlers import current_session
        bpy.ops.wm.save_as_mainfile(filepath=arguments[1])
        with bpy.data.libraries.load(arguments[0], link=True) as (source, target):
            target.scenes = ["Shot"]
        scene = bpy.data.scenes["Shot"]
        bpy.context.window.scene = scene
        ops = bpy.ops.nst
        polls = [each.poll() for each in (ops.style_add, ops.style_move, ops.style_remove, ops.region_add,
                                          ops.region_move, ops.region_remove, ops.add_to_compositor)]
        layer = scene.view_layers[0]
        def passes():
            return {name: getattr(layer, name) for name in dir(layer) if name.startswith("use_pass_")}
        before = passes()
        bpy.ops.render.render(animation=True, scene="Shot")
        session = current_session()
        done = session.engine_state.done
        finish([scene.override_create() is None, polls, done, session.error, before == passes()])
        """,
        str(library),
        str(folder / "open.blend"),
    )
    assert run.result == [True, [False] * 7, [1], None, True], run.output[-2000:]
    assert library.read_bytes() == saved
    assert (
        read_mattes(folder / "out/passes/passes_0001.exr", MatteKind.OBJECT).coverage(["Cube"]).sum() > 50.0
    )


def test_a_region_is_an_object_that_overrides_a_linked_one(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    folder = blender.folder
    run = blender.run(
        """
        load().register()
        from blender_nst.handlers import current_session
        from blender_nst.properties.styles import add_style
        scene = bpy.context.scene
        bpy.data.objects.remove(bpy.data.objects["Cube"])
        with bpy.data.libraries.load(arguments[0], link=True) as (source, target):
            target.objects = ["Cube"]
        linked = bpy.data.objects["Cube"]
        scene.collection.objects.link(linked)
        cube = linked.override_create(remap_local_usages=True)
        cube.scale = 1.5, 1.5, 1.5
        scene.render.engine, scene.cycles.samples, scene.cycles.use_denoising = "CYCLES", 1, False
        scene.render.resolution_x, scene.render.resolution_y, scene.frame_end = 48, 32, 1
        nst = scene.nst
        nst.enabled, nst.output_path = True, str(Path(arguments[2]) / "out")
        nst.steps, nst.coarsest_size, nst.device, nst.warm_steps = 3, 64, "CPU", 1
        nst.movie = nst.contact_sheet = False
        add_style(nst, arguments[1])
        region = scene.nst_regions.entries.add()
        region.object, region.keep = cube, True
        bpy.ops.wm.save_as_mainfile(filepath=str(Path(arguments[2]) / "over.blend"))
        bpy.ops.wm.open_mainfile(filepath=str(Path(arguments[2]) / "over.blend"))
        scene = bpy.context.scene
        picked = scene.nst_regions.entries[0].object
        scene.render.filepath = str(Path(arguments[2]) / "own_")
        bpy.ops.render.render(animation=True)
        session = current_session()
        finish([picked.override_library is not None, picked.name, session.engine_state.done, session.error])
        """,
        str(blend_file),
        str(style_picture),
        str(folder),
    )
    assert run.result == [True, "Cube", [1], None], run.output[-2000:]
    assert (
        read_mattes(folder / "out/passes/passes_0001.exr", MatteKind.OBJECT).coverage(["Cube"]).sum() > 50.0
    )
