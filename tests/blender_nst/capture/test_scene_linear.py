"""A render's light goes through the style and back: into EXRs that Blender shows as the styled picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest
from PIL import Image

from blender_nst.cli.blenders.runtime import BlenderRuntime
from blender_nst.headless.job import RenderJob
from tests.blender_nst.blender_in_tests import BlenderInTests, HeadlessRun
from video.color.view_transform import ViewTransform
from video.images.exr import read_color
from video.images.image_files import read_image
from video.images.scene_linear import read_light

# Shades from dark to far beyond display white, over transparent film.
_SCENE = """
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.samples, scene.cycles.device, scene.cycles.use_denoising = 4, "CPU", False
scene.render.resolution_x, scene.render.resolution_y = 64, 48
scene.render.film_transparent = True
scene.frame_start = scene.frame_end = 1
scene.view_settings.view_transform = "AgX"
scene.view_settings.look = "AgX - Medium High Contrast"
scene.view_settings.exposure = 0.5
cube = bpy.data.objects["Cube"]
material = cube.data.materials[0]
material.use_nodes = True
shader = material.node_tree.nodes["Principled BSDF"]
shader.inputs["Base Color"].default_value = (0.8, 0.3, 0.1, 1.0)
bpy.ops.mesh.primitive_uv_sphere_add(radius=0.7, location=(1.5, -1.5, 1.0))
lamp = bpy.data.materials.new("lamp")
lamp.use_nodes = True
emission = lamp.node_tree.nodes["Principled BSDF"]
emission.inputs["Emission Color"].default_value = (1.0, 0.7, 0.3, 1.0)
emission.inputs["Emission Strength"].default_value = 30.0
bpy.context.object.data.materials.append(lamp)
bpy.ops.wm.save_as_mainfile(filepath=arguments[0])
finish()
"""


@dataclass(frozen=True)
class Runs:
    """The same frame with several settings."""

    blender: BlenderInTests
    blend: Path
    style: Path

    def stylize(self, name: str, style: dict[str, Any], sequence: dict[str, Any]) -> tuple[Path, HeadlessRun]:
        out = self.blender.folder / name
        environment = self.blender.environment()
        job = RenderJob(
            blend=str(self.blend),
            output=str(out),
            styles=[str(self.style)],
            engine_python=environment["BLENDER_NST_PYTHON"],
            engine_path=environment["BLENDER_NST_ENGINE_PATH"],
            style_settings={"steps": 8, "coarsest_size": 64, "device": "cpu", **style},
            sequence_settings={"movie": False, "contact_sheet": False, **sequence},
        )
        run = self.blender.headless(job)
        assert run.code == 0, run.output[-3000:]
        return out, run


@pytest.fixture(scope="module")
def runs(
    blender_runtime: BlenderRuntime, style_picture: Path, tmp_path_factory: pytest.TempPathFactory
) -> Runs:
    folder = tmp_path_factory.mktemp("light")
    blender = BlenderInTests(blender_runtime, folder)
    blender.run(_SCENE, str(folder / "scene.blend"))
    return Runs(blender, folder / "scene.blend", style_picture)


@pytest.fixture(scope="module")
def linear(runs: Runs) -> Path:
    """The output folder of a run with EXRs."""
    return runs.stylize("linear", {}, {"output_format": "exr"})[0]


@pytest.fixture(scope="module")
def shown(runs: Runs) -> Callable[[Path], np.ndarray]:
    """What Blender shows of an EXR through the scene's view, (H, W, 3) in 0..1."""

    def show(exr: Path) -> np.ndarray:
        png = runs.blender.folder / f"{exr.parent.parent.name}_shown.png"
        runs.blender.run(
            """
            bpy.ops.wm.open_mainfile(filepath=arguments[0])
            image = bpy.data.images.load(arguments[1])
            settings = bpy.context.scene.render.image_settings
            settings.file_format, settings.color_mode, settings.color_depth = "PNG", "RGBA", "16"
            image.save_render(arguments[2], scene=bpy.context.scene)
            finish()
            """,
            str(runs.blend),
            str(exr),
            str(png),
        )
        return read_image(png)[..., :3]

    return show


def test_strength_zero_gives_the_renders_light_back(runs: Runs) -> None:
    out, run = runs.stylize("identity", {"strength": 0.0, "steps": 1}, {"output_format": "exr"})
    (path,) = [Path(event["path"]) for event in run.of("frame_done")]
    assert path == out / "styled" / "styled_0001.exr"
    with OpenEXR.File(str(path)) as file:
        styled = file.parts[0].channels["RGBA"].pixels
    assert styled.dtype == np.float16
    rendered = read_color(out / "passes" / "passes_0001.exr")
    assert rendered.max() > 20.0
    np.testing.assert_array_equal(styled, rendered.astype(np.float16))


def test_the_views_probe_shows_light_as_blender_does(runs: Runs) -> None:
    out, _ = runs.stylize("probe", {"strength": 0.0, "steps": 1}, {"output_format": "png16"})
    light = read_light(out / "passes" / "passes_0001.exr")
    assert isinstance(light.space, ViewTransform)
    content = read_image(out / "content" / "content_0001.png")
    with Image.open(out / "content" / "content_0001.png") as image:
        assert image.size == (64, 48)
    visible = content[..., 3] == 1.0
    assert visible.mean() > 0.1
    error = np.abs(light.display() - content)[visible]
    assert error.mean() < 0.004
    assert error.max() < 0.05
    # Without the scene's view the very same light looks otherwise.
    assert np.abs(np.clip(light.straight(), 0.0, 1.0) - content[..., :3])[visible].mean() > 0.05
    np.testing.assert_array_equal(read_image(out / "styled" / "styled_0001.png"), content)


def test_blender_shows_the_styled_light_as_the_styled_picture(
    runs: Runs, linear: Path, shown: Callable[[Path], np.ndarray]
) -> None:
    display, _ = runs.stylize("display", {}, {"output_format": "png16"})
    wanted = read_image(display / "styled" / "styled_0001.png")
    content = read_image(display / "content" / "content_0001.png")
    visible = content[..., 3] == 1.0
    assert np.abs(wanted - content)[visible].mean() > 0.01
    error = np.abs(shown(linear / "styled" / "styled_0001.exr") - wanted[..., :3])[visible]
    # Some of the style's colors are such that AgX never shows them.
    assert np.median(error) < 0.004
    assert error.mean() < 0.02
    # Read back here it looks the same: the view is found from the file.
    again = read_image(linear / "styled" / "styled_0001.exr")
    assert np.median(np.abs(again - wanted)[visible]) < 0.004


def test_transparent_film_stays_transparent_with_clean_edges(linear: Path) -> None:
    styled = read_color(linear / "styled" / "styled_0001.exr")
    rendered = read_color(linear / "passes" / "passes_0001.exr")
    np.testing.assert_array_equal(styled[..., 3], rendered[..., 3].astype(np.float16))
    nothing = styled[..., 3] == 0.0
    assert nothing.any()
    assert not styled[nothing].any()
    # At partial alpha the color is premultiplied: never brighter than the surfaces beside it.
    edge = (styled[..., 3] > 0.0) & (styled[..., 3] < 1.0)
    assert edge.any()
    assert (styled[..., :3][edge] <= styled[..., 3:][edge] * styled[..., :3].max() * 1.01).all()
