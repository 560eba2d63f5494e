"""Registry of the picture formats that can be read. Another one is one entry here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import OpenImageIO as oiio

from video.color.color_space import CineonLog, ColorSpace, SceneLinear
from video.files.decode_limits import DEFLATE_EXPANSION
from video.files.image_io import error_of
from video.images.headers import bmp_alpha, tga_alpha
from video.images.headers.isobmff import HEIF_SUFFIXES
from video.images.headers.jp2_boxes import mislabeled_ycc
from video.images.headers.jpeg_scans import too_many_scans
from video.images.headers.png_chunks import is_animated_png
from video.images.headers.tiff_tags import has_associated_alpha, unreadable_tiff
from video.images.sample_values import has_float_samples

ANIMATION = "is an animation; save the picture that is meant as a file of its own"


@dataclass(frozen=True)
class PictureFormat:
    """A kind of picture file.

    Attributes:
        name: OpenImageIO's name of the format.
        suffixes: lower case, by which the pictures in a folder are found; a named file may have any.
        space: of an open file that does not name the space of its colors; None for sRGB.
        for_styles: whether a style picture may well be one: not rendered light and scanned film.
        refusal: why an open file is not read, though it is whole; None if it is.
        is_animation: tells it of an open file, where the format has animations.
        floats: whether it may have samples of floating point.
        without_alpha: tells of a file whether what OpenImageIO takes for alpha is none.
        premultiplied: tells of a file whether its colors are multiplied by its alpha; they never are by
            default.
        expansion: bytes of samples that one byte of a file can hold, see `decode_limits`.
    """

    name: str
    suffixes: tuple[str, ...] = ()
    space: Callable[[oiio.ImageSpec], ColorSpace | None] = lambda spec: None
    refusal: Callable[[Path, oiio.ImageSpec], str | None] = lambda path, spec: None
    for_styles: bool = True
    is_animation: Callable[[oiio.ImageInput, Path], bool] | None = None
    floats: bool = False
    without_alpha: Callable[[Path], bool] = lambda path: False
    premultiplied: Callable[[Path], bool] = lambda path: False
    expansion: int = DEFLATE_EXPANSION


def _says_movie(image: oiio.ImageInput, _: Path) -> bool:
    return bool(image.spec().get_int_attribute("oiio:Movie"))


def _has_second_frame(image: oiio.ImageInput, _: Path) -> bool:
    several = image.seek_subimage(1, 0)
    # That there is no second picture is no error.
    error_of(image)
    return several


def _dpx_space(spec: oiio.ImageSpec) -> ColorSpace | None:
    """Light, as Blender writes and reads it, but of files that say something else.

    Blender's own option *Log* marks light as log: OpenImageIO, by which it writes, leaves the values alone.
    """
    transfer = spec.get_string_attribute("dpx:Transfer")
    if transfer in _DPX_VIDEO:
        return None
    by_openimageio = spec.get_string_attribute("Software").startswith("OpenImageIO")
    return CineonLog() if transfer in _DPX_LOG and not by_openimageio else SceneLinear()


def _misread_dpx(_: Path, spec: oiio.ImageSpec) -> str | None:
    """Three samples of 10 bits are in a word: OpenImageIO misses a row's last one that is alone in its."""
    bits = spec.get_int_attribute("oiio:BitsPerSample")
    if bits == 10 and spec.nchannels == 4 and spec.width * spec.nchannels % 3 == 1:
        return "has alpha in 10 bits, which cannot be read at this width; save it with 12 or 16 bits"
    return None


_DPX_LOG = ("Printing density", "Logarithmic")
_DPX_VIDEO = (
    "SMPTE 274M",
    "ITU-R 709-4",
    "ITU-R 601-5 system B or G",
    "ITU-R 601-5 system M",
    "NTSC composite video",
    "PAL composite video",
    "Unspecified video",
)

# Ten bits of a sample that is stored uncompressed are told as sixteen.
_UNCOMPRESSED = 2
# Of flat pictures, by wavelets and predictors.
_ALMOST_ANY = 1_000_000

FORMATS: Mapping[str, PictureFormat] = {
    each.name: each
    for each in (
        PictureFormat("png", (".png",), is_animation=lambda _, path: is_animated_png(path)),
        PictureFormat("jpeg", (".jpg", ".jpeg"), refusal=lambda path, _: too_many_scans(path)),
        PictureFormat("webp", (".webp",), is_animation=_says_movie, expansion=_ALMOST_ANY),
        PictureFormat(
            "tiff",
            (".tif", ".tiff"),
            refusal=lambda path, _: unreadable_tiff(path),
            floats=True,
            premultiplied=has_associated_alpha,
        ),
        PictureFormat("bmp", (".bmp",), without_alpha=bmp_alpha.has_no_alpha),
        PictureFormat("gif", is_animation=_has_second_frame),
        PictureFormat("openexr", (".exr",), lambda spec: SceneLinear(), for_styles=False, floats=True),
        # Blender writes light into both, and reads both as light.
        PictureFormat("hdr", (".hdr",), lambda spec: SceneLinear(), for_styles=False, floats=True),
        PictureFormat("dpx", (".dpx",), _dpx_space, _misread_dpx, for_styles=False, floats=True),
        PictureFormat(
            "cineon", (".cin",), lambda spec: CineonLog(), for_styles=False, expansion=_UNCOMPRESSED
        ),
        PictureFormat(
            "targa",
            (".tga",),
            without_alpha=tga_alpha.has_no_alpha,
            premultiplied=tga_alpha.is_premultiplied,
        ),
        PictureFormat("sgi", (".rgb", ".rgba", ".sgi", ".bw")),
        PictureFormat(
            "jpeg2000",
            (".jp2", ".j2c", ".j2k"),
            refusal=lambda path, _: mislabeled_ycc(path),
            expansion=_ALMOST_ANY,
        ),
        PictureFormat("jpegxl", (".jxl",), is_animation=_says_movie, expansion=_ALMOST_ANY),
        PictureFormat("iff", (".iff",)),
        # Floats (PFM) are light.
        PictureFormat(
            "pnm",
            (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),
            lambda spec: SceneLinear() if has_float_samples(spec) else None,
            floats=True,
        ),
    )
}

IMAGE_SUFFIXES = frozenset(
    (*HEIF_SUFFIXES, *(suffix for each in FORMATS.values() for suffix in each.suffixes))
)
