"""Fixtures for every room, and the option that runs the tests in Blender on another version of it."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from video.paintings.painting import Painting, paint

Picture = Callable[..., np.ndarray]

# An example's time says something about the machine and nothing about the code.
settings.register_profile("repository", deadline=None)
settings.load_profile("repository")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--blender-version",
        metavar="X.Y",
        help="run the tests that start a Blender, and only those, on the bpy module of this version;"
        " they are skipped where it cannot be had",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--blender-version") is None:
        return
    others = [item for item in items if "blender_runtime" not in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in set(others)]


@pytest.fixture(scope="session")
def picture() -> Picture:
    """Paints a textured picture, (height, width, 3) float32 in 0..1."""
    cached = functools.cache(paint)

    def make(width: int = 64, height: int = 48, painting: Painting = Painting.DABS) -> np.ndarray:
        return cached(painting, width, height).copy()

    return make


@pytest.fixture(scope="session")
def child_environment() -> dict[str, str]:
    """The environment of a child process that imports the packages of this checkout."""
    return os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent), "PYTHONIOENCODING": "utf-8"}
