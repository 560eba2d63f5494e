"""What the panel says of the size that frames are optimized at, against the engine's own rule."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from compositor.settings import StyleSettings, WorkingDetail, settings_to_json
from compositor.stylization.pyramid import frame_scales, octave_sizes
from compositor.stylization.working_size import working_size
from tests.blender_nst.blender_in_tests import BlenderInTests

SIZES = [(1920, 1080), (1080, 1920), (3840, 2160), (333, 187), (6400, 100), (64, 20), (641, 361)]
DEVICES = ["cpu", "mps", "cuda: NVIDIA H100 80GB HBM3"]
CHOICES = [
    *(StyleSettings(working_detail=detail) for detail in WorkingDetail),
    replace(StyleSettings(), working_size=777),
]


def test_it_is_the_size_that_the_engine_takes(blender: BlenderInTests) -> None:
    cases: list[Any] = [
        [size[::-1], settings_to_json(settings), device]
        for size, settings, device in product(SIZES, CHOICES, DEVICES)
    ]
    run = blender.run(
        f"""
        load().register()
        from blender_nst.properties.working_size import working_size
        cases = json.loads({json.dumps(cases)!r})
        finish([working_size(*size, settings, device) for size, settings, device in cases])
        """
    )
    for (width, height), settings, device in product(SIZES, CHOICES, DEVICES):
        wanted = working_size(height, width, settings, device.partition(":")[0])
        assert run.result.pop(0) == list(wanted)


def pixels(height: int, width: int) -> int:
    return sum(h * w for h, w in octave_sizes(height, width))


def test_the_steps_are_those_of_the_engines_scales(blender: BlenderInTests) -> None:
    """With 150, 3 and 61 steps, from the coarsest sizes of the presets."""
    cases: list[Any] = [
        [size[::-1], settings_to_json(replace(StyleSettings(), coarsest_size=coarsest)), steps]
        for size, coarsest, steps in product(SIZES, (192, 256), (150, 3, 61))
    ]
    run = blender.run(
        f"""
        load().register()
        from blender_nst.properties.working_size import frame_steps
        cases = json.loads({json.dumps(cases)!r})
        finish([[frame_steps(*size, settings, "cpu", steps, first=first) for first in (True, False)]
                for size, settings, steps in cases])
        """
    )
    for (width, height), coarsest, steps in product(SIZES, (192, 256), (150, 3, 61)):
        settings = StyleSettings()
        working = working_size(height, width, settings, "cpu")
        settings = replace(StyleSettings(), coarsest_size=coarsest)
        wanted = [
            [
                [pixels(*each.size), each.steps]
                for each in frame_scales(*working, settings, steps, is_warm_start=warm)
                if each.steps > 0
            ]
            for warm in (False, True)
        ]
        # The detail of a large frame takes as long as a step.
        detail = [[math.prod(working), 1]] if len(octave_sizes(*working)) > 1 else []
        assert run.result.pop(0) == [each + detail for each in wanted]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("nst.device = 'CPU'", "24 frames at 1920×1080, optimized at 960×540, starts at frame 1"),
        (
            "nst.device = 'CPU'; nst.preset = 'DRAFT'",
            "24 frames at 1920×1080, optimized at 640×360, starts at frame 1",
        ),
        ("nst.device = 'CUDA'", "24 frames at 1920×1080, starts at frame 1"),
        (
            "nst.device = 'CPU'; nst.working_detail = 'FULL'",
            "24 frames at 1920×1080, starts at frame 1",
        ),
        # Which device the engine will find is not known before it ran once.
        ("pass", "24 frames at 1920×1080, starts at frame 1"),
        # First 65, 46 and 32 steps at 240, 339 and 480 px, and 7 at 960 px, which has an octave at 480 px
        # too: 14 million pixels; then 23 times 9 steps at 480 px: 27 million; and the detail: 12 million.
        (
            "speed('cpu', 8.75e6)",
            "24 frames at 1920×1080, optimized at 960×540, about 6 s on CPU, starts at frame 1",
        ),
    ],
)
def test_the_forecast_says_it(blender: BlenderInTests, script: str, said: str) -> None:
    run = blender.run(
        f"""
        load().register()
        from blender_nst.session import measured_speed
        from blender_nst.session.forecast import animation_forecast
        from blender_nst.state import state_of
        scene = bpy.context.scene
        scene.frame_start, scene.frame_end = 1, 24
        scene.render.resolution_x, scene.render.resolution_y = 1920, 1080
        nst = scene.nst

        def speed(device, pixels):
            known = state_of(measured_speed.KnownSpeeds)
            known.speeds[device] = measured_speed.MeasuredSpeed(device, 0.0, 1.0 / pixels, 1.0, 1.0)
            known.read = True

        {script}
        finish(animation_forecast(scene))
        """
    )
    assert run.result == said
