"""`blender-nst bench`: figures of this machine, and sizes that are none."""

from __future__ import annotations

import json

import pytest

from blender_nst.cli.commands.bench_frame import LossCurve, frame_time
from compositor.benchmark.step_time import StepTime, exponent
from compositor.progress import Progress
from compositor.settings import DeviceChoice, StyleSettings
from tests.blender_nst.command_line import Cli
from video.settings import SequenceSettings

QUICK = ("--repeats", 1, "--steps", 2, "--warm-steps", 1, "--device", "cpu")


def test_every_size_is_measured_beside_the_published_method(cli: Cli) -> None:
    outcome = cli("bench", "--sizes", "32x32,64x48", "--json", *QUICK)
    assert outcome.code == 0
    result = json.loads(outcome.stdout)
    assert [(each["width"], each["height"]) for each in result["steps"]] == [(32, 32), (64, 48)]
    for each in result["steps"]:
        assert each["seconds"] > 0.0
        assert each["reference_seconds"] > 0.0
        assert each["floor_share"] > 0.0
    assert result["device"] == "cpu"
    assert result["precision"] in ("float32", "bfloat16")
    frame = result["frame"]
    assert min(frame[f"{which}_seconds"] for which in ("cold", "warm", "alone")) > 0.0
    assert min(frame[f"{which}_style"] for which in ("cold", "warm", "alone")) > 0.0
    assert result["peak_bytes"] is None or result["peak_bytes"] > 2**27
    assert 2**27 < frame["expected_bytes"] < 2**33


def test_the_table_names_device_and_size(cli: Cli) -> None:
    outcome = cli("bench", "--sizes", "32x32", "--no-reference", *QUICK)
    assert outcome.code == 0
    assert "cpu" in outcome.stdout
    assert "32×32" in outcome.stdout


@pytest.mark.parametrize("sizes", ["128", "axb", "16x16", "128x128,", "99999x32"])
def test_what_is_no_size_is_refused(cli: Cli, sizes: str) -> None:
    outcome = cli("bench", "--sizes", sizes)
    assert outcome.code == 2
    assert "is no size" in outcome.stderr


def test_the_exponent_is_the_slope_over_the_pixels() -> None:
    times = [StepTime(side, side, (side * side) ** 1.5, None, 1.0) for side in (10, 20, 40)]
    assert exponent(times) == pytest.approx(1.5)


def test_a_course_tells_when_a_style_loss_was_reached() -> None:
    course = LossCurve(begun=10.0, steps=[(11.0, 0.9), (12.0, 0.4), (13.0, 0.5), (14.0, 0.3)])
    assert course.style == 0.3
    assert [course.seconds_until(style) for style in (1.0, 0.45, 0.3)] == [1.0, 2.0, 4.0]


def test_a_course_leaves_coarser_scales_out() -> None:
    course = LossCurve()
    for height in (16, 32, 32):
        course.note(Progress(1, 3, height, 48, {"style": 1.0 / height}, 1.0), 32, 48)
    assert [style for _, style in course.steps] == [1.0 / 32, 1.0 / 32]
    assert course.seconds_until(1.0 / 32) > 0.0


def test_the_style_loss_compared_is_one_of_both_ways() -> None:
    settings = StyleSettings(steps=8, coarsest_size=32, device=DeviceChoice.CPU)
    times = frame_time(48, 32, (settings, SequenceSettings(warm_steps=2)))
    assert times.equal_style == max(times.warm_style, times.alone_style)
    assert 0.0 < times.alone_until_equal <= times.alone_seconds
    assert times.warm_until_equal > 0.0


def test_the_stages_of_a_frame_are_told_apart(cli: Cli) -> None:
    outcome = cli(
        *("bench", "--frame", "96x64", "--working-size", 64, "--coarsest-size", 32, "--json"), *QUICK[2:]
    )
    assert outcome.code == 0
    result = json.loads(outcome.stdout)
    assert (result["width"], result["height"]) == (96, 64)
    stages = {(each["stage"], each["size"] and tuple(each["size"])): each for each in result["stages"]}
    assert list(stages) == [
        ("reading", None),
        ("motion", None),
        ("warping", None),
        ("waiting", None),
        ("steps", (43, 64)),
        ("enlarging", None),
        ("writing", None),
    ]
    following = stages["steps", (43, 64)]
    assert following["following"] > 0.0
    assert [name for (name, _), each in stages.items() if each["beside"]] == ["reading", "motion", "writing"]
    assert all(each["first"] > 0.0 for (name, _), each in stages.items() if name != "waiting")
    before_the_end = [
        each["following"] for (name, _), each in stages.items() if not each["beside"] and name != "waiting"
    ]
    assert 0.0 < sum(before_the_end) <= result["following"]


def test_a_table_of_stages_names_device_and_sizes(cli: Cli) -> None:
    outcome = cli("bench", "--frame", "64x48", *QUICK[2:])
    assert outcome.code == 0
    assert "steps at 64×48 px" in outcome.stdout
    assert "enlarging" in outcome.stdout
    assert "in all" in outcome.stdout


@pytest.mark.parametrize("size", ["128", "axb", "16x16", "1920x1080,64x48"])
def test_a_frame_of_no_size_is_refused(cli: Cli, size: str) -> None:
    outcome = cli("bench", "--frame", size)
    assert outcome.code == 2
    assert "is no size" in outcome.stderr
