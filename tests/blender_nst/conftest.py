"""Fixtures: the Blender at hand, and a scene and a style made by code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from blender_nst.cli.blenders import private_install
from blender_nst.cli.blenders.runtime import BlenderRuntime, RuntimeKind, ensure_blender
from blender_nst.cli.errors import BlenderError
from blender_nst.headless.job import RenderJob
from compositor import convolution_jit
from tests.blender_nst.blender_in_tests import REPOSITORY, TINY_SEQUENCE, TINY_STYLE, BlenderInTests
from tests.blender_nst.command_line import Cli, make_cli
from tests.blender_nst.shared_blender import end_shared_blenders

_SCENE = """
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.samples = 1
scene.cycles.device = "CPU"
scene.cycles.use_denoising = False
scene.render.resolution_x, scene.render.resolution_y = 96, 64
scene.render.film_transparent = True
scene.frame_start, scene.frame_end = 1, 3
cube = bpy.data.objects["Cube"]
for frame, x in ((1, -1.0), (5, 1.0)):
    cube.location.x = x
    cube.keyframe_insert("location", frame=frame)
"""


@pytest.fixture(scope="session")
def blender_runtime(request: pytest.FixtureRequest) -> BlenderRuntime:
    """The Blender that the command line would use; installs the private one if there is none.

    With `--blender-version` it is that version's module, and the tests are skipped where it cannot be had.
    """
    version = request.config.getoption("--blender-version")
    if version is None:
        return ensure_blender(report=print)
    try:
        installed = private_install.install(print, release=version)
    except BlenderError as error:
        pytest.skip(str(error))
    return BlenderRuntime(installed.python, RuntimeKind.MODULE, installed.version)


@pytest.fixture(autouse=True, scope="module")
def without_compiled_kernels() -> Iterator[None]:
    """Compiling them takes three seconds of every process that stylizes; `tests/compositor` tests what they
    give, and `test_demo.py` the main job with them.

    A module's, so that the fixtures of modules, to which tests compare their frames, do without them too.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(convolution_jit.SWITCH, "0")
        yield


@pytest.fixture(autouse=True, scope="session")
def ended_shared_blenders() -> Iterator[None]:
    """Ends the Blender processes that tests shared; `BlenderInTests.run` starts them when it needs them."""
    yield
    end_shared_blenders()


@pytest.fixture
def blender(blender_runtime: BlenderRuntime, tmp_path: Path) -> BlenderInTests:
    """Blender with a folder of its own."""
    return BlenderInTests(blender_runtime, tmp_path)


@pytest.fixture(scope="session")
def style_picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small picture with waves in two colors."""
    rows, columns = np.mgrid[0:64, 0:64]
    wave = 0.5 + 0.5 * np.sin(columns / 3.0 + 2.0 * np.sin(rows / 7.0))
    picture = np.stack([wave, 0.4 * wave, 1.0 - wave], axis=-1)
    path = tmp_path_factory.mktemp("style") / "waves.png"
    Image.fromarray((picture * 255.0).astype(np.uint8)).save(path)
    return path


@pytest.fixture(scope="session")
def blend_file(blender_runtime: BlenderRuntime, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A .blend of three 96x64 frames: a cube that moves over transparent film, one sample a pixel."""
    folder = tmp_path_factory.mktemp("blend")
    path = folder / "scene.blend"
    BlenderInTests(blender_runtime, folder).run(
        _SCENE + "bpy.ops.wm.save_as_mainfile(filepath=arguments[0])\nfinish()\n", str(path)
    )
    return path


@pytest.fixture
def make_job(blend_file: Path, style_picture: Path, tmp_path: Path) -> Callable[..., RenderJob]:
    """Makes a render job of few steps; keyword arguments replace its fields."""

    def make(**changes: Any) -> RenderJob:
        values: dict[str, Any] = {
            "blend": str(blend_file),
            "output": str(tmp_path / "out"),
            "styles": [str(style_picture)],
            "engine_python": sys.executable,
            "engine_path": str(REPOSITORY),
            "style_settings": TINY_STYLE,
            "sequence_settings": TINY_SEQUENCE,
        }
        return RenderJob(**(values | changes))

    return make


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs the command line with the given arguments, in the test's own process."""
    return make_cli(capfd, monkeypatch)
