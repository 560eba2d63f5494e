"""Builds the engine's wheel (PEP 427), which the extension's zip contains.

It is made of the packages that run here, from a checkout or not, and of the metadata that they were installed
with. That needs no build tool and no network; the same sources give the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from blender_nst import addon
from blender_nst.cli.errors import ExtensionError

DISTRIBUTION = "blender-nst"
PACKAGES = ("blender_nst", "compositor", "video")

_ROOT = addon.FOLDER.parent
_SUFFIXES = frozenset({".py", ".js", ".json", ".toml", ".txt", ".safetensors"})
_WHEEL = "Wheel-Version: 1.0\nGenerator: blender-nst\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""Of every file: time stamps would make every build another one."""


def build_engine_wheel(folder: Path) -> Path:
    """Writes `blender_nst-VERSION-py3-none-any.whl` into `folder`.

    Raises:
        ExtensionError: the package's metadata is not there, or the file cannot be written.
    """
    try:
        installed = distribution(DISTRIBUTION)
    except PackageNotFoundError:
        raise ExtensionError(
            f"{DISTRIBUTION} runs from a folder that is not installed: run `make setup` first"
        ) from None
    wheel = folder / f"blender_nst-{installed.version}-py3-none-any.whl"
    record: list[str] = []
    about = f"blender_nst-{installed.version}.dist-info"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in _files(installed, about):
                archive.writestr(zipfile.ZipInfo(name, ZIP_TIME), content, zipfile.ZIP_DEFLATED)
                record.append(f"{name},sha256={_digest(content)},{len(content)}")
            record.append(f"{about}/RECORD,,")
            listed = "\n".join(record) + "\n"
            archive.writestr(zipfile.ZipInfo(f"{about}/RECORD", ZIP_TIME), listed, zipfile.ZIP_DEFLATED)
    except OSError as error:
        raise ExtensionError(f"{wheel}: the engine's wheel cannot be written: {error.strerror}") from None
    return wheel


def _files(installed: Distribution, about: str) -> Iterator[tuple[str, bytes]]:
    for package in PACKAGES:
        for path in sorted((_ROOT / package).rglob("*")):
            if path.suffix in _SUFFIXES and path.is_file():
                yield path.relative_to(_ROOT).as_posix(), path.read_bytes()
    yield f"{about}/METADATA", _text(installed, "METADATA", "PKG-INFO")
    yield f"{about}/WHEEL", _WHEEL.encode()
    yield f"{about}/entry_points.txt", _text(installed, "entry_points.txt")
    for name in ("LICENSE", "NOTICE"):
        checked_out = _ROOT / name
        content = checked_out.read_bytes() if checked_out.is_file() else _text(installed, f"licenses/{name}")
        yield f"{about}/licenses/{name}", content


def _text(installed: Distribution, *names: str) -> bytes:
    """The first of the metadata's files that is there: in a checkout setuptools gives one another name."""
    for name in names:
        text = installed.read_text(name)
        if text is not None:
            return text.encode("utf-8")
    raise ExtensionError(f"{DISTRIBUTION} was installed without its {names[0]}: run `make setup` again")


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode("ascii")
