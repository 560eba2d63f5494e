"""What the panel says of the size that frames are optimized at, against the engine's own rule."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from compositor.settings import StyleSettings, WorkingDetail, settings_to_json
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
        # 660 steps at the painted size, and 24 times 5 at the frame's own.
        (
            "speed('cpu', 6.9e6)",
            "24 frames at 1920×1080, optimized at 960×540, about 86 s on CPU, starts at frame 1",
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
            known = state_of(measured_speed.KnownSpeed)
            known.speed, known.read = measured_speed.MeasuredSpeed(device, pixels, pixels), True

        {script}
        finish(animation_forecast(scene))
        """
    )
    assert run.result == said
