"""The benchmark behind forecasts: the line through two times, and that what it says is the time of a step."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from compositor.benchmark.speed_model import line_through


def test_two_times_give_a_steps_own_time_and_that_of_a_pixel() -> None:
    constant, slope = 0.004, 2e-6
    times = [(pixels, constant + slope * pixels) for pixels in (4800, 27648)]
    assert line_through(times) == pytest.approx((constant, slope))


@pytest.mark.parametrize("short", [0.2, 0.001])
def test_times_that_no_step_has_give_none_that_is_negative(short: float) -> None:
    """Where the machine was busy for a moment, the larger size counts alone."""
    assert line_through([(1000, short), (10_000, 0.1)]) == (0.0, pytest.approx(1e-5))


def test_the_command_prints_one_line_or_one_error() -> None:
    command = [sys.executable, "-m", "video.worker.speed"]
    run = subprocess.run([*command, "cpu"], capture_output=True, encoding="utf-8", timeout=600, check=True)
    found = json.loads(run.stdout)
    assert found["device"] == "cpu"
    # A convolution network's step on a processor: more than 10 ns and less than 1 ms for a pixel.
    assert 1e-8 < found["pixel_seconds"] + found["step_seconds"] / 27648 < 1e-3
    refused = subprocess.run(
        [*command, "abacus"], capture_output=True, encoding="utf-8", timeout=600, check=False
    )
    assert refused.returncode == 2
    assert "abacus" in json.loads(refused.stdout)["error"]
