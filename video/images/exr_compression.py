"""Compresses a frame's passes, which Blender has saved uncompressed, without a loss and in the background.

A frame's passes in full float are 73 MB at 1080p. Compressing them inside Blender holds up its render, so
they are saved uncompressed as long as the engine keeps up, and are compressed here by OpenEXR's ZIPS (zlib,
row by row): pixels, channel types and attributes stay the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import OpenImageIO as oiio

from video.errors import FileError
from video.files.atomic import write_atomically
from video.files.image_io import close_output, create_output
from video.images.exr import EXR, open_exr

_COMPRESSION = "zips"
# What OpenImageIO adds to every part on reading, and would write as the file's own.
_ADDED = ("openexr:chunkCount", "ResolutionUnit")


class Packer:
    """Compresses files one after the other on a thread of its own.

    Args:
        folder: only what lies in it is compressed; files from elsewhere belong to the user.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, "packing")

    def pack(self, path: Path | None) -> None:
        """Has a file compressed, if it is one that can be."""
        if path is not None and path.parent == self._folder:
            self._thread.submit(_quietly, path)

    def close(self) -> None:
        """Waits for the files that are to be compressed."""
        self._thread.shutdown()


def _quietly(path: Path) -> None:
    # A file that cannot be compressed, on a full disk say, is as good as before.
    with suppress(FileError, OSError):
        pack(path)


def pack(path: Path) -> bool:
    """Compresses an EXR of uncompressed rows; False where there is nothing to do.

    Raises:
        FileError: the file is damaged, or cannot be replaced; it is as before then.
    """
    with open_exr(path) as (image, parts):
        if not all(_is_uncompressed(part) for part in parts):
            return False
        for part in parts:
            part.attribute("compression", _COMPRESSION)
            for name in _ADDED:
                part.erase_attribute(name)
        write_atomically(path, lambda temporary: _copy(image, parts, path, temporary))
    return True


def _is_uncompressed(part: oiio.ImageSpec) -> bool:
    return part.get_string_attribute("compression") == "none" and part.tile_width == 0


def _copy(image: oiio.ImageInput, parts: Sequence[oiio.ImageSpec], path: Path, target: Path) -> None:
    output = create_output(target, EXR, parts)
    done = True
    for number, part in enumerate(parts):
        done = number == 0 or output.open(str(target), part, "AppendSubimage")
        done = done and image.seek_subimage(number, 0) and output.copy_image(image)
        if not done:
            break
    try:
        close_output(output, target, done)
    except OSError as error:
        if error.errno is not None:
            raise
        raise FileError(path, "the EXR is damaged or cut short; make it again") from None
