"""ICC profiles made by code: a matrix and curves, or the one curve of gray."""

from __future__ import annotations

import struct

import numpy as np

from video.color.color_space import rgb_to_xyz

DISPLAY_P3 = (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.3127, 0.3290)
ADOBE_RGB = (0.64, 0.33, 0.21, 0.71, 0.15, 0.06, 0.3127, 0.3290)

SRGB_CURVE = struct.pack(
    ">4s4xHH5i",
    b"para",
    3,
    0,
    *(round(65536 * value) for value in (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)),
)


def gamma_curve(gamma: float) -> bytes:
    """A curve as one number."""
    return struct.pack(">4s4xIHxx", b"curv", 1, round(256 * gamma))


def table_curve(values: np.ndarray) -> bytes:
    """A curve as a table of light in 0..1."""
    levels = np.round(values * 65535.0).astype(">u2").tobytes()
    return struct.pack(">4s4xI", b"curv", len(values)) + levels + bytes(-len(levels) % 4)


def make_profile(chromaticities: tuple[float, ...], curve: bytes) -> bytes:
    """A display's profile."""
    matrix = rgb_to_xyz(chromaticities)
    tags = {
        name.encode(): struct.pack(">4s4x3i", b"XYZ ", *(round(65536 * value) for value in matrix[:, column]))
        for column, name in enumerate(("rXYZ", "gXYZ", "bXYZ"))
    }
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    return _assembled(b"RGB ", tags)


def make_gray_profile(curve: bytes) -> bytes:
    """A profile of gray."""
    white = struct.pack(">4s4x3i", b"XYZ ", *(round(65536 * value) for value in (0.9642, 1.0, 0.8249)))
    return _assembled(b"GRAY", {b"wtpt": white, b"kTRC": curve})


def _assembled(colors: bytes, tags: dict[bytes, bytes]) -> bytes:
    start = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(content))
        body += content
    size = start + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"none", 0x04300000, b"mntr", colors, b"XYZ ")
    header = (header + bytes(12) + b"acsp").ljust(128, b"\0")
    return header + table + body
