"""Hundreds of pictures made by code, good, odd, damaged and hostile, each with what is to become of it."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import OpenEXR
import OpenImageIO as oiio
from PIL import Image, ImageCms

from tests.video.made_files.film_files import cineon, film_codes

RNG = np.random.default_rng(7)
ROWS, COLUMNS = np.mgrid[0:20, 0:24]
GRAY = (10 * COLUMNS).astype(np.uint8)
RGB = np.stack([GRAY, 12 * ROWS.astype(np.uint8), 255 - GRAY], axis=2).astype(np.uint8)
RGBA = np.concatenate([RGB, np.where(COLUMNS < 12, 0, 255).astype(np.uint8)[..., None]], axis=2)
LIGHT = (RGB / 255.0).astype(np.float32)


@dataclass(frozen=True)
class Case:
    """A file.

    Attributes:
        good: whether it must be read; None where either is right.
        colors: (H, W, 3) in 0..1 that it must show, where that is known.
        within: how far off they may be.
    """

    name: str
    content: bytes
    good: bool | None
    colors: np.ndarray | None = None
    within: float = 0.002


def corpus(scratch: Path) -> list[Case]:
    """All cases; `scratch` is a folder for what cannot be made in memory."""
    return [
        *_rasters(),
        *_sixteen_bits(),
        *_profiles(),
        *_cut_short(),
        *_flipped(),
        *_wrong_names(),
        *_headers(),
        *_exrs(scratch),
        *_damaged_exrs(scratch),
        *_sizes(),
        *_other_formats(scratch),
    ]


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The file of a picture."""
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def png_of(width: int, height: int, bits: int = 8, color: int = 2, pixels: bytes = b"") -> bytes:
    """A PNG with this header, whatever its pixels."""
    header = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, content)
        for kind, content in ((b"IHDR", header), (b"IDAT", zlib.compress(pixels)), (b"IEND", b""))
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _rasters() -> Iterator[Case]:
    rgb, rgba, gray = Image.fromarray(RGB), Image.fromarray(RGBA), Image.fromarray(GRAY)
    shown = RGB / 255.0
    gray_shown = np.repeat(GRAY[..., None], 3, axis=2) / 255.0
    for kind, suffix in (("PNG", "png"), ("TIFF", "tif"), ("BMP", "bmp")):
        yield Case(f"rgb.{suffix}", encoded(rgb, kind), True, shown)
        yield Case(f"gray.{suffix}", encoded(gray, kind), True, gray_shown)
        yield Case(f"one_bit.{suffix}", encoded(Image.fromarray(GRAY > 99), kind), True)
        yield Case(f"palette.{suffix}", encoded(rgb.quantize(250), kind), True, shown, 0.2)
    for kind, suffix in (("PNG", "png"), ("TIFF", "tif")):
        yield Case(f"rgba.{suffix}", encoded(rgba, kind), True, shown)
        yield Case(f"gray_alpha.{suffix}", encoded(rgba.convert("LA"), kind), True)
    yield Case("rgb.webp", encoded(rgb, "WEBP", lossless=True), True, shown)
    yield Case("rgba.webp", encoded(rgba, "WEBP", lossless=True, exact=True), True, shown)
    yield Case("lossy.webp", encoded(rgb, "WEBP"), True, shown, 0.3)
    for quality in (5, 75, 100):
        yield Case(f"quality_{quality}.jpg", encoded(rgb, "JPEG", quality=quality), True, shown, 0.5)
    yield Case("gray.jpg", encoded(gray, "JPEG"), True, gray_shown, 0.1)
    yield Case("progressive.jpg", encoded(rgb, "JPEG", progressive=True), True, shown, 0.3)
    yield Case("cmyk.jpg", encoded(rgb.convert("CMYK"), "JPEG", quality=100), True, shown, 0.3)
    yield Case("cmyk.tif", encoded(rgb.convert("CMYK"), "TIFF"), True, shown, 0.05)
    yield Case("ycbcr.tif", encoded(rgb.convert("YCbCr"), "TIFF"), True, shown, 0.05)
    yield Case("lab.tif", encoded(_lab(rgb), "TIFF"), False)
    yield Case("still.gif", encoded(rgb, "GIF"), True)
    for number, compression in enumerate(("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")):
        case = encoded(rgb, "TIFF", compression=compression)
        yield Case(f"compressed_{number}.tif", case, True, shown, 0.3 if compression == "jpeg" else 0.002)
    frames = [rgb, Image.fromarray(255 - RGB)]
    for kind, suffix in (("PNG", "png"), ("WEBP", "webp"), ("GIF", "gif")):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        yield Case(f"animated.{suffix}", data, False)
    yield Case("pages.tif", encoded(rgb, "TIFF", save_all=True, append_images=frames[1:]), True, shown)
    exif = Image.Exif()
    for orientation in range(0, 11):
        exif[0x0112] = orientation
        yield Case(f"turned_{orientation}.jpg", encoded(rgb, "JPEG", exif=exif), True)
    yield Case("bad_exif.jpg", encoded(rgb, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff"), True)
    yield Case("interlaced.png", _interlaced(), None)


def _lab(rgb: Image.Image) -> Image.Image:
    lab = ImageCms.profileToProfile(
        rgb, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert lab is not None
    return lab


def _interlaced() -> bytes:
    data = bytearray(encoded(Image.fromarray(RGB), "PNG"))
    data[28] = 1
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    return bytes(data)


def _sixteen_bits() -> Iterator[Case]:
    color = (RGB.astype(np.uint16) * 257 + 7 * (RGB < 250)).astype(np.uint16)
    alpha = np.concatenate([color, RGBA[..., 3:].astype(np.uint16) * 257], axis=2)
    for suffix in ("png", "tif"):
        for name, pixels in (("gray", color[..., 0]), ("rgb", color), ("rgba", alpha)):
            order = {"gray": None, "rgb": cv2.COLOR_RGB2BGR, "rgba": cv2.COLOR_RGBA2BGRA}[name]
            data = pixels if order is None else cv2.cvtColor(pixels, order)
            shown = np.repeat(pixels[..., None], 3, axis=2) if name == "gray" else pixels[..., :3]
            content = cv2.imencode(f".{suffix}", data)[1].tobytes()
            yield Case(f"deep_{name}.{suffix}", content, True, shown / 65535.0, 1e-6)
            yield Case(f"deep_{name}_cut.{suffix}", content[: len(content) * 2 // 3], False)
    gray = np.repeat(LIGHT[..., :1], 3, axis=2)
    yield Case("float32.tif", encoded(Image.fromarray(LIGHT[..., 0]), "TIFF"), True, gray, 1e-6)
    yield Case("int32.tif", encoded(Image.fromarray(RGB[..., 0].astype(np.int32)), "TIFF"), False)
    for tag, value in ((262, 5), (262, 8), (262, 0), (262, 77), (258, 17), (277, 5), (339, 3)):
        name = f"deep_tag_{tag}_{value}.tif"
        content = cv2.imencode(".tif", cv2.cvtColor(color, cv2.COLOR_RGB2BGR))[1].tobytes()
        yield Case(name, _with_tag(content, tag, value), None)


def _with_tag(tiff: bytes, tag: int, value: int) -> bytes:
    """A little-endian TIFF with another value in one of its tags."""
    changed = bytearray(tiff)
    (start,) = struct.unpack_from("<I", changed, 4)
    (count,) = struct.unpack_from("<H", changed, start)
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        if struct.unpack_from("<H", changed, entry)[0] == tag:
            struct.pack_into("<HII", changed, entry + 2, 3, 1, value)
    return bytes(changed)


def _profiles() -> Iterator[Case]:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    rgb, shown = Image.fromarray(RGB), RGB / 255.0
    for kind, suffix in (("PNG", "png"), ("JPEG", "jpg"), ("TIFF", "tif"), ("WEBP", "webp")):
        options = {"lossless": True} if kind == "WEBP" else {"quality": 100} if kind == "JPEG" else {}
        data = encoded(rgb, kind, icc_profile=srgb, **options)
        yield Case(f"srgb_profile.{suffix}", data, True, shown, 0.1)
        yield Case(f"no_profile_at_all.{suffix}", encoded(rgb, kind, icc_profile=b"words"), True)
        yield Case(f"cut_profile.{suffix}", encoded(rgb, kind, icc_profile=srgb[:200]), True)
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    yield Case("lab_profile.png", encoded(rgb, "PNG", icc_profile=lab), True)
    yield Case("rgb_profile_in_cmyk.jpg", encoded(rgb.convert("CMYK"), "JPEG", icc_profile=srgb), True)
    for start in range(128, 400, 32):
        damaged = bytearray(srgb)
        damaged[start : start + 8] = b"\xff" * 8
        yield Case(f"profile_{start}.png", encoded(rgb, "PNG", icc_profile=bytes(damaged)), True)


def _cut_short() -> Iterator[Case]:
    rgb = Image.fromarray(RNG.integers(0, 255, (40, 40, 3)).astype(np.uint8))
    for kind, suffix in (("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp"), ("TIFF", "tif"), ("BMP", "bmp")):
        whole = encoded(rgb, kind)
        for share in (0.0, 0.001, 0.003, 0.01, 0.05, 0.3, 0.6, 0.9, 0.97):
            yield Case(f"cut_{share}.{suffix}", whole[: int(share * len(whole))], False)
        # The very end may hold nothing that matters.
        yield Case(f"cut_end.{suffix}", whole[:-1], None)
        yield Case(f"zeros_after.{suffix}", whole + bytes(4000), None)


def _flipped() -> Iterator[Case]:
    rgb = Image.fromarray(RGB)
    for kind, suffix in (("PNG", "png"), ("JPEG", "jpg"), ("WEBP", "webp"), ("TIFF", "tif")):
        whole = encoded(rgb, kind)
        for number, position in enumerate(RNG.integers(0, len(whole), 6)):
            changed = bytearray(whole)
            changed[position] ^= 0xFF
            yield Case(f"flipped_{number}.{suffix}", bytes(changed), None)


def _wrong_names() -> Iterator[Case]:
    rgb, shown = Image.fromarray(RGB), RGB / 255.0
    yield Case("a_jpeg.png", encoded(rgb, "JPEG"), True, shown, 0.3)
    yield Case("a_png.jpg", encoded(rgb, "PNG"), True, shown)
    yield Case("a_png.exr", encoded(rgb, "PNG"), None)
    yield Case("a_tiff.webp", encoded(rgb, "TIFF"), True, shown)
    for suffix in ("png", "jpg", "webp", "tif", "bmp", "exr", "gif"):
        yield Case(f"empty.{suffix}", b"", False)
        yield Case(f"text.{suffix}", b"a painting, described in words " * 20, False)
        yield Case(f"noise.{suffix}", RNG.bytes(3000), False)
    yield Case("program.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", False)
    yield Case("page.png", b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", False)
    yield Case("with spaces and ünïcode 絵.png", encoded(rgb, "PNG"), True, shown)


def _headers() -> Iterator[Case]:
    for number, (width, height) in enumerate(
        (
            (0, 9),
            (9, 0),
            (10_000, 10_000),
            (100_000, 100_000),
            (2**31 - 1, 1),
            (2**32 - 1, 2**32 - 1),
            (1, 2**31 - 1),
        )
    ):
        yield Case(f"header_{number}.png", png_of(width, height), False)
    for bits, color in ((3, 2), (16, 3), (8, 5), (255, 2)):
        yield Case(f"header_{bits}_{color}.png", png_of(8, 8, bits, color), False)
    flat = Image.new("L", (9400, 9400))
    yield Case("flat.gif", encoded(flat, "GIF"), False)
    # 80 million pixels and none of them there.
    yield Case("promise_8.png", png_of(9000, 9000), False)
    yield Case("promise_16.png", png_of(9000, 9000, 16), False)
    bomb = zlib.compress(bytes(50_000_000))
    text = _chunk(b"zTXt", b"Comment\0\0" + bomb)
    whole = encoded(Image.fromarray(RGB), "PNG")
    yield Case("text_bomb.png", whole[:33] + text + whole[33:], None)
    yield Case("profile_bomb.png", whole[:33] + _chunk(b"iCCP", b"x\0\0" + bomb) + whole[33:], None)
    jpeg = bytearray(encoded(Image.fromarray(RGB), "JPEG"))
    place = jpeg.index(b"\xff\xc0")
    jpeg[place + 5 : place + 9] = struct.pack(">HH", 65535, 65535)
    yield Case("huge.jpg", bytes(jpeg), False)
    tiff = encoded(Image.fromarray(RGB), "TIFF")
    for value in (0, 20_000, 2**31):
        yield Case(f"wide_{value}.tif", _with_tag(_with_tag(tiff, 256, value), 257, value), False)
    bmp = bytearray(encoded(Image.fromarray(RGB), "BMP"))
    struct.pack_into("<ii", bmp, 18, 2**30, 2**30)
    yield Case("huge.bmp", bytes(bmp), False)


def _exr(path: Path, channels: dict[str, Any], **header: Any) -> bytes:
    values = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage} | header
    OpenEXR.File(values, channels).write(str(path))
    return path.read_bytes()


def _exrs(scratch: Path) -> Iterator[Case]:
    file = scratch / "made.exr"
    curve = np.where(LIGHT <= 0.0031308, 12.92 * LIGHT, 1.055 * LIGHT ** (1 / 2.4) - 0.055)
    half = LIGHT.astype(np.float16)
    red, green, blue = (np.ascontiguousarray(LIGHT[..., place]) for place in range(3))
    for name in ("NO", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24", "B44", "B44A", "DWAA", "DWAB"):
        method = getattr(OpenEXR, f"{name}_COMPRESSION")
        within = 0.05 if name[:3] in ("B44", "DWA", "PXR") else 0.001
        yield Case(f"half_{name}.exr", _exr(file, {"RGB": half}, compression=method), True, curve, within)
    yield Case("float.exr", _exr(file, {"RGB": LIGHT}), True, curve, 1e-4)
    alpha = np.concatenate([LIGHT * 0.5, np.full((20, 24, 1), 0.5, np.float32)], axis=2)
    yield Case("premultiplied.exr", _exr(file, {"RGBA": alpha}), True, curve, 1e-4)
    tiles = OpenEXR.TileDescription()
    tiles.xSize = tiles.ySize = 8
    yield Case(
        "tiled.exr", _exr(file, {"RGB": LIGHT}, type=OpenEXR.tiledimage, tiles=tiles), True, curve, 1e-4
    )
    for bad in (np.nan, np.inf, -np.inf, 1e30, -5.0):
        pixels = LIGHT.copy()
        pixels[3, 4] = bad
        yield Case(f"holds_{bad}.exr", _exr(file, {"RGB": pixels}), True)
    yield Case("all_nan.exr", _exr(file, {"RGB": np.full_like(LIGHT, np.nan)}), True)
    for layer in (
        "ViewLayer.Combined",
        "Composite.Combined",
        "my layer.Combined",
        "beauty",
        "Ebene ü.Combined",
    ):
        channels = {f"{layer}.{letter}": each for letter, each in zip("RGB", (red, green, blue), strict=True)}
        channels["ViewLayer.Depth.Z"] = red
        yield Case(f"layer {layer}.exr", _exr(file, channels), True, curve, 1e-4)
    lower: dict[str, Any] = dict(zip(("red", "green", "blue"), (red, green, blue), strict=True))
    yield Case("lower_case.exr", _exr(file, lower), True, curve, 1e-4)
    yield Case("one_odd_channel.exr", _exr(file, {"Mask!": red}), True)
    yield Case("gray.exr", _exr(file, {"Y": red}), True, np.repeat(curve[..., :1], 3, axis=2), 1e-4)
    yield Case("odd_channels.exr", _exr(file, {"speed.u": red, "speed.v": green}), False)
    yield Case("depth_and_vector.exr", _exr(file, {"Z": red, "Vector.X": green}), False)
    data = (np.array([4, 4], np.int32), np.array([27, 23], np.int32))
    display = (np.array([0, 0], np.int32), np.array([31, 31], np.int32))
    yield Case("cropped.exr", _exr(file, {"RGB": LIGHT}, dataWindow=data, displayWindow=display), True)
    inner = (np.array([6, 6], np.int32), np.array([21, 21], np.int32))
    yield Case("overscan.exr", _exr(file, {"RGB": LIGHT}, dataWindow=data, displayWindow=inner), True)
    away = (np.array([100, 100], np.int32), np.array([131, 131], np.int32))
    yield Case("elsewhere.exr", _exr(file, {"RGB": LIGHT}, dataWindow=data, displayWindow=away), True)
    vast = (np.array([0, 0], np.int32), np.array([9399, 9399], np.int32))
    yield Case("vast_display.exr", _exr(file, {"RGB": LIGHT}, displayWindow=vast), False)
    parts = [
        OpenEXR.Part({"type": OpenEXR.scanlineimage}, {f"ViewLayer.{name}": red}, name)
        for name in ("Combined.R", "Combined.G", "Combined.B", "Depth.Z")
    ]
    OpenEXR.File(parts).write(str(file))
    yield Case("parts.exr", file.read_bytes(), True)
    deep = np.empty((8, 8), dtype=object)
    for place in np.ndindex(8, 8):
        deep[place] = np.ones(2, np.float32)
    channels = {"R": deep, "Z": deep.copy()}
    header = {"type": OpenEXR.deepscanline, "compression": OpenEXR.ZIPS_COMPRESSION}
    yield Case("deep.exr", _exr(file, channels, **header), False)


def _damaged_exrs(scratch: Path) -> Iterator[Case]:
    file = scratch / "made.exr"
    pixels = RNG.random((40, 40, 3)).astype(np.float32)
    for method in ("NO", "ZIP", "PIZ"):
        whole = _exr(file, {"RGB": pixels}, compression=getattr(OpenEXR, f"{method}_COMPRESSION"))
        for share in (0.001, 0.005, 0.01, 0.02, 0.03, 0.1, 0.5, 0.9, 0.99):
            yield Case(f"cut_{method}_{share}.exr", whole[: int(share * len(whole))], False)
        for number, position in enumerate(RNG.integers(0, len(whole), 8)):
            changed = bytearray(whole)
            changed[position] ^= 0xFF
            yield Case(f"flipped_{method}_{number}.exr", bytes(changed), None)
    # Every byte of the header may be wrong.
    whole = _exr(file, {"RGB": LIGHT})
    for position in range(0, 330, 6):
        changed = bytearray(whole)
        changed[position : position + 4] = b"\xff\xff\xff\x7f"
        yield Case(f"header_{position}.exr", bytes(changed), None)
    window = whole.index(b"dataWindow\0box2i\0") + len(b"dataWindow\0box2i\0") + 4
    for number, corner in enumerate(((8999, 8999), (99_999, 99_999), (2**31 - 1, 2**31 - 1), (-5, -5))):
        changed = bytearray(whole)
        struct.pack_into("<2i", changed, window + 8, *corner)
        yield Case(f"window_{number}.exr", bytes(changed), False)


def _sizes() -> Iterator[Case]:
    for width, height in ((1, 1), (1, 40), (40, 1), (8000, 16), (16, 8000), (15, 15), (16, 16)):
        pixels = np.full((height, width, 3), 99, np.uint8)
        data = encoded(Image.fromarray(pixels), "PNG")
        yield Case(f"{width}x{height}.png", data, True, pixels / 255.0)


# What OpenImageIO writes: by suffix, how far off its colors may be.
OTHER_FORMATS = {"tga": 0.002, "sgi": 0.002, "j2c": 0.002, "jxl": 0.1, "iff": 0.002, "ppm": 0.002}
LIGHT_FORMATS = {"hdr": 0.03, "dpx": 1e-3}


def _other_formats(scratch: Path) -> Iterator[Case]:
    curve = np.where(LIGHT <= 0.0031308, 12.92 * LIGHT, 1.055 * LIGHT ** (1 / 2.4) - 0.055)
    deep = np.round(LIGHT * 65535.0).astype(np.uint16)
    whole: dict[str, bytes] = {"cin": cineon(np.round(film_codes(LIGHT)).astype(np.uint32))}
    yield Case("film.cin", whole["cin"], True, LIGHT, 0.01)
    for suffix, within in OTHER_FORMATS.items():
        whole[suffix] = written(scratch / f"made.{suffix}", RGB)
        yield Case(f"rgb.{suffix}", whole[suffix], True, RGB / 255.0, within)
        if suffix != "ppm":
            yield Case(
                f"rgba.{suffix}",
                written(scratch / f"made.{suffix}", RGBA),
                True,
                RGB / 255.0,
                max(within, 0.01),
            )
        yield Case(f"named.{suffix}.png", whole[suffix], True, RGB / 255.0, within)
    for suffix, pixels in (("j2c", deep), ("sgi", deep), ("ppm", deep)):
        content = written(scratch / f"made.{suffix}", pixels)
        yield Case(f"deep.{suffix}", content, True, LIGHT, 1e-4)
    for suffix, within in LIGHT_FORMATS.items():
        whole[suffix] = written(
            scratch / f"made.{suffix}", LIGHT if suffix == "hdr" else deep, {"oiio:ColorSpace": "lin_rec709"}
        )
        yield Case(f"light.{suffix}", whole[suffix], True, curve, within)
    for suffix, content in whole.items():
        for share in (0.0, 0.01, 0.1, 0.5, 0.9):
            yield Case(
                f"cut_{share}.{suffix}", content[: int(share * len(content))], False if share < 0.1 else None
            )
        for number, position in enumerate(RNG.integers(0, min(len(content), 1200), 12)):
            changed = bytearray(content)
            changed[position : position + 4] = RNG.bytes(4) if number % 2 else b"\xff\xff\xff\x7f"
            yield Case(f"changed_{number}.{suffix}", bytes(changed), None)
        yield Case(f"text.{suffix}", b"a painting, described in words " * 20, False)
        yield Case(f"noise.{suffix}", RNG.bytes(3000), False)
    # Files of a few bytes that promise a hundred million pixels.
    vast = bytearray(whole["cin"])
    struct.pack_into(">2I", vast, 200, 9000, 9000)
    yield Case("vast.cin", bytes(vast), False)
    vast = bytearray(whole["cin"])
    vast[16:20] = b"\x7f\xff\xff\xff"
    yield Case("user_data.cin", bytes(vast), False)
    vast = bytearray(whole["tga"])
    struct.pack_into("<2H", vast, 12, 9000, 9000)
    yield Case("vast.tga", bytes(vast), False)
    yield Case("vast.ppm", b"P6\n9000 9000\n255\n", False)
    yield Case("vast.hdr", b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 9000 +X 9000\n", False)


def written(path: Path, pixels: np.ndarray, attributes: dict[str, str] | None = None) -> bytes:
    """The file that OpenImageIO writes of (H, W, C), in the format of the path's suffix."""
    spec = oiio.ImageSpec(
        pixels.shape[1], pixels.shape[0], pixels.shape[2], str(pixels.dtype).replace("32", "")
    )
    spec.attribute("oiio:UnassociatedAlpha", 1)
    for name, text in (attributes or {}).items():
        spec.attribute(name, text)
    output = oiio.ImageOutput.create(str(path))
    assert output is not None
    assert output.open(str(path), spec)
    assert output.write_image(pixels)
    assert output.close()
    return path.read_bytes()
