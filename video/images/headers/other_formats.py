"""Kinds of files that are not read as pictures, known by their first bytes, and what to do about them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_EXPORT = "export it as PNG"
_DEVELOP = "develop it, and save it as PNG or TIFF"
_FRAME = "save one of its frames as PNG; a movie that is to be stylized goes to `blender-nst stylize`"
_HEAD = 512


@dataclass(frozen=True)
class _Kind:
    """A kind of file.

    Attributes:
        name: with its article.
        remedy: what the user can do.
        signatures: bytes that its files begin with, one or another.
        place: of the signature in the file.
    """

    name: str
    remedy: str
    signatures: tuple[bytes, ...]
    place: int = 0


_KINDS = (
    _Kind("a Photoshop document", _EXPORT, (b"8BPS",)),
    _Kind("a GIMP document", _EXPORT, (b"gimp xcf",)),
    _Kind(
        "a zip archive, as those of Krita, OpenRaster and Procreate", "export the picture", (b"PK\x03\x04",)
    ),
    _Kind("a PDF or Illustrator document", _EXPORT, (b"%PDF",)),
    _Kind("a PostScript document", _EXPORT, (b"%!PS", b"\xc5\xd0\xd3\xc6")),
    _Kind("a vector drawing (SVG)", _EXPORT, (b"<svg", b"<?xml")),
    _Kind("a Windows metafile", _EXPORT, (b"\xd7\xcd\xc6\x9a", b"\x01\x00\x00\x00\x6c\x00\x00\x00")),
    _Kind("a DDS texture", "save it as PNG", (b"DDS ",)),
    _Kind("an icon", "save it as PNG", (b"\x00\x00\x01\x00", b"\x00\x00\x02\x00")),
    _Kind("a FITS file", "save it as TIFF or EXR", (b"SIMPLE  =",)),
    _Kind("a JPEG XR picture", "save it as PNG", (b"II\xbc\x01",)),
    _Kind("a BPG picture", "save it as PNG", (b"BPG\xfb",)),
    _Kind("a camera's raw photograph", _DEVELOP, (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\x00")),
    _Kind("a camera's raw photograph", _DEVELOP, (b"CR\x02\x00",), 8),
    _Kind("a camera's raw photograph", _DEVELOP, (b"ftypcrx ",), 4),
    _Kind("a Blender file", "render it", (b"BLENDER", b"\x28\xb5\x2f\xfd")),
    _Kind(
        "a movie",
        _FRAME,
        (b"ftypqt", b"ftypisom", b"ftypiso", b"ftypmp4", b"ftypM4V", b"ftyp3g", b"ftypavc1", b"ftypdash"),
        4,
    ),
    _Kind(
        "a movie",
        "save one of its frames as PNG",
        (b"\x1a\x45\xdf\xa3", b"OggS", b"FLV\x01", b"\x00\x00\x01\xba"),
    ),
    _Kind("a movie", "save one of its frames as PNG", (b"AVI ",), 8),
    _Kind("a web page: what was to be fetched is not there", "fetch it again", (b"<!DOCTYPE html", b"<html")),
    _Kind("a Git LFS pointer", "fetch the file itself with `git lfs pull`", (b"version https://git-lfs",)),
    _Kind(
        "a compressed file", "unpack it", (b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!", b"BZh", b"\xfd7zXZ")
    ),
)


def what_it_is(path: Path) -> str | None:
    """`is a Photoshop document; export it as PNG`; None if the file is of no kind that is known here."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    for kind in _KINDS:
        begun = head[kind.place :] if kind.place else text if kind.signatures[0][:1] == b"<" else head
        if begun.lower().startswith(tuple(each.lower() for each in kind.signatures)):
            return f"is {kind.name}; {kind.remedy}"
    return None
