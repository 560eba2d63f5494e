"""Movies stylized from Blender: what can be decoded counts, and times, sound and shape of pixels are kept."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenEXR
import pytest
from PIL import Image

from tests.blender_nst.blender_in_tests import BlenderInTests
from tests.blender_nst.frames_on_disk import run_on_files
from tests.video.made_files.movie_files import LOSSLESS, MovieFile, scene, with_edit_list
from video.movies.movie import movie_length, read_movie_frames

# Frames come back as they went in.
_AS_THEY_ARE = """
nst.steps, nst.strength, nst.movie, nst.local_weight = 1, 0.0, True, 0.0
"""


def run_in(blender: BlenderInTests, script: str, blend: Path, style: Path) -> Any:
    return run_on_files(blender, _AS_THEY_ARE + script, blend, style).result


@pytest.mark.across_versions
def test_what_can_be_decoded_counts(blender: BlenderInTests, blend_file: Path, style_picture: Path) -> None:
    trimmed = MovieFile().write(blender.folder / "trimmed.mp4", [scene(n, 32, 48) for n in range(8)])
    with_edit_list(trimmed, skipped=2, kept=3)
    options = LOSSLESS | {"g": "4", "bf": "0", "x264-params": "repeat-headers=1"}
    whole = MovieFile(options=options).write(
        blender.folder / "whole.ts", [scene(n, 32, 48) for n in range(12)]
    )
    packets = whole.read_bytes()
    (blender.folder / "entered.ts").write_bytes(packets[188 * (len(packets) // 188 // 5) :])
    (blender.folder / "no.mp4").write_bytes(b"no movie " * 50)
    result = run_in(
        blender,
        """
nst.source = "FILES"
def count(name):
    nst.source_path = str(folder / name)
    try:
        return [each.movie_frame for each in frame_sources.source_frames(scene)]
    except Exception as error:
        return f"{type(error).__name__}: {error}"
found = [count("trimmed.mp4"), count("entered.ts"), count("no.mp4")]
nst.custom_range, nst.range_start, nst.range_end = True, 3, 5
finish(found + [count("trimmed.mp4")])
""",
        blend_file,
        style_picture,
    )
    assert result[0] == [1, 2, 3]
    assert result[1] == list(range(1, movie_length(blender.folder / "entered.ts") + 1))
    assert result[2].startswith("SessionError")
    assert "no.mp4: is no movie" in result[2]
    assert "frames 4, 5 missing; there are 1 to 3" in result[3]


def test_times_sound_and_shape_of_pixels_are_kept(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    movie = MovieFile(
        time_base=Fraction(1, 1000), times=[0, 300, 400], rate=6, aspect=Fraction(64, 45), sound="aac"
    )
    source = movie.write(blender.folder / "clip.mkv", [scene(n, 32, 48) for n in range(3)])
    result = run_in(
        blender,
        """
nst.source, nst.source_path = "FILES", str(folder / "clip.mkv")
outcome = attempt(bpy.ops.nst.stylize_frames)
finish([outcome, handlers.current_session().plan.pixel_aspect])
""",
        blend_file,
        style_picture,
    )
    assert result[0] == ["FINISHED"]
    assert result[1] == pytest.approx(64 / 45)
    styled = blender.folder / "out" / "styled.mp4"
    before, after = ([frame.shown.start for frame in read_movie_frames(path)] for path in (source, styled))
    assert [each - after[0] for each in after] == [each - before[0] for each in before]
    with av.open(str(styled)) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(64, 45)
        assert container.streams.audio[0].codec_context.name == "aac"


def test_frames_of_the_scene_have_the_scenes_pixels(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    for number in (1, 2):
        pixels = np.full((32, 48, 3), 40 * number, np.uint8)
        Image.fromarray(pixels).save(blender.folder / f"own_{number:04d}.png")
    result = run_in(
        blender,
        """
scene.render.pixel_aspect_x, scene.render.pixel_aspect_y = 2.0, 1.0
scene.frame_start, scene.frame_end = 1, 2
nst.output_format = "EXR"
finish([attempt(bpy.ops.nst.stylize_frames)])
""",
        blend_file,
        style_picture,
    )
    assert result == [["FINISHED"]]
    with av.open(str(blender.folder / "out" / "styled.mp4")) as container:
        assert container.streams.video[0].sample_aspect_ratio == 2
    header = OpenEXR.File(str(blender.folder / "out" / "styled" / "styled_0001.exr")).header()
    assert header["pixelAspectRatio"] == 2.0
