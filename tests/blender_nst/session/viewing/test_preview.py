"""The preview's datablock holds display-referred and scene-linear pictures in turns, each as it is meant."""

from __future__ import annotations

import numpy as np
import OpenEXR
import pytest

from tests.blender_nst.blender_in_tests import BlenderInTests
from video.images.image_files import write_png

pytestmark = pytest.mark.across_versions

_SCRIPT = """
load().register()
from blender_nst.session.viewing import preview
state = preview.state_of(preview.PreviewState)
manager = bpy.context.window_manager
png, exr = Path(arguments[0]), Path(arguments[1])
seen = []
for styled, rendered in ((png, exr), (exr, png), (png, exr)):
    preview.show_of_look(styled, rendered)
    image = bpy.data.images[preview.IMAGE_NAME]
    seen.append([image.use_view_as_render, image.is_float, round(image.pixels[0], 3), image.users])
bpy.context.scene.view_settings.view_transform = "Standard"
manager.nst_preview_side = "DIVIDED"
seen.append(round(preview.divided_image().pixels[0], 3))
bpy.context.scene.view_settings.exposure = 1.0
os.utime(exr, (0, 0))  # another time: the file is another one
preview.show(manager)
seen.append(round(preview.divided_image().pixels[0], 3))
manager.nst_preview_side = "STYLED"
seen.append(preview.divided_image())
finish(seen)
"""


def srgb(linear: float) -> float:
    """IEC 61966-2-1."""
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1.0 / 2.4) - 0.055


def test_each_picture_is_read_and_shown_as_its_file_means_it(blender: BlenderInTests) -> None:
    png, exr = blender.folder / "shown.png", blender.folder / "light.exr"
    write_png(png, np.full((8, 16, 3), 0.6, np.float32))
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, {"RGB": np.full((8, 16, 3), 0.25, np.float32)}).write(str(exr))
    *shown, divided, brighter, none = blender.run(_SCRIPT, str(png), str(exr)).result
    of_png, of_exr = [False, False, 0.6, 0], [True, True, 0.25, 0]
    assert shown == [of_png, of_exr, of_png]
    # What lies beside the styled picture is the light through the scene's view transform.
    assert divided == pytest.approx(srgb(0.25), abs=0.003)
    assert brighter == pytest.approx(srgb(0.5), abs=0.003)
    assert none is None
