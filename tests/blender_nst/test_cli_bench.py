"""`blender-nst bench`: figures of this machine, and sizes that are none."""

from __future__ import annotations

import json

import pytest
from command_line import Cli

from blender_nst.cli.bench import _until
from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, StyleSettings
from compositor.stopwatch import StepTime, exponent
from video.painting import Painting, paint

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


def test_alone_ends_where_the_style_loss_is_reached() -> None:
    """The steps of a cold start at full size that are needed; all of them if it is not reached."""
    settings = StyleSettings(steps=12, coarsest_size=64, device=DeviceChoice.CPU)
    engine = StyleEngine(settings, paint(Painting.SWIRLS, 48, 32))
    content = paint(Painting.KNIFE, 48, 32)
    seen: list[float] = []
    whole = engine.stylize(content, progress=lambda progress: seen.append(progress.losses["style"])).report
    assert _until(engine, content, seen[5]).steps == next(
        step for step, loss in enumerate(seen, 1) if loss <= seen[5]
    )
    assert _until(engine, content, 0.0).steps == whole.steps
