"""Files read and written by OpenImageIO, with its errors turned into the project's own."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NoReturn

import numpy as np
import OpenImageIO as oiio

from video.errors import FileError
from video.files.file_kind import kind_of

# The file's own colors: OpenImageIO would multiply them by alpha.
_STRAIGHT_ALPHA = oiio.ImageSpec()
_STRAIGHT_ALPHA.attribute("oiio:UnassociatedAlpha", 1)
# The first bytes of Cineon files, and where they say how much user data they have: OpenImageIO takes memory
# for all of it before anything can be asked (`tests/video/made_files/picture_corpus.py`, user_data.cin).
_CINEON_BYTE_ORDER: dict[bytes, Literal["big", "little"]] = {
    b"\x80\x2a\x5f\xd7": "big",
    b"\xd7\x5f\x2a\x80": "little",
}
_USER_DATA = slice(16, 20)
# What is written to a full disk to learn what the operating system says about it.
_PROBE = bytes(1 << 16)


class DecodeError(Exception):
    """A file cannot be decoded; the message is OpenImageIO's reason, in one line."""


@contextmanager
def open_image(path: Path) -> Iterator[oiio.ImageInput]:
    """The file, its header parsed and nothing decoded.

    Raises:
        FileError: it is missing, a folder, or may not be read.
        DecodeError: OpenImageIO knows no such picture, or the header is damaged.
    """
    check_readable(path)
    image = oiio.ImageInput.open(native_name(path), _STRAIGHT_ALPHA)
    if image is None:
        raise DecodeError(error_of() or "it is of no known format")
    try:
        yield image
    finally:
        # An error that nobody asked for is printed when the process ends.
        error_of(image)
        image.close()


def check_readable(path: Path) -> None:
    """Raises FileError if there is no file at this path, or none that may be handed to OpenImageIO."""
    try:
        found = path.stat()
        # A pipe would be waited for, and a device read for ever.
        if not stat.S_ISREG(found.st_mode):
            raise FileError(path, f"is {kind_of(found.st_mode)}; name a regular file")
        with path.open("rb") as file:
            head = file.read(_USER_DATA.stop)
    except FileNotFoundError:
        raise FileError(path, "does not exist; check the name") from None
    except PermissionError:
        raise FileError(path, "may not be read; check its permissions") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise FileError(path, f"cannot be read ({reason}); check the name") from None
    if not head:
        raise FileError(path, "is empty: not rendered yet, or cut short; render or copy it again")
    order = _CINEON_BYTE_ORDER.get(head[:4])
    if order is not None and int.from_bytes(head[_USER_DATA], order) > found.st_size:
        raise FileError(path, "the picture is damaged (user data longer than the file); make it again")


def native_name(path: Path) -> str:
    """The name of a file as OpenImageIO takes it, which is UTF-8 whatever the locale is; raises FileError."""
    try:
        return os.fsencode(path).decode("utf-8")
    except UnicodeDecodeError:
        raise FileError(path, "has a name that is no text; rename it, or its folder") from None


def read_pixels(
    image: oiio.ImageInput, spec: oiio.ImageSpec, kind: str, part: int = 0, channels: range | None = None
) -> np.ndarray:
    """Channels of one part, by default all, (H, W, C) in the type `kind`.

    Raises:
        DecodeError: they are damaged.
    """
    wanted = channels or range(spec.nchannels)
    pixels = image.read_image(part, 0, wanted.start, wanted.stop, kind)
    # Some readers give what they have of a file that was cut short, and say so only here.
    problem = error_of(image)
    if pixels is None or problem:
        raise DecodeError(problem or "no pixels")
    return pixels.reshape(spec.height, spec.width, -1)


def error_of(source: oiio.ImageInput | oiio.ImageOutput | None = None) -> str:
    """What went wrong last, in one line, and forgets it; empty if nothing did. Without a file: on opening."""
    try:
        return " ".join((oiio.geterror() if source is None else source.geterror()).split())
    except UnicodeDecodeError:
        return "the header holds no text where it should"


def write_image(path: Path, kind: str, spec: oiio.ImageSpec, pixels: np.ndarray) -> None:
    """Writes one picture in the format that OpenImageIO calls `kind`, whatever the file's suffix.

    Raises:
        OSError: it cannot be written.
    """
    output = create_output(path, kind, (spec,))
    done = output.write_image(np.ascontiguousarray(pixels))
    close_output(output, path, done)


def create_output(path: Path, kind: str, specs: Sequence[oiio.ImageSpec]) -> oiio.ImageOutput:
    """An open file of one part for each spec, the first of which can be written; raises OSError."""
    for spec in specs:
        # Or OpenImageIO notes the time in an EXR, which makes equal pictures different files.
        if spec.getattribute("DateTime") is None:
            spec.attribute("DateTime", "")
    output = oiio.ImageOutput.create(kind)
    if output is None:
        raise OSError(error_of())
    name = native_name(path)
    opened = output.open(name, specs[0]) if len(specs) == 1 else output.open(name, tuple(specs))
    if not opened:
        _raise_os_error(path, error_of(output))
    return output


def close_output(output: oiio.ImageOutput, path: Path, done: bool) -> None:
    """Closes a file; raises OSError if that, or anything before it, has failed.

    Its errno says why where the operating system refuses more bytes, and is None for any other reason.
    """
    # A writer may report success on a full disk and leave nothing but an error behind.
    problem = error_of(output)
    closed = output.close()
    problem = problem or error_of(output)
    if not (done and closed) or problem:
        _raise_os_error(path, problem)


def _raise_os_error(path: Path, message: str) -> NoReturn:
    """Raises what the operating system says about this file, or OpenImageIO's message, which has no errno."""
    with path.open("ab") as file:
        file.write(_PROBE)
        file.flush()
        os.fsync(file.fileno())
    raise OSError(message)
