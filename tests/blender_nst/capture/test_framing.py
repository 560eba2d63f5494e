"""Render regions, from Blender's scene to the styled frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.blender_nst.blender_in_tests import BlenderInTests
from tests.blender_nst.test_handlers import run_in

pytestmark = pytest.mark.across_versions


def picture(output: Path, kind: str, frame: int) -> np.ndarray:
    return np.asarray(Image.open(output / kind / f"{kind}_{frame:04d}.png")).astype(int)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_what_a_render_region_leaves_out_stays_black(
    blender: BlenderInTests, blend_file: Path, style_picture: Path, mode: str
) -> None:
    run = run_in(
        blender,
        f"scene.render.image_settings.color_mode = {mode!r}"
        + """
scene.frame_end = 2
scene.render.film_transparent = False
scene.render.use_border = True
scene.render.border_min_x, scene.render.border_max_x = 0.25, 0.8
scene.render.border_min_y, scene.render.border_max_y = 0.1, 0.6
nst.output_format = "PNG"
bpy.ops.render.render(animation=True)
finish(state()["done"])
""",
        blend_file,
        style_picture,
    )
    assert run.result == [1, 2], run.output[-2000:]
    outside = np.ones((64, 96), bool)
    # Columns 24 to 75, and from the bottom rows 6 to 37.
    outside[64 - 38 : 64 - 6, 24:76] = False
    for frame in (1, 2):
        content, styled = (picture(blender.folder / "out", kind, frame) for kind in ("content", "styled"))
        assert content[outside][:, :3].max() <= 1, "black, with Blender's dither"
        assert all(edge[:, :3].mean() > 10.0 for edge in (content[26, 24:76], content[57, 24:76]))
        assert all(edge[:, :3].mean() > 10.0 for edge in (content[26:58, 24], content[26:58, 75]))
        assert np.array_equal(styled[outside], content[outside])
        inside = np.abs(styled[~outside][:, :3] - content[~outside][:, :3]).max(axis=1)
        assert (inside > 2).mean() > 0.6


def test_a_cropped_region_is_a_picture_of_its_own(
    blender: BlenderInTests, blend_file: Path, style_picture: Path
) -> None:
    run = run_in(
        blender,
        """
scene.frame_end = 1
scene.render.film_transparent = False
scene.render.use_border = scene.render.use_crop_to_border = True
scene.render.border_min_x, scene.render.border_max_x = 0.25, 0.75
scene.render.border_min_y, scene.render.border_max_y = 0.0, 1.0
bpy.ops.render.render(animation=True)
finish(state()["done"])
""",
        blend_file,
        style_picture,
    )
    assert run.result == [1], run.output[-2000:]
    content, styled = (picture(blender.folder / "out", kind, 1) for kind in ("content", "styled"))
    assert content.shape[:2] == styled.shape[:2] == (64, 48)
    assert (np.abs(styled[..., :3] - content[..., :3]).max(axis=2) > 2).mean() > 0.9
