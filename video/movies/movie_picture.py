"""One decoded frame of a movie as a picture: sRGB, upright, with its transparency."""

from __future__ import annotations

import re
from typing import Any

import av
import numpy as np
from av.error import FFmpegError
from av.sidedata.sidedata import Type as SideDataType
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange

from video.color.video_signal import Matrix, VideoColors
from video.color.ycbcr import KNOWN_MATRICES, Sampling, rgb_from_planes

# Colors of a movie that does not name them, by convention those of its size.
_LARGEST_SD = (1024, 576)
_SUBSAMPLED = {(1, 1): "444", (2, 1): "422", (2, 2): "420", (1, 2): "440", (4, 1): "411", (4, 4): "410"}


class UnknownColorsError(Exception):
    """The frame's colors are coded in a way that is not known here; one line that follows the file's name."""


def movie_picture(frame: av.VideoFrame) -> np.ndarray:
    """The frame as it is meant to be seen on a display of standard range.

    Returns:
        (H, W, 3) or, where its format has alpha, (H, W, 4) float32 in 0..1, sRGB, straight alpha, turned as
        its display matrix says. Its own bit depth is kept where its colors are sRGB's.

    Raises:
        UnknownColorsError: see there.
    """
    colors = VideoColors(frame.color_primaries, frame.color_trc, frame.colorspace)
    if frame.format.name.startswith("gray") and frame.format.components[0].bits <= 16:
        picture = _gray(frame)
    elif (planar := _planar_format(frame.format)) is not None:
        picture = _from_planes(frame, planar)
    else:
        picture = _rgb(frame)
    if not colors.is_srgb and not frame.format.name.startswith("xyz"):
        picture = np.concatenate([colors.to_srgb(picture[..., :3]), picture[..., 3:]], axis=2)
    return turned(picture, display_matrix(frame))


def display_matrix(frame: av.VideoFrame) -> np.ndarray | None:
    """(2, 2): (right, down) of the stored picture to that of the upright one; None where it is upright."""
    # PyAV's types know of one kind alone.
    side_data: Any = frame.side_data
    data = next((bytes(each) for each in side_data if each.type is SideDataType.DISPLAYMATRIX), b"")
    numbers = np.frombuffer(data, np.int32)
    if numbers.size < 9:
        return None
    matrix = numbers.reshape(3, 3)[:2, :2].T.astype(np.float64)
    return None if np.array_equal(np.sign(matrix), np.eye(2)) else matrix


def exchanges_sides(matrix: np.ndarray | None) -> bool:
    """Whether the upright picture's width is the stored one's height."""
    return matrix is not None and abs(matrix[0, 1]) > abs(matrix[0, 0])


def turned(picture: np.ndarray, matrix: np.ndarray | None) -> np.ndarray:
    """(H, W, C) turned and mirrored by the nearest quarter turn."""
    if matrix is None or not matrix.any():
        return picture
    right, down = matrix[0], matrix[1]
    if exchanges_sides(matrix):
        picture = picture.swapaxes(0, 1)
        across, along = right[1], down[0]
    else:
        across, along = right[0], down[1]
    if along < 0.0:
        picture = picture[::-1]
    if across < 0.0:
        picture = picture[:, ::-1]
    return np.ascontiguousarray(picture)


def _planar_format(stored: av.VideoFormat) -> str | None:
    """The planar format with the same luma and color differences; None for what holds neither."""
    components = stored.components
    if stored.is_rgb or stored.has_palette or len(components) < 3 or not stored.name.startswith(_YUV_NAMES):
        return None
    subsampled = _SUBSAMPLED.get((16 // stored.chroma_width(16), 16 // stored.chroma_height(16)))
    bits = components[0].bits
    if subsampled is None or not 8 <= bits <= 16:
        return None
    depth = "" if bits == 8 else f"{bits}le"
    return f"yuv{'a' if len(components) == 4 else ''}{subsampled}p{depth}"


_YUV_NAMES = ("yuv", "nv", "p0", "p2", "p4", "uyvy", "uyyvyy", "yvyu", "y2", "ayuv", "vuy", "xv", "vyu")


def _from_planes(frame: av.VideoFrame, planar: str) -> np.ndarray:
    full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")
    sampling = Sampling(frame.format.components[0].bits, full, _matrix(frame))
    if re.sub("^yuvj", "yuv", frame.format.name) != planar:
        frame = frame.reformat(format=planar)
    planes = [_values(plane, sampling.bits) for plane in frame.planes]
    rgb = rgb_from_planes(planes, sampling)
    if len(planes) == 3:
        return rgb
    alpha = planes[3].astype(np.float32) / np.float32((1 << sampling.bits) - 1)
    return np.concatenate([rgb, alpha[..., None]], axis=2)


def _gray(frame: av.VideoFrame) -> np.ndarray:
    """Of luma alone, which is in full range where the movie does not say otherwise."""
    bits = frame.format.components[0].bits
    frame = frame.reformat(format="gray" if bits == 8 else f"gray{bits}le")
    luma = _values(frame.planes[0], bits)
    none = np.full_like(luma, 1 << (bits - 1))
    full = frame.color_range != ColorRange.MPEG
    return rgb_from_planes([luma, none, none], Sampling(bits, full, Matrix.BT709))


def _values(plane: VideoPlane, bits: int) -> np.ndarray:
    """(h, w) of a plane's memory, without what lies behind its rows."""
    kind = np.dtype(np.uint8 if bits == 8 else "<u2")
    rows = np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width * kind.itemsize].view(kind)


def _matrix(frame: av.VideoFrame) -> int:
    matrix = frame.colorspace
    if matrix in KNOWN_MATRICES:
        return matrix
    if matrix not in (Matrix.UNSPECIFIED, Matrix.RGB, 3):
        raise UnknownColorsError(
            f"has colors that are coded as no. {matrix} of ITU-T H.273, which cannot be read; convert it to"
            " BT.709"
        )
    if VideoColors(frame.color_primaries, frame.color_trc).is_hdr:
        return Matrix.BT2020
    large = frame.width > _LARGEST_SD[0] or frame.height > _LARGEST_SD[1]
    return Matrix.BT709 if large else Matrix.SMPTE170M


def _rgb(frame: av.VideoFrame) -> np.ndarray:
    """Of RGB, palettes and gray with alpha: their values as they are."""
    components = frame.format.components
    alpha = len(components) in (2, 4) or frame.format.has_palette
    deep = max(component.bits for component in components) > 8
    names = {(0, 0): "rgb24", (1, 0): "rgba", (0, 1): "rgb48le", (1, 1): "rgba64le"}
    try:
        pixels = frame.reformat(format=names[alpha, deep]).to_ndarray()
    except (FFmpegError, ValueError):
        raise UnknownColorsError(
            f"has pixels in the format {frame.format.name}, which cannot be read; convert it"
        ) from None
    return pixels.astype(np.float32) / (65535.0 if deep else 255.0)
