"""A limit on the scans of progressive JPEGs: a small file can have thousands, each as slow as the picture."""

from __future__ import annotations

from pathlib import Path

_SCAN = b"\xff\xda"
_FRAMES = (b"\xff\xc0", b"\xff\xc1", b"\xff\xc2")
_BLOCK = 1 << 20
# Encoders in use make about ten.
_ALWAYS_ALLOWED = 24
# Scans times pixels: tens of seconds.
_MAX_WORK = 1_000_000_000
_MAX_SCANS = 500


def too_many_scans(path: Path) -> str | None:
    """Why a JPEG is not read that would take minutes to decode; None if it would not."""
    scans, pixels = _count(path)
    if scans <= _ALWAYS_ALLOWED or (scans <= _MAX_SCANS and scans * pixels <= _MAX_WORK):
        return None
    return f"has {scans} progressive scans, which take too long to decode; save it anew"


def _count(path: Path) -> tuple[int, int]:
    """Scans, and pixels of the largest frame. Within coded data a marker's first byte is followed by zero."""
    scans = pixels = 0
    before = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            # What a marker needs may be split between two blocks.
            whole = before + block
            scans += whole.count(_SCAN) - before.count(_SCAN)
            for marker in _FRAMES:
                place = whole.find(marker)
                while place >= 0:
                    height, width = (
                        int.from_bytes(whole[place + at : place + at + 2], "big") for at in (5, 7)
                    )
                    pixels = max(pixels, height * width)
                    place = whole.find(marker, place + 1)
            before = whole[-16:]
    return scans, pixels
