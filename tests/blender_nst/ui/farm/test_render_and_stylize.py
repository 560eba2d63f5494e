"""Flamenco's job type "Render and Stylize": tasks, dependencies and commands of compiled jobs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from blender_nst.cli.farm.options import FLAMENCO_SCRIPT
from tests.blender_nst.command_line import Cli
from tests.blender_nst.ui.farm.flamenco import NO_NODE, NODE, ask_host, compile_job
from video.farm.frame_list import parse_frame_list
from video.farm.lead_in import LeadIn
from video.farm.plan import plan_chunks
from video.frames.sequence import FrameRange

pytestmark = pytest.mark.skipif(NODE is None, reason=NO_NODE)


def own_frames(task: dict[str, Any]) -> set[int]:
    """Of a task, by its name."""
    ranges = parse_frame_list(task["name"].partition("-")[2])
    return {number for each in ranges for number in each.numbers()}


@pytest.mark.parametrize(
    ("frames", "size", "chunks"),
    [
        # The examples of Flamenco's own tests.
        ("1..10,20..25,40,3..8", 4, ["1-4", "5-8", "9,10,20,21", "22-25", "40"]),
        (" 1  .. 10,\t20..25\n,40   ", 4, ["1-4", "5-8", "9,10,20,21", "22-25", "40"]),
        ("47", 4, ["47"]),
        ("1-3", 3, ["1-3"]),
        ("7-8", 2, ["7,8"]),
    ],
)
def test_the_host_chunks_frames_as_flamenco_does(frames: str, size: int, chunks: list[str]) -> None:
    assert ask_host({"frameChunker": [frames, size]}) == chunks


def test_a_task_that_stylizes_waits_for_the_frames_that_it_needs_and_no_others() -> None:
    job = compile_job({})
    assert job.names == [
        *("render-1-8", "render-9-16", "render-17-24"),
        *("stylize-1-12", "stylize-13-24", "movie-and-finish"),
    ]
    assert job.task("stylize-1-12")["dependencies"] == ["render-1-8", "render-9-16"]
    # Frames 9 to 12 lead in.
    assert job.task("stylize-13-24")["dependencies"] == ["render-9-16", "render-17-24"]
    assert job.task("movie-and-finish")["dependencies"] == ["stylize-1-12", "stylize-13-24"]
    assert [task["type"] for task in job.tasks] == ["blender"] * 3 + ["stylize"] * 3
    assert [task["dependencies"] for task in job.tasks[:3]] == [[], [], []]


def test_the_commands() -> None:
    job = compile_job({"chunk_options": "--seed=7 --region 'object:Old Man=/s/b.png'", "strength": 0.8})
    folder = "/out/film/2026-01-02_030405"
    assert job.settings["output_path"] == folder
    (render,) = job.task("render-9-16")["commands"]
    code = "import bpy, sys; bpy.ops.nst.render_frames(frames='9-16', bits=8, folder=sys.argv[-1])"
    assert render == {
        "name": "blender-render",
        "steps": 8,
        "parameters": {
            "exe": "{blender}",
            "exeArgs": "{blenderArgs}",
            "argsBefore": ["--python-exit-code", "3"],
            "blendfile": "/in/film.blend",
            "args": ["--scene", "Scene", "--python-expr", code, "--", f"{folder}/rendered"],
        },
    }
    (chunk,) = job.task("stylize-13-24")["commands"]
    rendered = f"{folder}/rendered/content/content_####.png"
    passes = ["--passes", f"{folder}/rendered/passes"]
    assert chunk == {
        "name": "exec",
        "steps": 0,
        "parameters": {
            "exe": "blender-nst",
            "args": [
                *("chunk", rendered, *passes, "--out", f"{folder}/stylized"),
                *("--frames=13-24", "--lead-in=4", "--shots=1", "--progress=plain"),
                *("--style", "/s/a style.png", "--strength=0.8"),
                *("--seed=7", "--region", "object:Old Man=/s/b.png"),
            ],
        },
    }
    finish = ["farm", "finish", f"{folder}/stylized", "--frames=1-24", "--content", rendered, *passes]
    assert job.arguments("movie-and-finish") == [*finish, "--frame-rate=24"]


def test_no_chunk_and_no_lead_in_goes_over_a_cut() -> None:
    job = compile_job({"frames": "1-30", "shots": "1,13", "render_chunk_size": 1, "chunk_size": 10})
    chunks = [name for name in job.names if name.startswith("stylize")]
    assert chunks == ["stylize-1-6", "stylize-7-12", "stylize-13-21", "stylize-22-30"]
    needed = [f"render-{frame}" for frame in range(13, 22)]
    assert job.task("stylize-13-21")["dependencies"] == needed
    assert job.task("stylize-22-30")["dependencies"] == [f"render-{frame}" for frame in range(18, 31)]
    assert "--shots=1,13" in job.arguments("stylize-22-30")


def test_a_gap_between_the_frames_ends_a_shot() -> None:
    job = compile_job({"frames": "20..22, 3 - 4", "render_chunk_size": 4, "chunk_size": 8})
    assert job.names == ["render-3,4,20,21", "render-22", "stylize-3-4", "stylize-20-22", "movie-and-finish"]
    assert job.task("stylize-20-22")["dependencies"] == ["render-3,4,20,21", "render-22"]
    assert "--shots=3,20" in job.arguments("stylize-3-4")
    assert "--frames=3,4,20-22" in job.arguments("movie-and-finish")


def test_two_frames_are_a_list_that_a_chunk_takes() -> None:
    job = compile_job({"frames": "7-8", "render_chunk_size": 2})
    assert job.names == ["render-7,8", "stylize-7-8", "movie-and-finish"]
    assert "frames='7,8'" in job.arguments("render-7,8")[3]
    assert "--frames=7,8" in job.arguments("movie-and-finish")
    assert parse_frame_list("7,8") == (FrameRange(7, 8),)


def test_shots_in_order_are_a_task_each() -> None:
    job = compile_job({"frames": "1-30", "shots": "1,13", "in_order": True, "chunk_size": 4})
    chunks = [name for name in job.names if name.startswith("stylize")]
    assert chunks == ["stylize-1-12", "stylize-13-30"]
    assert job.task("stylize-13-30")["dependencies"] == ["render-9-16", "render-17-24", "render-25-30"]


def test_several_passes_need_frames_behind_a_chunk_too() -> None:
    job = compile_job({"render_chunk_size": 1, "lead_in": 2, "pass_count": 3})
    assert job.task("stylize-1-12")["dependencies"] == [f"render-{frame}" for frame in range(1, 15)]


@pytest.mark.parametrize("length", [1, 5, 24, 25, 61])
@pytest.mark.parametrize("size", [1, 2, 3, 8, 24])
def test_chunks_are_those_of_the_plan(length: int, size: int) -> None:
    job = compile_job({"frames": f"1-{length}", "shots": "1,4,30", "chunk_size": size})
    planned = plan_chunks(FrameRange(1, length), [1, 4, 30], size, LeadIn(4))
    chunks = [task for task in job.tasks if task["name"].startswith("stylize")]
    assert [own_frames(task) for task in chunks] == [set(each.span.own.numbers()) for each in planned.chunks]
    for task, each in zip(chunks, planned.chunks, strict=True):
        needed = {frame for name in task["dependencies"] for frame in own_frames(job.task(name))}
        assert needed >= set(each.span.run.numbers())


def test_numbers_come_in_single_precision_from_blender() -> None:
    job = compile_job({"paint": 0.019999999552965164, "steps": 200, "follow_light": False, "motion": "dis"})
    arguments = job.arguments("stylize-1-12")
    assert {"--paint=0.02", "--steps=200", "--no-follow-light", "--motion=dis"} <= set(arguments)


def test_half_float_and_16_bits_are_captured_in_16_bits() -> None:
    job = compile_job({"output_format": "png16"})
    assert "bits=16" in job.arguments("render-1-8")[3]


def test_what_the_extension_refuses_is_refused_with_its_reason() -> None:
    with pytest.raises(ValueError, match="region 2: Trees is a collection"):
        compile_job({"chunk_options": "!region 2: Trees is a collection"})


@pytest.mark.parametrize("frames", ["-3-4", "1-24x2", ""])
def test_frames_that_flamenco_has_no_list_for_are_refused(frames: str) -> None:
    with pytest.raises(ValueError, match="invalid range"):
        compile_job({"frames": frames})


def test_the_settings_have_the_types_that_flamenco_documents() -> None:
    job_type = compile_job({}).job_type
    assert job_type["label"] == "Render and Stylize"
    settings = {each["key"]: each for each in job_type["settings"]}
    assert len(settings) == len(job_type["settings"])
    assert {each["type"] for each in settings.values()} == {"string", "int32", "float", "bool"}
    assert {each.get("visible", "visible") for each in settings.values()} <= {
        *("visible", "hidden", "submission", "web")
    }
    for each in settings.values():
        if "choices" in each:
            assert each["type"] == "string"
            assert each["default"] in each["choices"]
        if "eval" in each:
            compile(each["eval"], each["key"], "eval")
    assert settings["steps"]["propargs"] == {"min": 1, "max": 100_000}
    assert settings["strength"]["label"] == "Strength"
    # What is made of all frames is made at the end, and advanced settings come as options.
    assert not {"movie", "contact_sheet", "snapshot_every", "seed"} & settings.keys()
    # Flamenco gives a setting of this name the file that it has sent.
    assert settings["blendfile"]["type"] == "string"


def test_the_script_keeps_to_the_language_of_goja() -> None:
    script = re.sub(r'"(?:[^"\\]|\\.)*"|//.*', "", FLAMENCO_SCRIPT.read_text("utf-8"))
    assert not re.search(r"\b(import|export|async|await|require|yield)\b|\?\.|\?\?|\*\*|#\w", script)


@pytest.mark.parametrize("text", ["", "--seed=7", "--region 'object:It'\"'\"'s=/a b.png'", "a\\ b 'c d'"])
def test_the_host_splits_words_as_a_shell(text: str) -> None:
    arguments = compile_job({"chunk_options": text, "styles": ""}).arguments("stylize-1-12")
    assert arguments[arguments.index("--progress=plain") + 1 :] == shlex.split(text)


def test_the_script_goes_where_flamenco_takes_it_from(cli: Cli, tmp_path: Path) -> None:
    outcome = cli("farm", "flamenco", tmp_path / "scripts")
    assert outcome.code == 0, outcome.stderr
    written = tmp_path / "scripts" / "render_and_stylize.js"
    assert written.read_bytes() == FLAMENCO_SCRIPT.read_bytes()
