"""Blender's session and another run in one output folder: each refused in one line, nothing lost."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from tests.blender_nst.blender_in_tests import BlenderInTests
from tests.blender_nst.held_folder import held_folder
from video.files.output_folder import CONTENT, LOCK

_OPEN = """
load().register()
from blender_nst import handlers
from blender_nst.session import active
active._PATIENCE = 0.3
bpy.ops.wm.open_mainfile(filepath=arguments[0])
folder = Path(arguments[2])
scene = bpy.context.scene
nst = scene.nst
nst.enabled, nst.style_path, nst.output_path = True, arguments[1], str(folder / "out")
nst.steps, nst.coarsest_size, nst.device, nst.warm_steps = 3, 64, "CPU", 1
nst.movie = nst.contact_sheet = False
scene.render.resolution_x, scene.render.resolution_y = 48, 32
scene.render.filepath = str(folder / "own_")
scene.frame_end = 2
locks = []
bpy.app.handlers.render_write.append(
    lambda *_: locks.append([(folder / "out" / name).exists() for name in (".lock", "content/.lock")])
)
if len(arguments) > 3:
    # Under the names that files have while this process writes them.
    for name in ("content/.content_0001.png", "passes/.passes_0001.exr", "passes/.passes_0001.json",
                 "content/.captured.json"):
        path = folder / "out" / name
        path = path.with_suffix(f".{os.getpid()}.tmp{path.suffix}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(arguments[3])
bpy.ops.render.render(animation=True)
session = handlers.current_session()
finish([session and session.engine_state.done, locks])
"""


def run(blender: BlenderInTests, blend: Path, style: Path, *more: str) -> tuple[list[object], list[str]]:
    """The frames that were styled and the locks while each was captured; and what the extension said."""
    done = blender.run(_OPEN, str(blend), str(style), str(blender.folder), *more)
    assert "Traceback" not in done.output
    assert len(list(blender.folder.glob("own_*.png"))) == 2  # the render goes on
    return done.result, [line for line in done.output.splitlines() if line.startswith("Blender NST: ")]


@pytest.mark.parametrize("held", [".", CONTENT], ids=["a run that stylizes", "a render"])
def test_a_render_in_a_folder_that_is_held_is_not_stylized(
    blender: BlenderInTests,
    blend_file: Path,
    style_picture: Path,
    child_environment: dict[str, str],
    held: str,
) -> None:
    out = blender.folder / "out"
    kept = out / CONTENT / "content_0001.png"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"of the other run")
    with held_folder(out / held, child_environment):
        (done, _), lines = run(blender, blend_file, style_picture)
        assert not done
        assert [("another run is at work" in line, str(out) in line) for line in lines] == [(True, True)]
        assert {path.name for path in (out / CONTENT).iterdir()} <= {LOCK, kept.name}
        assert kept.read_bytes() == b"of the other run"
        assert not (out / "styled").exists()


def test_a_render_holds_its_folder_and_writes_through_no_link_under_a_temporary_name(
    blender: BlenderInTests, blend_file: Path, style_picture: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    (result, locks), _ = run(blender, blend_file, style_picture, str(victim))
    assert result == [1, 2]
    assert [captured for _, captured in cast(list[tuple[bool, bool]], locks)] == [True, True]
    assert not list((tmp_path / "out").rglob(LOCK))
    assert not victim.exists()
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_symlink()]
