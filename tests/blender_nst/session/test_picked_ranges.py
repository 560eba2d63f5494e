"""Ranges of frames that are far longer than what there is are refused at once, not looked through."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.blender_nst.blender_in_tests import BlenderInTests


@pytest.mark.across_versions
def test_a_range_that_is_too_long_is_refused_at_once(blender: BlenderInTests, style_picture: Path) -> None:
    run = blender.run(
        """
        load().register()
        from blender_nst.session.frame_sources import SessionError, source_frames
        nst, folder = bpy.context.scene.nst, Path(arguments[1])
        for number in (1, 2, 2_000_000_000):
            (folder / f"own_{number:04d}.png").write_bytes(Path(arguments[0]).read_bytes())
        nst.output_path, nst.source_path, nst.custom_range = str(folder), str(folder / "own_0001.png"), True
        found = []
        def look(source, first, last, step=1):
            nst.source, nst.range_start, nst.range_end, nst.range_step = source, first, last, step
            try:
                found.append([frame.frame for frame in source_frames(bpy.context.scene)])
            except SessionError as error:
                found.append(str(error).rpartition(": ")[2].replace(str(folder), ""))
        look("FILES", -2**31, 2**31 - 1)
        look("FILES", 1, 2**31 - 1)
        look("FILES", 2, 2_000_000_000, 1_999_999_998)
        look("RENDER", 0, 2**31 - 1)
        look("CAPTURED", -2**31, 2**31 - 1)
        finish(found)
        """,
        str(style_picture),
        str(blender.folder),
    )
    first = "frames -2147483648, -2147483647, -2147483646, -2147483645, -2147483644, -2147483643, … missing"
    assert run.result == [
        f"{first}; there are 1 to 2000000000",
        "frames 3, 4, 5, 6, 7, 8, … missing; there are 1 to 2000000000",
        [2, 2_000_000_000],
        "the custom range 0 to 2147483647 has more frames than Blender can render",
        "the custom range -2147483648 to 2147483647 has more frames than Blender can render",
    ]
