"""The end of a run: what was made, where, how long it took; and the command of Blender's player."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.blender_nst.blender_in_tests import BlenderInTests
from video.movies.movie import movie_info

_RUN = """
load().register()
import time
from blender_nst import handlers
from blender_nst.session import active, progress
from blender_nst.ui import result_panel
bpy.ops.wm.open_mainfile(filepath=arguments[0])
scene = bpy.context.scene
nst = scene.nst
nst.enabled, nst.style_path, nst.output_path = True, arguments[1], arguments[2]
nst.steps, nst.coarsest_size, nst.device, nst.warm_steps, nst.contact_sheet = 3, 64, "CPU", 1, False
scene.render.filepath = arguments[2] + "/own_"
scene.render.fps, scene.render.fps_base = 24000, 1001.0

def made():
    result = result_panel.last_result()
    return result and {
        "frames": [path.name for path in result.frames], "movie": result.movie and str(result.movie),
        "folder": str(result.folder), "seconds": result.seconds, "text": result.text,
        "command": result_panel.player_command("blender", result),
        "buttons": [bpy.ops.nst.play.poll(), bpy.ops.nst.open_result.poll()],
    }

seen = {"before": [made(), bpy.ops.nst.play.poll()]}
begun = time.monotonic()
bpy.ops.render.render(animation=True)
seen["took"] = time.monotonic() - begun
seen["movie"] = made()
seen["line"] = active.status_line()[0]
"""


@pytest.mark.across_versions
def test_a_movie_and_frames_with_gaps_are_named_with_what_plays_them(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    out = blender.folder / "out"
    run = blender.run(
        _RUN
        + """
nst.movie, nst.restart, scene.frame_step = False, True, 2
bpy.ops.render.render(animation=True)
seen["frames"] = made()
seen["frames"]["numbers"] = [Path(path).exists() for path in seen["frames"]["frames"]]
for path in (Path(arguments[2]) / "styled").iterdir():
    path.unlink()
seen["removed"] = made()
finish(seen)
""",
        str(blend_file),
        str(style_picture),
        str(out),
    )
    seen = run.result
    assert seen["before"] == [None, False]
    movie, frames = seen["movie"], seen["frames"]
    assert movie["frames"] == [f"styled_000{number}.png" for number in (1, 2, 3)]
    assert movie["movie"] == str(out / "styled.mp4")
    assert movie_info(out / "styled.old" / "0001" / "styled.mp4").length == 3, "put aside by the second"
    assert movie["folder"] == str(out)
    assert 0.0 < movie["seconds"] < seen["took"]
    assert re.fullmatch(rf"3 frames stylized, with styled\.mp4, in \d+ (s|min): {out}", movie["text"])
    assert seen["line"] == movie["text"]
    assert movie["command"] == ["blender", "-a", "-f", "23976", "1000.0", str(out / "styled.mp4")]
    assert movie["buttons"] == [True, True]
    assert frames["frames"] == ["styled_0001.png", "styled_0003.png"]
    first = str(out / "styled" / "styled_0001.png")
    assert frames["command"][2:] == ["-f", "23976", "1000.0", "-s", "1", "-e", "2", "-j", "2", first]
    assert seen["removed"] is None, "what is gone is not offered"
