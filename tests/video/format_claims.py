"""What is claimed to be read of each format: a file made by code, the colors that it shows, the tolerance.

The table in docs/formats.md is made of these claims (`tests.video.format_table`);
tests/video/images/test_format_claims.py holds each of them.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import OpenEXR
from PIL import Image, features

from tests.video.made_files.film_files import cineon, dpx, film_codes, portable_float_map
from tests.video.made_files.icc_files import (
    DISPLAY_P3,
    SRGB_CURVE,
    gamma_curve,
    make_gray_profile,
    make_profile,
)
from tests.video.made_files.picture_corpus import written
from tests.video.made_files.png_files import chromaticities_chunk, gamma_chunk, make_png, profile_chunk
from tests.video.made_files.tiff_files import Extra, Photometric, make_tiff

ROWS, COLUMNS = np.mgrid[0:40, 0:56]
# Whole levels of 8 bits, muted: within every gamut here. The first rows are gray.
LEVELS = np.stack([60 + 2 * COLUMNS, 60 + 3 * ROWS, 200 - 2 * COLUMNS], axis=2).astype(np.uint8)
LEVELS[:4] = LEVELS[:4, :, :1]
SHOWN = LEVELS / 255.0
GRAY = SHOWN[..., :1]
ALPHA = np.select([COLUMNS < 20, COLUMNS < 40], [128 / 255, 1.0], 0.0)[..., None]
LIGHT = np.where(SHOWN <= 0.04045, SHOWN / 12.92, ((SHOWN + 0.055) / 1.055) ** 2.4)
P3_OF_709 = np.array([[0.8225, 0.1774, 0.0], [0.0332, 0.9669, 0.0], [0.0171, 0.0724, 0.9108]])
P3_LIGHT = LIGHT @ P3_OF_709.T
P3 = np.where(P3_LIGHT <= 0.0031308, 12.92 * P3_LIGHT, 1.055 * P3_LIGHT ** (1 / 2.4) - 0.055)
P3_PROFILE = make_profile(DISPLAY_P3, SRGB_CURVE)


@dataclass(frozen=True)
class Claim:
    """A kind of file that is read right.

    Attributes:
        format: row of the table.
        what: of that format, in the table.
        suffix: of the file.
        make: the file, of a path where it may be written.
        shown: (H, W, 1, 3 or 4) in 0..1 that it shows; color counts where alpha is not zero.
        within: levels of 255 that colors may be off.
        available: whether a library that not every installation has is there.
    """

    format: str
    what: str
    suffix: str
    make: Callable[[Path], bytes]
    shown: np.ndarray = field(default_factory=lambda: SHOWN)
    within: float = 0.6
    available: Callable[[], bool] = lambda: True


def claims() -> list[Claim]:
    """All claims, format by format."""
    return [*_png(), *_jpeg(), *_webp(), *_tiff(), *_heif(), *_exr(), *_light_and_film(), *_others()]


def with_alpha(color: np.ndarray) -> np.ndarray:
    """(H, W, 2 or 4): color or gray with the alpha of all claims."""
    return np.concatenate([color, ALPHA], axis=2)


def pillow(pixels: np.ndarray, kind: str, mode: str | None = None, **options: Any) -> Callable[[Path], bytes]:
    """The file that Pillow makes of (H, W, C) in 0..1, in 8 bits."""

    def make(_: Path) -> bytes:
        levels = np.round(pixels * 255.0).astype(np.uint8)
        image = Image.fromarray(levels[..., 0] if levels.shape[2] == 1 else levels)
        stream = io.BytesIO()
        (image if mode is None else image.convert(mode)).save(stream, kind, **options)
        return stream.getvalue()

    return make


def oiio(pixels: np.ndarray, **attributes: str) -> Callable[[Path], bytes]:
    """The file that OpenImageIO makes of (H, W, C)."""
    return lambda path: written(path, pixels, attributes)


def _turned(kind: str, **options: Any) -> Callable[[Path], bytes]:
    exif = Image.Exif()
    exif[0x0112] = 6
    return pillow(np.ascontiguousarray(np.rot90(SHOWN, 1)), kind, exif=exif, **options)


def _png() -> Iterator[Claim]:
    def of(
        what: str, values: np.ndarray, shown: np.ndarray = SHOWN, bits: int = 16, **chunks: bytes
    ) -> Claim:
        content = make_png(values, {name.encode(): each for name, each in chunks.items()}, bits)
        return Claim("PNG", what, ".png", lambda _: content, shown)

    yield of("8 bits", SHOWN, bits=8)
    yield of("16 bits", SHOWN)
    yield of("gray", GRAY, GRAY)
    yield of("gray", GRAY, GRAY, bits=8)
    yield Claim("PNG", "palette", ".png", pillow(GRAY, "PNG", "P"), GRAY)
    yield of("alpha", with_alpha(SHOWN), with_alpha(SHOWN))
    yield of("alpha", with_alpha(GRAY), with_alpha(GRAY), bits=8)
    key = np.where(ALPHA == 0.0, 1.0, np.minimum(GRAY, 0.9))
    opaque = np.concatenate([key, (key < 1.0).astype(float)], axis=2)
    yield of("one transparent color", key, opaque, tRNS=b"\xff\xff")
    yield of("ICC profile", P3, iCCP=profile_chunk(P3_PROFILE))
    gray_profile = profile_chunk(make_gray_profile(gamma_curve(1.0)))
    yield of("ICC profile of gray", LIGHT[..., :1], GRAY, iCCP=gray_profile)
    yield of("cICP", P3, cICP=bytes([12, 13, 0, 1]))
    yield of("gAMA, cHRM", LIGHT, gAMA=gamma_chunk(1.0))
    yield of("gAMA, cHRM", P3, gAMA=gamma_chunk(0.45455), cHRM=chromaticities_chunk(DISPLAY_P3))
    yield Claim("PNG", "orientation", ".png", _turned("PNG"))


def _jpeg() -> Iterator[Claim]:
    best: dict[str, Any] = {"quality": 100, "subsampling": 0}
    base = Claim("JPEG", "8 bits", ".jpg", pillow(SHOWN, "JPEG", **best), within=4.0)
    yield base
    yield replace(base, what="gray", make=pillow(GRAY, "JPEG", **best), shown=GRAY)
    yield replace(base, what="progressive", make=pillow(SHOWN, "JPEG", progressive=True, **best))
    yield replace(base, what="CMYK", make=pillow(SHOWN, "JPEG", "CMYK", **best))
    yield replace(
        base, what="ICC profile", make=pillow(P3, "JPEG", icc_profile=P3_PROFILE, **best), within=6.0
    )
    gray = pillow(
        LIGHT[..., :1] ** (1 / 1.8), "JPEG", icc_profile=make_gray_profile(gamma_curve(1.8)), **best
    )
    yield replace(base, what="ICC profile of gray", make=gray, shown=GRAY)
    yield replace(base, what="orientation", make=_turned("JPEG", **best))


def _webp() -> Iterator[Claim]:
    base = Claim("WebP", "8 bits", ".webp", pillow(SHOWN, "WEBP", lossless=True))
    yield base
    yield replace(base, what="8 bits", make=pillow(SHOWN, "WEBP", quality=100), within=30.0)
    yield replace(
        base, what="alpha", make=pillow(with_alpha(SHOWN), "WEBP", lossless=True), shown=with_alpha(SHOWN)
    )
    yield replace(
        base, what="ICC profile", make=pillow(P3, "WEBP", lossless=True, icc_profile=P3_PROFILE), within=1.5
    )
    yield replace(base, what="orientation", make=_turned("WEBP", lossless=True))


def _tiff() -> Iterator[Claim]:
    def of(what: str, samples: np.ndarray, shown: np.ndarray = SHOWN, *rest: Any, **options: Any) -> Claim:
        content = make_tiff(samples, *rest, **options)
        return Claim("TIFF", what, ".tif", lambda _: content, shown)

    def deep(values: np.ndarray) -> np.ndarray:
        return np.round(values * 65535.0).astype(np.uint16)

    dark, black = Photometric.WHITE_IS_ZERO, Photometric.BLACK_IS_ZERO
    yield of("1 to 16 and 32 bits", LEVELS)
    yield of("1 to 16 and 32 bits", LEVELS // 16, LEVELS // 16 / 15.0, bits=4)
    yield of("1 to 16 and 32 bits", deep(SHOWN) // 16, bits=12)
    yield of("1 to 16 and 32 bits", deep(SHOWN))
    yield of("1 to 16 and 32 bits", np.round(SHOWN * (2.0**32 - 1)).astype(np.uint32))
    yield of("half, float", SHOWN.astype(np.float16))
    yield of("half, float", SHOWN.astype(np.float32))
    yield of("gray", deep(GRAY), GRAY, black)
    yield of("white is zero", deep(1.0 - GRAY), GRAY, dark)
    yield Claim("TIFF", "palette", ".tif", pillow(GRAY, "TIFF", "P"), GRAY, 1.1)
    straight, multiplied = with_alpha(SHOWN), with_alpha(SHOWN * ALPHA)
    yield of("straight alpha", deep(straight), straight, extras=[Extra.STRAIGHT_ALPHA])
    yield of("associated alpha", deep(multiplied), straight, extras=[Extra.ASSOCIATED_ALPHA])
    gray = with_alpha(GRAY * ALPHA)
    yield of("associated alpha", deep(gray), with_alpha(GRAY), black, extras=[Extra.ASSOCIATED_ALPHA])
    yield of("separate planes", deep(SHOWN), planar=True)
    yield of("big-endian", deep(SHOWN), big_endian=True)
    yield of("orientation", deep(np.ascontiguousarray(np.rot90(SHOWN, 1))), orientation=6)
    yield of("ICC profile", deep(P3), profile=P3_PROFILE)
    encoded = cv2.imencode(".tif", cv2.cvtColor(deep(SHOWN), cv2.COLOR_RGB2BGR))[1].tobytes()
    yield Claim("TIFF", "LZW, Deflate, PackBits, JPEG", ".tif", lambda _: encoded)
    for method, within in (("tiff_lzw", 0.6), ("tiff_adobe_deflate", 0.6), ("packbits", 0.6), ("jpeg", 20.0)):
        make = pillow(SHOWN, "TIFF", compression=method)
        yield Claim("TIFF", "LZW, Deflate, PackBits, JPEG", ".tif", make, within=within)
    yield Claim("TIFF", "CMYK", ".tif", pillow(SHOWN, "TIFF", "CMYK"), within=1.0)


def _heif() -> Iterator[Claim]:
    best: dict[str, Any] = {"quality": 100, "subsampling": "4:4:4"}
    base = Claim(
        "AVIF",
        "8 bits",
        ".avif",
        pillow(SHOWN, "AVIF", **best),
        within=3.0,
        available=lambda: bool(features.check("avif")),
    )
    yield base
    yield replace(base, what="alpha", make=pillow(with_alpha(SHOWN), "AVIF", **best), shown=with_alpha(SHOWN))
    yield replace(
        base, what="ICC profile", make=pillow(P3, "AVIF", icc_profile=P3_PROFILE, **best), within=7.0
    )
    yield replace(base, what="orientation", make=_turned("AVIF", **best))

    def heic(pixels: np.ndarray) -> Callable[[Path], bytes]:
        def make(path: Path) -> bytes:
            import pillow_heif  # pyright: ignore[reportMissingImports]

            pillow_heif.register_heif_opener()
            return pillow(pixels, "HEIF", quality=100, chroma=444)(path)

        return make

    base = Claim(
        "HEIC, with pillow-heif",
        "8 bits",
        ".heic",
        heic(SHOWN),
        within=4.0,
        available=lambda: bool(find_spec("pillow_heif")),
    )
    yield base
    yield replace(base, what="alpha", make=heic(with_alpha(SHOWN)), shown=with_alpha(SHOWN))


def _exr() -> Iterator[Claim]:
    light = LIGHT.astype(np.float32)
    straight = with_alpha(SHOWN)
    whole = with_alpha(LIGHT * ALPHA).astype(np.float32)
    other = np.zeros((40, 56), np.float32)

    def parts(*named: tuple[str, dict[str, np.ndarray]], **header: Any) -> Callable[[Path], bytes]:
        def make(path: Path) -> bytes:
            made = [
                OpenEXR.Part({"type": OpenEXR.scanlineimage} | header, dict(channels), name)
                for name, channels in named
            ]
            OpenEXR.File(made).write(str(path))
            return path.read_bytes()

        return make

    def channels(names: tuple[str, ...], pixels: np.ndarray = whole) -> dict[str, np.ndarray]:
        return {name: np.ascontiguousarray(pixels[..., place]) for place, name in enumerate(names)}

    base = Claim("OpenEXR", "half", ".exr", parts(("", channels(tuple("RGB"), light.astype(np.float16)))))
    yield base
    yield replace(base, what="float", make=parts(("", channels(tuple("RGB"), light))))
    yield replace(base, what="premultiplied alpha", make=parts(("", channels(tuple("RGBA")))), shown=straight)
    for name in ("NO", "RLE", "ZIPS", "ZIP", "PIZ"):
        method = getattr(OpenEXR, f"{name}_COMPRESSION")
        make = parts(("", channels(tuple("RGB"), light)), compression=method)
        yield replace(base, what="every compression", make=make)
    for name in ("PXR24", "B44", "B44A", "DWAA", "DWAB"):
        method = getattr(OpenEXR, f"{name}_COMPRESSION")
        make = parts(("", channels(tuple("RGB"), light.astype(np.float16))), compression=method)
        yield replace(base, what="every compression", make=make, within=6.0)
    tiles = OpenEXR.TileDescription()
    tiles.xSize = tiles.ySize = 16
    tiled = parts(("", channels(tuple("RGB"), light)), type=OpenEXR.tiledimage, tiles=tiles)
    yield replace(base, what="tiled", make=tiled)
    multilayer = channels(tuple(f"ViewLayer.Combined.{each}" for each in "RGBA")) | {
        "ViewLayer.Depth.Z": other
    }
    yield replace(base, what="multilayer", make=parts(("", multilayer)), shown=straight)
    named = parts(("albedo", dict.fromkeys("RGB", other)), ("beauty", channels(tuple("RGBA"))))
    yield replace(base, what="parts by name", make=named, shown=straight)
    renderman = channels(("Ci.r", "Ci.g", "Ci.b", "a")) | {"Oi.r": other}
    yield replace(base, what="channels of other renderers", make=parts(("", renderman)), shown=straight)
    words = parts(("", channels(("Red", "Green", "Blue", "Alpha"))))
    yield replace(base, what="channels of other renderers", make=words, shown=straight)
    stereo = channels(tuple("RGBA")) | {f"right.{each}": other for each in "RGBA"}
    first = parts(("", stereo), multiView=["left", "right"])
    yield replace(base, what="the first of several views", make=first, shown=straight)
    primaries = parts(("", channels(tuple("RGB"), P3_LIGHT.astype(np.float32))), chromaticities=DISPLAY_P3)
    yield replace(base, what="primaries", make=primaries, within=1.0)


def _light_and_film() -> Iterator[Claim]:
    light = LIGHT.astype(np.float32)
    yield Claim("Radiance HDR", "as light", ".hdr", oiio(light), within=5.0)
    yield Claim("PFM", "as light", ".pfm", lambda _: portable_float_map(LIGHT))
    codes = film_codes(SHOWN)
    yield Claim("DPX", "as light, as Blender writes it", ".dpx", lambda _: dpx(LIGHT, 2, b"OpenImageIO"))
    yield Claim(
        "DPX", "scanned film (printing density)", ".dpx", lambda _: dpx(codes / 1023.0, 1, b"scanner")
    )
    yield Claim("DPX", "video", ".dpx", lambda _: dpx(SHOWN, 6, b"editor"))
    scan = cineon(np.round(codes).astype(np.uint32))
    yield Claim("Cineon", "10 bits, as Blender writes it", ".cin", lambda _: scan, within=2.0)


def _others() -> Iterator[Claim]:
    deep = np.round(SHOWN * 65535.0).astype(np.uint16)
    alpha = np.round(with_alpha(SHOWN) * 255.0).astype(np.uint8)
    for name, suffix in (("TGA", ".tga"), ("BMP", ".bmp"), ("SGI (Iris)", ".sgi"), ("IFF", ".iff")):
        yield Claim(name, "8 bits", suffix, oiio(LEVELS))
        yield Claim(name, "alpha", suffix, oiio(alpha), with_alpha(SHOWN))
    yield Claim("SGI (Iris)", "16 bits", ".sgi", oiio(deep))
    lossless: dict[str, Any] = {"irreversible": False}
    yield Claim("JPEG 2000", "8 bits", ".jp2", pillow(SHOWN, "JPEG2000", **lossless))
    yield Claim("JPEG 2000", "16 bits", ".j2c", oiio(deep))
    yield Claim(
        "JPEG 2000", "alpha", ".jp2", pillow(with_alpha(SHOWN), "JPEG2000", **lossless), with_alpha(SHOWN)
    )
    yield Claim("JPEG 2000", "YCC", ".jp2", pillow(SHOWN, "JPEG2000", "YCbCr", **lossless), within=3.0)
    yield Claim("JPEG XL", "8 and 16 bits", ".jxl", oiio(LEVELS), within=6.0)
    yield Claim("JPEG XL", "8 and 16 bits", ".jxl", oiio(deep), within=6.0)
    yield Claim("PNM", "8 and 16 bits", ".ppm", oiio(LEVELS))
    yield Claim("PNM", "8 and 16 bits", ".ppm", oiio(deep))
    yield Claim("PNM", "gray", ".pgm", pillow(GRAY, "PPM"), GRAY)
    opaque = np.concatenate([GRAY, np.ones_like(GRAY)], axis=2)
    yield Claim("GIF", "a still picture", ".gif", pillow(GRAY, "GIF"), opaque)
