"""Cineon, DPX and portable float maps, made by code."""

from __future__ import annotations

import struct

import numpy as np


def film_codes(display: np.ndarray) -> np.ndarray:
    """Printing density of 0..1 in codes of 10 bits: 95 is black, 685 white."""
    black = 10.0 ** ((95.0 - 685.0) * 0.002 / 0.6)
    return 685.0 + np.log10(display * (1.0 - black) + black) * 0.6 / 0.002


def cineon(codes: np.ndarray) -> bytes:
    """A Cineon file (version 4.5) of (H, W, 3) uint32 in 10 bits, three of them in a word."""
    height, width, _ = codes.shape
    file = struct.pack(">6I8s", 0x802A5FD7, 2048, 1024, 1024, 0, 2048 + 4 * width * height, b"V4.5").ljust(
        192, b"\0"
    )
    file += struct.pack(">BB2x", 0, 3)
    for channel in (1, 2, 3):
        file += struct.pack(">BBBx2I4f", 0, channel, 10, width, height, 0.0, 0.0, 1023.0, 2.048)
    file = file.ljust(680, b"\0") + struct.pack(">4B", 0, 5, 0, 0)
    words = codes[..., 0] << 22 | codes[..., 1] << 12 | codes[..., 2] << 2
    return file.ljust(2048, b"\0") + words.astype(">u4").tobytes()


def dpx(values: np.ndarray, transfer: int, creator: bytes) -> bytes:
    """A DPX of 16 bits a sample (SMPTE 268M) of (H, W, 3) in 0..1, uncompressed, big-endian."""
    height, width, _ = values.shape
    file = struct.pack(">4sI8sI", b"SDPX", 2048, b"V2.0", 2048 + 6 * width * height).ljust(160, b"\0")
    file = (file + creator).ljust(768, b"\0")
    file += struct.pack(">2H2I", 0, 1, width, height)
    # Unsigned, RGB (50), transfer, user defined colors, 16 bits, not packed, not encoded, where it begins.
    file += struct.pack(">IIfIf4B2H3I", 0, 0, 0.0, 65535, 2.048, 50, transfer, 0, 16, 0, 0, 2048, 0, 0)
    pixels = np.round(np.clip(values, 0.0, 1.0) * 65535.0).astype(">u2")
    return file.ljust(2048, b"\0") + pixels.tobytes()


def portable_float_map(values: np.ndarray, *, big_endian: bool = False) -> bytes:
    """A PFM of (H, W, 1 or 3)."""
    height, width, channels = values.shape
    head = f"{'Pf' if channels == 1 else 'PF'}\n{width} {height}\n{'1.0' if big_endian else '-1.0'}\n"
    return head.encode() + values[::-1].astype(">f4" if big_endian else "<f4").tobytes()
