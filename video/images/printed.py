"""CMYK pictures with an ICC profile, in 8 bits: read by Pillow, since OpenImageIO ignores their profile."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import OpenImageIO as oiio
from PIL import Image, ImageCms

from video.errors import FileError

_FORMATS = ("JPEG", "TIFF")


def is_cmyk(spec: oiio.ImageSpec) -> bool:
    """Whether the file's colors are inks, which OpenImageIO turns into RGB without their profile."""
    return "CMYK" in (
        spec.get_string_attribute("jpeg:ColorSpace"),
        spec.get_string_attribute("tiff:ColorSpace"),
    )


def read_managed_cmyk(path: Path, icc: bytes) -> np.ndarray:
    """(H, W, 3) float32 in 0..1: a CMYK picture in sRGB; without its profile where that does not fit.

    Raises:
        FileError: the picture is damaged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=_FORMATS) as image:
                return np.asarray(_managed(image, icc).convert("RGB"), np.float32) / 255.0
    except MemoryError:
        raise  # the picture may be whole
    except Exception as error:  # Pillow's decoders raise whatever a damaged file makes them raise
        reason = " ".join(str(error).split()) or type(error).__name__
        raise FileError(path, f"the picture is damaged ({reason}); make it again") from None


def _managed(image: Image.Image, icc: bytes) -> Image.Image:
    try:
        converted = ImageCms.profileToProfile(
            image, io.BytesIO(icc), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return image if converted is None else converted
