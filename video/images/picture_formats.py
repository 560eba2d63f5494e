"""Registry of the picture formats that can be read. Another one is one entry here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import OpenImageIO as oiio

from video.color.color_space import CineonLog, ColorSpace, SceneLinear
from video.files.decode_limits import DEFLATE_EXPANSION
from video.files.image_io import error_of
from video.images.png_chunks import is_animated_png
from video.images.tiff_tags import has_associated_alpha


@dataclass(frozen=True)
class PictureFormat:
    """A kind of picture file.

    Attributes:
        name: OpenImageIO's name of the format.
        suffixes: lower case, by which the pictures in a folder are found; a named file may have any.
        space: of files that do not name the space of their colors; None for sRGB.
        is_animation: tells it of an open file, where the format has animations.
        floats: whether it may have samples of floating point.
        premultiplied: tells of a file whether its colors are multiplied by its alpha; they never are by
            default.
        expansion: bytes of pixels that one byte of a file can hold, see `decode_limits`.
    """

    name: str
    suffixes: tuple[str, ...] = ()
    space: ColorSpace | None = None
    is_animation: Callable[[oiio.ImageInput, Path], bool] | None = None
    floats: bool = False
    premultiplied: Callable[[Path], bool] = lambda path: False
    expansion: int = DEFLATE_EXPANSION


def _says_movie(image: oiio.ImageInput, _: Path) -> bool:
    return bool(image.spec().get_int_attribute("oiio:Movie"))


def _has_second_frame(image: oiio.ImageInput, _: Path) -> bool:
    several = image.seek_subimage(1, 0)
    # That there is no second picture is no error.
    error_of(image)
    return several


# Ten bits of a pixel that is stored uncompressed become floats.
_UNCOMPRESSED = 8

FORMATS: Mapping[str, PictureFormat] = {
    each.name: each
    for each in (
        PictureFormat("png", (".png",), is_animation=lambda _, path: is_animated_png(path)),
        PictureFormat("jpeg", (".jpg", ".jpeg")),
        PictureFormat("webp", (".webp",), is_animation=_says_movie),
        PictureFormat("tiff", (".tif", ".tiff"), floats=True, premultiplied=has_associated_alpha),
        PictureFormat("bmp", (".bmp",)),
        PictureFormat("gif", is_animation=_has_second_frame),
        PictureFormat("openexr", (".exr",), SceneLinear(), floats=True),
        # Blender writes light into both, and reads both as light.
        PictureFormat("hdr", (".hdr",), SceneLinear(), floats=True),
        PictureFormat("dpx", (".dpx",), SceneLinear(), floats=True),
        PictureFormat("cineon", (".cin",), CineonLog(), expansion=_UNCOMPRESSED),
        PictureFormat("targa", (".tga",)),
        PictureFormat("sgi", (".rgb", ".rgba", ".sgi", ".bw")),
        PictureFormat("jpeg2000", (".jp2", ".j2c", ".j2k")),
        PictureFormat("jpegxl", (".jxl",), is_animation=_says_movie),
        PictureFormat("iff", (".iff",)),
        PictureFormat("pnm", (".ppm", ".pgm")),
    )
}

IMAGE_SUFFIXES = frozenset(suffix for each in FORMATS.values() for suffix in each.suffixes)
