"""Every picture format that Blender writes is read as Blender shows it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.blender_nst.blender_in_tests import BlenderInTests
from video.errors import FileError
from video.images.image_files import image_size, read_picture

# A float image of premultiplied light with known display colors, saved in every format, color mode and depth.
_SCRIPT = """
import numpy as np
folder = arguments[0]
scene = bpy.context.scene
scene.view_settings.view_transform = "Standard"
shown = np.load(folder + "/shown.npy")
height, width = shown.shape[:2]
light = np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)

def made(alpha):
    image = bpy.data.images.new("made", width, height, alpha=True, float_buffer=True)
    image.colorspace_settings.name = "Linear Rec.709"
    image.alpha_mode = "PREMUL"
    opacity = shown[..., 3:] if alpha else np.ones_like(shown[..., 3:])
    pixels = np.concatenate([light[..., :3] * opacity, opacity], axis=2)[::-1]
    image.pixels.foreach_set(np.ascontiguousarray(pixels, np.float32).ravel())
    image.update()
    return image

images = {mode: made(mode == "RGBA") for mode in ("BW", "RGB", "RGBA")}
settings = scene.render.image_settings
variants = {
    "BMP": ("bmp", [{}]),
    "IRIS": ("rgb", [{}]),
    "PNG": ("png", [{}]),
    "JPEG": ("jpg", [{"quality": 100}]),
    "WEBP": ("webp", [{"quality": 100}]),
    "TARGA": ("tga", [{}]),
    "TARGA_RAW": ("tga", [{}]),
    "JPEG2000": ("jp2", [
        {"jpeg2k_codec": codec, "use_jpeg2k_ycc": ycc, "quality": 100}
        for codec in ("JP2", "J2K") for ycc in (False, True)
    ]),
    "CINEON": ("cin", [{}]),
    "DPX": ("dpx", [{"use_cineon_log": log} for log in (False, True)]),
    "OPEN_EXR": ("exr", [{"exr_codec": codec} for codec in ("NONE", "ZIP", "PIZ", "DWAA")]),
    "HDR": ("hdr", [{}]),
    "TIFF": ("tif", [{"tiff_codec": codec} for codec in ("NONE", "DEFLATE", "LZW", "PACKBITS")]),
}
for kind, (suffix, options) in variants.items():
    try:
        settings.file_format = kind
    except TypeError:
        continue
    for mode in images:
        for depth in ("8", "10", "12", "16", "32"):
            for option in options:
                try:
                    settings.color_mode, settings.color_depth = mode, depth
                    for name, value in option.items():
                        setattr(settings, name, value)
                except TypeError:
                    continue
                values = "_".join(str(value) for value in option.values())
                name = "-".join((kind, mode, depth, values)) + "." + suffix
                try:
                    images[mode].save_render(folder + "/" + name, scene=scene)
                except RuntimeError:
                    pass
finish()
"""

HEIGHT, WIDTH = 48, 64
ROWS, COLUMNS = np.mgrid[0:HEIGHT, 0:WIDTH]
# What a format loses of a level of 1/255: it rounds, or is lossy. Eight bits of light are coarse in the dark.
WITHIN = {"JPEG": 5.0, "WEBP": 6.0, "HDR": 9.0, "CINEON": 2.0, "DPX": 2.0}
WITHIN_LIGHT_OF_8_BITS = 5.0
WITHIN_DWAA = 5.0
LUMA = np.array([0.2126, 0.7152, 0.0722])
# By the beginning of their names, and what is said of them. Some Blender writes them so that they are read.
REFUSED = {
    **{f"JPEG2000-{mode}-{depth}-JP2_True": "YCC" for mode in ("BW", "RGB", "RGBA") for depth in (8, 12, 16)},
    "DPX-RGBA-10": "12 or 16 bits",
}
# Pillow reads these as OpenImageIO does; Blender's own reader refuses them.
BROKEN = ("IRIS-BW",)


def shown() -> np.ndarray:
    """(H, W, 4): no color near black, where light in few bits has no levels."""
    color = [0.1 + 0.85 * COLUMNS / (WIDTH - 1), 0.1 + 0.85 * ROWS / (HEIGHT - 1), np.full(ROWS.shape, 0.5)]
    alpha = np.ones((HEIGHT, WIDTH))
    alpha[8:24, 10:40] = 0.5
    alpha[30:40, 10:30] = 0.0
    return np.stack([*color, alpha], axis=2)


def linear(display: np.ndarray) -> np.ndarray:
    return np.where(display <= 0.04045, display / 12.92, ((display + 0.055) / 1.055) ** 2.4)


def display(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


@pytest.fixture
def files(blender: BlenderInTests, tmp_path: Path) -> list[Path]:
    folder = tmp_path / "formats"
    folder.mkdir()
    np.save(folder / "shown.npy", shown())
    blender.run(_SCRIPT, str(folder))
    return [path for path in sorted(folder.iterdir()) if path.suffix != ".npy"]


def within(name: str) -> float:
    """Levels that a file of this name may be off."""
    kind, _, depth, option = name.rpartition(".")[0].split("-")
    if option == "DWAA":
        return WITHIN_DWAA
    return WITHIN_LIGHT_OF_8_BITS if (kind, depth) == ("DPX", "8") else WITHIN.get(kind, 1.0)


def error(path: Path, image: np.ndarray) -> float:
    """The largest error where something is visible, in levels of 255."""
    truth = shown()
    mode = path.name.split("-")[1]
    if mode != "BW":
        visible = truth[..., 3] > 0.0 if mode == "RGBA" else np.ones((HEIGHT, WIDTH), bool)
        return float(np.abs(image[..., :3] - truth[..., :3])[visible].max() * 255.0)
    # What Blender makes of color in gray differs by format: luma of display values or of light, red, color.
    gray = [truth[..., :3] @ LUMA, display(linear(truth[..., :3]) @ LUMA), truth[..., 0]]
    candidates = [truth[..., :3], *(each[..., None] for each in gray)]
    return float(min(np.abs(image[..., :3] - each).max() for each in candidates) * 255.0)


@pytest.mark.across_versions
def test_every_output_format_is_read_as_blender_shows_it(files: list[Path]) -> None:
    assert len({path.name.split("-")[0] for path in files}) >= 10
    assert len(files) >= 90
    wrong: dict[str, str] = {}
    for path in files:
        if path.name.startswith(BROKEN):
            continue
        said = next((said for start, said in REFUSED.items() if path.name.startswith(start)), None)
        try:
            image = read_picture(path).image
        except FileError as refused:
            if said is None or said not in str(refused):
                wrong[path.name] = str(refused)
            continue
        assert image_size(path) == (WIDTH, HEIGHT)
        assert image.shape[2] == (4 if "-RGBA-" in path.name else 3), path.name
        off = error(path, image)
        if off > within(path.name):
            wrong[path.name] = f"off by {off:.1f} levels"
        if image.shape[2] == 4 and np.abs(image[..., 3] - shown()[..., 3]).max() > 1.0 / 255.0:
            wrong[path.name] = "alpha"
    assert not wrong
