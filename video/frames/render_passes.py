"""The passes of a rendered frame: Blender's multilayer EXR, and the camera that is noted beside it.

Beside `passes_0001.exr` there may be `passes_0001.json`, written by the extension:

    {"camera": "Camera", "world": [[…] × 4], "projection": [[…] × 4], "motion_blur": false, "view": {…},
     "composited": false, "panorama": false, "sphere": null, "border": [left, top, right, bottom],
     "size": [width, height]}

`world` is the camera's evaluated matrix (it looks along its own −z), `projection` takes its space to clip
space (null for a panorama); `sphere` is what an equirectangular camera sees: longitude on the left and on
the right, 0 straight ahead, latitude below and above, in radians. For `view` see
`video.color.view_transform`, for `panorama` and `border` (in px, the part that was rendered, where that is
not all of the frame, of `size`) `video.frames.framing`. An EXR from elsewhere has no such file, and then all
of this is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from video.errors import FileError
from video.images.exr import read_channels
from video.images.sidecar import read_note

# What Blender calls its passes, in one version or another.
_VECTOR, _DEPTH, _INDEX = ("Vector",), ("Depth", "Z"), ("IndexOB", "Object Index")
_READ = {*_VECTOR, *_DEPTH, *_INDEX}

_SMALLEST = 1e-9
"""Scale of an axis: with less there is none."""

BACKGROUND_DEPTH = 1e9
"""Blender's depth where there is no surface is 1e10."""

# The depth of pixels of which nothing is known, and a motion in pixels that leads out of any frame: what came
# from there is not known, so that it is painted anew.
_NOWHERE, _OUTSIDE = 1e10, 1e6


@dataclass(frozen=True)
class Camera:
    """A camera at one frame.

    Attributes:
        world: (4, 4), from its own space, in which it looks along −z, to the world's.
        projection: (4, 4), to clip space; None for a panorama.
        sphere: of an equirectangular camera, see above.
        margin: of its pictures, see `video.frames.framing`, as a share of their width with both margins.
    """

    name: str
    world: np.ndarray
    projection: np.ndarray | None
    sphere: tuple[float, float, float, float] | None = None
    margin: float = 0.0


@dataclass(frozen=True)
class Passes:
    """What is known of a frame beside its picture; each is None where it is not there.

    Attributes:
        vector: (H, W, 4) float32, pixels, y up, as Blender has it: position in the previous frame minus
            position, and position minus position in the next frame.
        depth: (H, W) float32, distance along the camera's axis, of a panorama from the camera, in Blender's
            units; 1e10 in the background.
        index: (H, W) float32, the object index.
        camera: where the frame was seen from.
        motion_blur: whether the render had motion blur, with which Blender gives no vectors.
    """

    vector: np.ndarray | None = None
    depth: np.ndarray | None = None
    index: np.ndarray | None = None
    camera: Camera | None = None
    motion_blur: bool = False


def read_passes(path: Path) -> Passes:
    """Reads a multilayer EXR, single or multi-part, and the camera beside it.

    Of several view layers the first that has a pass gives it.

    Raises:
        FileError: not there, no EXR, or damaged.
    """
    if not path.is_file():
        raise FileError(path, "there are no passes")
    channels = read_channels(path, lambda names: [name for name in names if _layer(name) in _READ])
    noted = read_note(path)
    return Passes(
        vector=_finite(_stacked(channels, _VECTOR, "XYZW"), unknown=_OUTSIDE, infinite=_OUTSIDE),
        depth=_finite(_single(channels, _DEPTH, "Z"), unknown=_NOWHERE, infinite=_NOWHERE),
        index=_finite(_single(channels, _INDEX, "X"), unknown=0.0, infinite=0.0),
        camera=_camera(noted),
        motion_blur=bool(noted.get("motion_blur", False)),
    )


def _layer(name: str) -> str:
    """The pass of a channel `ViewLayer.Depth.Z`: Depth."""
    return name.rpartition(".")[0].rpartition(".")[2]


def _stacked(channels: dict[str, np.ndarray], names: tuple[str, ...], letters: str) -> np.ndarray | None:
    for full in channels:
        prefix, _, letter = full.rpartition(".")
        if letter == letters[0] and _layer(full) in names:
            parts = [channels.get(f"{prefix}.{each}") for each in letters]
            if all(part is not None for part in parts):
                return np.stack([part for part in parts if part is not None], axis=2)
    return None


def _single(channels: dict[str, np.ndarray], names: tuple[str, ...], letter: str) -> np.ndarray | None:
    stacked = _stacked(channels, names, letter)
    if stacked is None:
        # Blender 4 calls the only channel of some passes V, later ones by the pass's own letter.
        stacked = _stacked(channels, names, "V")
    return None if stacked is None else stacked[..., 0]


def _finite(values: np.ndarray | None, *, unknown: float, infinite: float) -> np.ndarray | None:
    """Values of a pass without those that are no finite numbers, which broken shaders write.

    Args:
        unknown: for what is no number; infinite: the magnitude of what is infinite or larger.
    """
    if values is None:
        return None
    bound = infinite or float(np.finfo(np.float32).max)
    return np.clip(np.nan_to_num(values, nan=unknown, posinf=infinite, neginf=-infinite), -bound, bound)


def _camera(noted: dict[str, Any]) -> Camera | None:
    world, projection = _matrix(noted.get("world")), _matrix(noted.get("projection"))
    if world is None:
        return None
    lengths = np.linalg.norm(world[:3, :3], axis=0)
    if not (lengths > _SMALLEST).all():
        return None  # of a scale of zero, which sees nothing
    # Blender's cameras see the same at any scale, as that of a parent.
    world[:3, :3] /= lengths
    if abs(np.linalg.det(world)) < _SMALLEST:
        return None  # its axes are not three
    if projection is not None and not (projection[0, 0] and projection[1, 1]):
        projection = None  # onto a line
    return Camera(str(noted.get("camera", "")), world, projection, _sphere(noted.get("sphere")))


def _sphere(angles: Any) -> tuple[float, float, float, float] | None:
    if not (isinstance(angles, list) and len(angles) == 4 and all(type(each) is float for each in angles)):
        return None
    left, right, below, above = angles
    sees_something = right > left and above > below and np.isfinite(angles).all()
    return (left, right, below, above) if sees_something else None


def _matrix(rows: Any) -> np.ndarray | None:
    try:
        matrix = np.array(rows, np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    return matrix if matrix.shape == (4, 4) and np.isfinite(matrix).all() else None
