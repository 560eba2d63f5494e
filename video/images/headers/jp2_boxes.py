"""JPEG 2000 files whose boxes say something else than their codestream."""

from __future__ import annotations

from pathlib import Path

_HEAD = 1 << 16
# In the header box: height and width (4 each), then the number of components (2).
_IMAGE_HEADER, _COMPONENTS_AFTER = b"ihdr", 8
# A color box (ISO/IEC 15444-1, I.5.3.3) that names a space by its number, and sYCC's number.
_SYCC = b"colr\x01"
_SYCC_NUMBER = 18
# The marker of default coding styles; after it length (2), style (1), progression (1) and layers (2), then
# whether the components are transformed, from RGB, before they are coded.
_CODING_STYLE, _TRANSFORM_AFTER = b"\xff\x52", 6


def mislabeled_ycc(path: Path) -> str | None:
    """Why a file is not read that calls its colors YCC while its codestream has RGB; None if it does not.

    So Blender writes it with its option *YCC*. OpenImageIO believes the label, and "converts" the RGB.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    _, found, after = head.partition(_SYCC)
    if not found or int.from_bytes(after[2:6], "big") != _SYCC_NUMBER:
        return None
    components = head.partition(_IMAGE_HEADER)[2][_COMPONENTS_AFTER:][:2]
    transformed = after.partition(_CODING_STYLE)[2][_TRANSFORM_AFTER:][:1]
    # With alpha nothing tells the one from the other.
    if transformed != b"\x01" and components == b"\x00\x03":
        return None
    return "is marked as YCC and holds RGB, as Blender writes it; save it without its option YCC"
