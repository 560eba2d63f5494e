"""The operators that stylize frames on disk: which frames they find, and what they leave behind."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.blender_nst.blender_in_tests import BlenderInTests
from tests.blender_nst.frames_on_disk import run_on_files
from video.movies.movie import movie_frame_rate, write_movie


def run_in(blender: BlenderInTests, script: str, blend: Path, style: Path) -> Any:
    return run_on_files(blender, script, blend, style).result


def write_frames(folder: Path, names: list[str], size: tuple[int, int] = (48, 32)) -> None:
    folder.mkdir(exist_ok=True)
    columns = np.arange(size[0], dtype=np.float32)
    for shift, name in enumerate(names):
        wave = 127.0 + 120.0 * np.sin((columns + shift) / 5.0)
        Image.fromarray(np.tile(wave.astype(np.uint8), (size[1], 1))).convert("RGB").save(folder / name)


def styled(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "out" / "styled").glob("*.png"))


def test_the_scenes_rendered_frames_are_stylized(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    names = [f"own_{number:04d}.png" for number in (1, 2, 3)]
    write_frames(blender.folder, names)
    before = {name: (blender.folder / name).read_bytes() for name in names}
    result = run_in(
        blender,
        "finish([attempt(bpy.ops.nst.stylize_frames), done(), active.status_line()])",
        blend_file,
        style_picture,
    )
    assert result[0] == ["FINISHED"]
    assert (result[1]["done"], result[1]["total"], result[1]["alive"]) == ([1, 2, 3], 3, False)
    line, is_error = result[2]
    assert line.startswith("3 frames stylized")
    assert line.endswith(str(blender.folder / "out"))
    assert is_error is False
    assert styled(blender.folder) == [f"styled_{number:04d}.png" for number in (1, 2, 3)]
    assert {name: (blender.folder / name).read_bytes() for name in names} == before


def test_what_is_missing_is_told_and_nothing_is_started(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    write_frames(blender.folder, ["own_0001.png"])
    (blender.folder / "own_0003.png").touch()  # a placeholder, as Blender leaves it
    write_frames(blender.folder / "two", ["a_0001.png", "b_0001.png"])
    result = run_in(
        blender,
        """
seen = [attempt(bpy.ops.nst.stylize_frames)]
nst.custom_range, nst.range_start, nst.range_end = True, 5, 4
seen.append(attempt(bpy.ops.nst.stylize_frames))
nst.custom_range = False
nst.source = "CAPTURED"
seen.append(attempt(bpy.ops.nst.stylize_frames))
nst.source = "FILES"
for path in ("", "two", "two/a_0001.txt", "nowhere/x_####.png", "own_0001.png"):
    nst.source_path = str(folder / path) if path else ""
    nst.custom_range, nst.range_start, nst.range_end = path.startswith("own"), 1, 8
    seen.append(attempt(bpy.ops.nst.stylize_frames))
nst.styles.clear()
seen.append(bpy.ops.nst.stylize_frames.poll())
finish([seen, done()])
""",
        blend_file,
        style_picture,
    )
    expected = [
        "frames 2, 3 are not rendered",
        "the frame range 5 to 4 has no frames",
        "frames 1, 2, 3 are not captured",
        "no file to stylize is chosen",
        "the folder holds several sequences",
        "pick a folder, a numbered picture",
        "there is no such folder",
        "frames 2, 4, 5, 6, 7, 8 missing; there are 1 to 3",
    ]
    *errors, poll = result[0]
    for error, text in zip(errors, expected, strict=True):
        assert text in error
    assert poll is False
    assert result[1] is None
    assert not (blender.folder / "out").exists()


def test_resume_keeps_what_is_finished_and_other_settings_put_it_aside(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    write_frames(blender.folder, [f"own_{number:04d}.png" for number in (1, 2, 3)])
    result = run_in(
        blender,
        """
seen = [bpy.ops.nst.resume.poll(), attempt(bpy.ops.nst.stylize_frames)]
styled = folder / "out" / "styled"
(styled / "styled_0003.png").unlink()
times = lambda: [path.stat().st_mtime_ns for path in sorted(styled.iterdir())]
first = times()
seen += [bpy.ops.nst.resume.poll(), attempt(bpy.ops.nst.resume), times()[:2] == first, len(times())]
nst.steps = 5
seen += [attempt(bpy.ops.nst.resume), times()[:2] == first, active.status_line()[0]]
aside = folder / "out" / "styled.old" / "0001" / "styled"
seen += [attempt(bpy.ops.nst.stylize_frames), sorted(path.name for path in aside.iterdir())]
seen += [[path.stat().st_mtime_ns for path in sorted(aside.iterdir())][:2] == first]
second = times()
nst.restart = True
seen += [attempt(bpy.ops.nst.stylize_frames), times()[:2] != second[:2], nst.restart]
third = times()
seen += [attempt(bpy.ops.nst.resume), times() == third]
finish(seen)
""",
        blend_file,
        style_picture,
    )
    assert result[:6] == [False, ["FINISHED"], True, ["FINISHED"], True, 3]
    assert result[6:8] == [["CANCELLED"], True]
    assert "steps was 3, is 5" in result[8]
    assert "--" not in result[8], "no option of the command line in the window"
    names = [f"styled_{number:04d}.png" for number in (1, 2, 3)]
    assert result[9:12] == [["FINISHED"], names, True], "what was finished is put aside"
    assert result[12:] == [["FINISHED"], True, False, ["FINISHED"], True]


def test_picked_files_of_every_kind(blender: BlenderInTests, blend_file: Path, style_picture: Path) -> None:
    folder = blender.folder
    write_frames(folder / "shot", ["shot-08.png", "shot-09.png", "shot-10.png", ".shot-11.png"])
    write_frames(folder / "below", ["x_-0001.png", "x_0000.png"])
    write_movie(folder / "clip.mp4", [np.full((32, 48, 3), 0.1 * n, np.float32) for n in range(5)], 24.0)
    shutil.copytree(folder / "shot", folder / "content")
    (folder / "passes").mkdir()
    (folder / "passes" / "passes_0009.exr").write_bytes(b"something")
    result = run_in(
        blender,
        """
nst.source = "FILES"
def found(path, *numbers):
    nst.source_path = str(folder / path)
    nst.custom_range = bool(numbers)
    if numbers:
        nst.range_start, nst.range_end, nst.range_step = numbers
    frames = frame_sources.source_frames(scene)
    return [[each.frame, each.content.name, each.movie_frame, bool(each.passes)] for each in frames]
finish([found("shot"), found("shot/shot-08.png", 9, 10, 1), found("shot/shot-##.png"), found("below"),
        found("clip.mp4", 2, 4, 2), found("content"),
        [movie.name for movie in bpy.data.movieclips]])
""",
        blend_file,
        style_picture,
    )
    whole, picked, pattern, below, movie, with_passes, left = result
    assert whole == pattern == [[n, f"shot-{n:02d}.png", None, False] for n in (8, 9, 10)]
    assert picked == whole[1:]
    assert [each[0] for each in below] == [-1, 0]
    assert movie == [[2, "clip.mp4", 2, False], [4, "clip.mp4", 4, False]]
    assert [each[3] for each in with_passes] == [False, True, False]
    assert left == [], "the movie that was measured is not left in the file"


def test_a_movie_is_stylized(blender: BlenderInTests, blend_file: Path, style_picture: Path) -> None:
    frames = [np.full((32, 48, 3), 0.2 + 0.2 * n, np.float32) for n in range(3)]
    write_movie(blender.folder / "clip.mp4", frames, 23.976)
    result = run_in(
        blender,
        """
nst.source, nst.source_path = "FILES", str(folder / "clip.mp4")
nst.strength, nst.movie = 0.0, True
nst.custom_range, nst.range_start, nst.range_end = True, 2, 3
finish([attempt(bpy.ops.nst.stylize_frames), done()])
""",
        blend_file,
        style_picture,
    )
    assert result[0] == ["FINISHED"]
    assert styled(blender.folder) == ["styled_0002.png", "styled_0003.png"]
    for number in (2, 3):
        path = blender.folder / "out" / "styled" / f"styled_{number:04d}.png"
        assert np.asarray(Image.open(path)).mean() / 255.0 == pytest.approx(0.2 * number, abs=0.03)
    assert movie_frame_rate(blender.folder / "out" / "styled.mp4") == pytest.approx(24_000 / 1001)


def test_this_frame_is_taken_as_it_was_rendered_or_rendered_now(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    write_frames(blender.folder, ["own_0002.png"], size=(24, 16))
    run = run_on_files(
        blender,
        """
def size():
    image = bpy.data.images.load(str(folder / "out/stills/styled/styled_0002.png"), check_existing=False)
    return list(image.size)
scene.frame_set(2)
seen = [attempt(bpy.ops.nst.stylize_frame, draft=True), done(), size()]
seen += [attempt(bpy.ops.nst.stylize_frame, render=True), done(), size()]
rendered = handlers.shown_frame()
# The Render Result goes before the file on disk.
seen += [attempt(bpy.ops.nst.stylize_frame), size()]
# The settings of a single frame are not kept for the animation after it.
finish([seen, rendered, nst.steps, nst.movie, scene.view_layers[0].use_pass_vector])
""",
        blend_file,
        style_picture,
    )
    seen, rendered, steps, movie, vector = run.result
    assert seen[0] == seen[3] == seen[6] == ["FINISHED"]
    assert (seen[1]["done"], seen[1]["steps"]) == ([2], 45)
    assert (seen[4]["done"], seen[4]["steps"]) == ([2], 3)
    assert seen[2] == [24, 16], "the file on disk"
    assert seen[5] == seen[7] == [96, 64], "the render"
    assert rendered == ["Scene", 2]
    assert (steps, movie, vector) == (3, True, False)
    assert not (blender.folder / "out" / "styled").exists()
    assert not (blender.folder / "out" / "stills" / "styled.mp4").exists()


def test_a_failure_in_a_batch_keeps_what_is_done(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    write_frames(blender.folder, ["own_0001.png", "own_0002.png", "own_0003.png"])
    # Its header is whole: it is found to be damaged when it is decoded.
    whole = (blender.folder / "own_0003.png").read_bytes()
    (blender.folder / "own_0003.png").write_bytes(whole[: len(whole) // 2])
    result = run_in(
        blender,
        "finish([attempt(bpy.ops.nst.stylize_frames), done(), active.status_line()])",
        blend_file,
        style_picture,
    )
    assert result[0] == ["CANCELLED"]
    assert result[1]["done"] == [1, 2]
    assert not result[1]["alive"]
    assert "frame 3" in result[1]["error"].lower()
    assert result[2][1] is True
    assert styled(blender.folder) == ["styled_0001.png", "styled_0002.png"]


def test_what_a_header_tells_of_a_later_frame_ends_a_batch_before_its_first(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    write_frames(blender.folder, ["own_0001.png", "own_0002.png", "own_0003.png"])
    (blender.folder / "own_0003.png").write_bytes(b"no picture")
    result = run_in(
        blender,
        "finish([attempt(bpy.ops.nst.stylize_frames), done(), active.status_line()])",
        blend_file,
        style_picture,
    )
    assert result[0] == ["CANCELLED"]
    assert result[1]["done"] == []
    assert "own_0003.png" in result[1]["error"]
    assert "frame 3" in result[1]["error"].lower()


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
@pytest.mark.expected_errors("the style engine ended with exit code")
def test_an_engine_that_is_killed_twice_ends_a_batch_with_one_line(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    write_frames(blender.folder, ["own_0001.png", "own_0002.png", "own_0003.png"])
    result = run_in(
        blender,
        """
import signal, threading
nst.steps = nst.warm_steps = 5000
def kill():
    import time
    killed = set()
    while len(killed) < 2:
        session = active.current_session()
        if session is not None and session.engine_state.progress and session.engine.pid not in killed:
            killed.add(session.engine.pid)
            os.kill(session.engine.pid, signal.SIGKILL)
        time.sleep(0.05)
threading.Thread(target=kill, daemon=True).start()
finish([attempt(bpy.ops.nst.stylize_frames), done(), active.status_line()])
""",
        blend_file,
        style_picture,
    )
    assert result[0] == ["CANCELLED"]
    assert not result[1]["alive"]
    assert str(blender.folder / "out" / "engine.log") in result[2][0]
