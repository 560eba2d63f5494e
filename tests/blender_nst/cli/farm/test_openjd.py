"""Job bundles of Open Job Description: checked and run by its own command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.blender_nst.command_line import Cli
from video.images.image_files import quantize, write_png
from video.movies.movie import movie_length
from video.paintings.painting import Painting

Picture = Callable[..., np.ndarray]

TINY = ["--steps", "2", "--warm-steps", "1", "--coarsest-size", "64", "--device", "cpu"]
OPENJD = Path(sys.executable).parent / "openjd"

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for the command is a shell script"),
    pytest.mark.skipif(not OPENJD.exists(), reason="openjd-cli is not installed"),
]


@pytest.fixture
def inputs(picture: Picture, tmp_path: Path) -> Path:
    """A folder with five frames, in `frames`, and a style whose name has a blank."""
    wide = quantize(picture(96, 48))
    for number in range(1, 6):
        write_png(tmp_path / "frames" / f"f_{number:04}.png", wide[:, 2 * number : 2 * number + 64])
    write_png(tmp_path / "a style.png", picture(64, 48, Painting.SWIRLS))
    return tmp_path


def submitted(cli: Cli, inputs: Path, *options: str) -> dict[str, Any]:
    """The template of a job."""
    source, style = inputs / "frames" / "f_####.png", inputs / "a style.png"
    made = ["--out", inputs / "out", "--job", inputs / "job", *TINY, *options]
    outcome = cli("farm", "submit", source, "--style", style, *made, "--json")
    assert outcome.code == 0, outcome.stderr
    assert json.loads(outcome.stdout) == {"job": str(inputs / "job" / "template.json")}
    return json.loads((inputs / "job" / "template.json").read_text())


def openjd(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(OPENJD), *map(str, arguments)], capture_output=True, text=True, timeout=600, check=False
    )


def values(inputs: Path) -> list[str]:
    """The bundle's parameter values as the command line of OpenJD takes them."""
    listed = json.loads((inputs / "job" / "parameter_values.json").read_text())["parameterValues"]
    return [part for each in listed for part in ("-p", f"{each['name']}={each['value']}")]


def test_a_job_that_is_checked_and_run(
    cli: Cli, inputs: Path, child_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    template = submitted(cli, inputs, "--chunk-size", "3", "--lead-in", "1", "--no-follow-light")
    checked = openjd("check", inputs / "job" / "template.json")
    assert checked.returncode == 0, checked.stdout
    assert {each["name"] for each in template["steps"]} == {"Stylize", "Finish"}
    program = inputs / "blender-nst"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m blender_nst.cli.app "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PYTHONPATH", child_environment["PYTHONPATH"])
    run = ["run", inputs / "job" / "template.json", "--step", "Finish", "--run-dependencies"]
    outcome = openjd(*run, *values(inputs), "-p", f"Program={program}", "-p", "WarmSteps=2")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    # Five frames by three are evened out.
    chunks = sorted(path.name for path in (inputs / "out" / "chunks").iterdir())
    assert chunks in (["0001-0002", "0003-0005"], ["0001-0003", "0004-0005"])
    assert len(list((inputs / "out" / "styled").iterdir())) == 5
    assert movie_length(inputs / "out" / "styled.mp4") == 5
    look = json.loads((inputs / "out" / "farm.json").read_text())
    assert look["sequence_settings"]["warm_steps"] == 2, "a parameter that was changed reaches the chunks"
    assert look["sequence_settings"]["follow_light"] is False
    assert look["style_settings"]["coarsest_size"] == 64, "an advanced setting has no parameter"
    second = json.loads((inputs / "out" / "chunks" / chunks[1] / "chunk.json").read_text())
    assert second["run"] == f"{int(chunks[1][:4]) - 1}-5"


def test_a_task_for_each_shot_as_planned(
    cli: Cli, inputs: Path, child_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shots = ["--shots", "1,4"]
    template = submitted(cli, inputs, *shots)
    assert "extensions" not in template
    assert not {"Frames", "ChunkSize"} & {each["name"] for each in template["parameterDefinitions"]}
    assert openjd("check", inputs / "job" / "template.json").returncode == 0
    program = inputs / "blender-nst"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m blender_nst.cli.app "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PYTHONPATH", child_environment["PYTHONPATH"])
    run = ["run", inputs / "job" / "template.json", "--step", "Finish", "--run-dependencies"]
    outcome = openjd(*run, *values(inputs), "-p", f"Program={program}")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    plan = json.loads(cli("farm", "plan", inputs / "frames", *shots, *TINY, "--json").stdout)
    chunks = sorted(path.name for path in (inputs / "out" / "chunks").iterdir())
    assert chunks == [each["name"] for each in plan["chunks"]] == ["0001-0003", "0004-0005"]
    assert movie_length(inputs / "out" / "styled.mp4") == 5


@pytest.mark.parametrize(
    ("options", "tasks"),
    [
        (["--shots", "1"], ["1-5"]),
        (["--shots", "1,4", "--chunk-size", "2", "--lead-in", "1"], ["1-2", "3-3", "4-5"]),
        (["--shots", "1,4", "--frames", "2-4"], ["2-3", "4-4"]),
    ],
)
def test_tasks_are_the_planned_chunks(cli: Cli, inputs: Path, options: list[str], tasks: list[str]) -> None:
    template = submitted(cli, inputs, *options)
    (parameter,) = template["steps"][0]["parameterSpace"]["taskParameterDefinitions"]
    assert parameter == {"name": "Frame", "type": "STRING", "range": tasks}


def test_a_film_of_more_shots_than_a_step_can_list(cli: Cli, inputs: Path) -> None:
    """Of one frame each, from one picture under many names."""
    count = 1030
    for number in range(6, count + 1):
        (inputs / "frames" / f"f_{number:04}.png").hardlink_to(inputs / "frames" / "f_0001.png")
    shots = list(map(str, range(1, count + 1)))
    template = submitted(cli, inputs, "--shots", ",".join(shots))
    checked = openjd("check", inputs / "job" / "template.json")
    assert checked.returncode == 0, checked.stdout
    *stylize, finish = template["steps"]
    assert [each["name"] for each in stylize] == ["Stylize", "Stylize 2"]
    assert [each["dependsOn"] for each in finish["dependencies"]] == ["Stylize", "Stylize 2"]
    tasks = [
        frame for each in stylize for frame in each["parameterSpace"]["taskParameterDefinitions"][0]["range"]
    ]
    assert tasks == [f"{each}-{each}" for each in shots]


def test_parameters_have_the_ranges_of_the_settings(cli: Cli, inputs: Path) -> None:
    template = submitted(cli, inputs)
    parameters = {each["name"]: each for each in template["parameterDefinitions"]}
    assert parameters["Steps"]["type"] == "INT"
    assert (parameters["Steps"]["default"], parameters["Steps"]["minValue"]) == (2, 1)
    assert parameters["Paint"] | {"minValue": 0.0, "maxValue": 1.0} == parameters["Paint"]
    assert parameters["FollowLight"]["allowedValues"] == ["--follow-light", "--no-follow-light"]
    assert "dis" in parameters["Motion"]["allowedValues"]
    assert "Movie" not in parameters
    assert "CoarsestSize" not in parameters
    assert parameters["Style1"]["dataFlow"] == "IN"


def test_a_value_out_of_range_is_refused_before_anything_runs(cli: Cli, inputs: Path) -> None:
    submitted(cli, inputs)
    run = ["run", inputs / "job" / "template.json", "--step", "Stylize"]
    assert openjd(*run, *values(inputs), "-p", "Steps=0").returncode != 0
    assert not (inputs / "out").exists()


def test_a_task_that_fails_says_why_and_is_a_failure(
    cli: Cli, inputs: Path, child_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted(cli, inputs, "--frames", "1-2")
    (inputs / "frames" / "f_0002.png").write_bytes(b"no picture")
    program = inputs / "blender-nst"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m blender_nst.cli.app "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PYTHONPATH", child_environment["PYTHONPATH"])
    run = ["run", inputs / "job" / "template.json", "--step", "Stylize"]
    outcome = openjd(*run, *values(inputs), "-p", f"Program={program}")
    assert outcome.returncode != 0
    assert "openjd_fail: " in outcome.stdout
    assert "f_0002.png" in outcome.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--frames", "1-5x2"], "every frame of its range"),
        (["--chunk-size", "151"], "at most 150 frames"),
        (["--frames", "1-9"], "there are 1-5"),
        (["--lead-in", "-1"], "lead-in"),
    ],
)
def test_what_cannot_be_a_job_is_refused(cli: Cli, inputs: Path, options: list[str], words: str) -> None:
    source, style = inputs / "frames", inputs / "a style.png"
    wanted = ["--style", style, "--out", inputs / "out", "--job", inputs / "job", *options]
    outcome = cli("farm", "submit", source, *wanted)
    assert outcome.code == 2
    assert words in outcome.stderr
    assert not (inputs / "job").exists()
