"""Prints how fast this machine is, for Blender's forecasts: `python -m` this [DEVICE], three seconds of work.

A line of JSON: `{"device": "cpu", "step_seconds": 0.002, "pixel_seconds": 1.9e-06}`, see `SpeedModel`, or
`{"error": "one line"}` with exit code 2.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from compositor.benchmark.speed_model import measure_speed
from compositor.errors import CompositorError
from compositor.settings import DeviceChoice, StyleSettings


def main() -> None:
    """Measures on the device that the first argument names, or on the first that is there."""
    try:
        device = DeviceChoice(sys.argv[1] if len(sys.argv) > 1 else DeviceChoice.AUTO)
        model = measure_speed(StyleSettings(device=device))
    except (CompositorError, ValueError) as error:
        print(json.dumps({"error": " ".join(str(error).split())}))
        sys.exit(2)
    print(json.dumps(asdict(model)))


if __name__ == "__main__":
    main()
