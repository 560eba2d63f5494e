"""Blender's view transform, known by how it showed a lattice of colors, and its inverse.

Beside a frame's passes the extension leaves a probe: a picture of known scene-linear colors, saved by
Blender with the scene's own view transform, look, exposure, gamma and curves. The note of the passes (see
`video.frames.render_passes`) names it:

    {"view": {"probe": "view_1c0ffee5.png", "levels": [0.0, …]}}

The picture is n rows by n·n columns: red runs along the columns within a block of n, blue over the blocks,
green from the lowest row up; each through the n levels.
"""

# pyright: reportAttributeAccessIssue=false
# PyOpenColorIO comes without types.

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import PyOpenColorIO as ocio

from video.color.ocio_processor import apply_processor, float_processor
from video.errors import FileError
from video.files.decode_limits import check_decode_limits
from video.files.image_io import DecodeError, open_image, read_pixels
from video.files.native_output import suppress_native_output

# Of the inverse's lattice over display colors. They lie closer towards black and white, where view
# transforms are steep.
_NODES = 33
_STEPS = 30
# Levenberg's damping, in display levels per step of the lattice: keeps unreachable colors near their start.
_DAMPING = 1e-4
# Pixels at a time.
_BLOCK = 1 << 18


@dataclass(frozen=True)
class ViewTransform:
    """A scene's way from light to display, and back.

    Attributes:
        levels: (n,) scene-linear, rising, the first is 0.
        shown: (n, n, n, 3) sRGB in 0..1, by the places of red, green and blue in `levels`.
        probe: the file that it comes from.
    """

    levels: np.ndarray
    shown: np.ndarray
    probe: Path
    scene_linear = True

    @property
    def noted(self) -> str:
        """What a note says about it, as JSON."""
        return json.dumps({"probe": self.probe.name, "levels": self.levels.tolist()})

    def to_display(self, color: np.ndarray) -> np.ndarray:
        """See `video.color.color_space.ColorSpace`; light beyond the last level is taken for that."""
        return _in_blocks(lambda light: _look_up(self._table, self._places(light)), color)

    def from_display(self, display: np.ndarray) -> np.ndarray:
        """See `color_space.ColorSpace`; for what the view never shows, the light that comes near."""

        def light(shown: np.ndarray) -> np.ndarray:
            nodes = _to_nodes(shown) * (_NODES - 1)
            return self._light(_look_up(self._inverse_table, nodes).astype(np.float64))

        return _in_blocks(light, display)

    def _places(self, light: np.ndarray) -> np.ndarray:
        """Places in `levels`: by the logarithm above the second level, in proportion below it."""
        second = self.levels[1]
        upper = np.interp(
            np.log(np.maximum(light, second)), np.log(self.levels[1:]), np.arange(1, len(self.levels))
        )
        return np.where(light < second, np.maximum(light, 0.0) / second, upper)

    def _light(self, places: np.ndarray) -> np.ndarray:
        second = self.levels[1]
        upper = np.exp(np.interp(places, np.arange(1, len(self.levels)), np.log(self.levels[1:])))
        return np.where(places < 1.0, places * second, upper).astype(np.float32)

    @cached_property
    def _table(self) -> Table:
        return _table(self.shown)

    @cached_property
    def _inverse_table(self) -> Table:
        return _table(self._inverse)

    @cached_property
    def _inverse(self) -> np.ndarray:
        """(m, m, m, 3): places in `levels` by the nodes of display colors, by Gauss and Newton's method.

        OpenColorIO inverts such tables too. Its quick way misses muted colors by twice as much under AgX and
        by more under Khronos PBR Neutral. Its exact one takes seconds a frame, and where several lights are
        shown alike finds the brightest (`test_display_white_is_no_brighter_than_it_must_be`), not the least.
        """
        axis = _from_nodes(np.linspace(0.0, 1.0, _NODES))
        wanted = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
        last = len(self.levels) - 1
        neutral = np.arange(last + 1)
        grays = np.maximum.accumulate(self.shown[neutral, neutral, neutral].mean(axis=-1))
        # Where several lights are shown alike, as all beyond display white, the least of them.
        grays, least = np.unique(grays.round(4), return_index=True)
        places = np.interp(wanted, grays, least)
        for _ in range(_STEPS):
            shown, slopes = interpolate(self.shown, places)
            normal = np.einsum("nki,nkj->nij", slopes, slopes) + _DAMPING * np.eye(3)
            gradient = np.einsum("nki,nk->ni", slopes, wanted - shown)
            step = np.linalg.solve(normal, gradient[..., None])[..., 0]
            places = np.clip(places + np.clip(step, -2.0, 2.0), 0.0, last)
        return places.reshape(_NODES, _NODES, _NODES, 3)


@lru_cache(maxsize=4)
def load_view(probe: Path, levels: tuple[float, ...]) -> ViewTransform:
    """The view transform of a probe; kept, since its inverse takes a second and serves all frames of a scene.

    Raises:
        FileError: the probe is damaged, or does not fit the levels.
        TypeError, ValueError: the levels are no numbers.
    """
    axis = np.array([float(level) for level in levels], np.float64)
    count = len(axis)
    pixels = _read_probe(probe)
    fits = pixels is not None and pixels.dtype == np.uint16 and pixels.shape == (count, count * count, 3)
    rising = count >= 3 and axis[0] == 0.0 and np.isfinite(axis).all() and (np.diff(axis) > 0.0).all()
    if pixels is None or not fits or not rising:
        raise FileError(probe, "the view transform's probe does not fit its note; render the frame again")
    lattice = pixels[::-1].reshape(count, count, count, 3) / 65535.0  # green, blue, red
    return ViewTransform(axis, np.ascontiguousarray(lattice.transpose(2, 0, 1, 3)), probe)


def _read_probe(probe: Path) -> np.ndarray | None:
    """(H, W, C) in the file's own type, None if there is no picture."""
    try:
        with suppress_native_output(), open_image(probe) as image:
            spec = image.spec()
            pixels = spec.width * spec.height
            check_decode_limits(probe, pixels, 4 * spec.nchannels * pixels)
            return read_pixels(image, spec, "unknown")
    except DecodeError:
        return None


def interpolate(lattice: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Trilinear interpolation.

    Args:
        lattice: (n, n, n, 3).
        places: (N, 3) in 0..n-1.

    Returns:
        Values (N, 3), and their slopes (N, 3, 3): of each value along each axis.
    """
    count = lattice.shape[0]
    low = np.clip(np.floor(places).astype(np.intp), 0, count - 2)
    share = places - low
    flat = lattice.reshape(-1, 3)
    first = (low[:, 0] * count + low[:, 1]) * count + low[:, 2]
    corners = {
        (x, y, z): flat[first + (x * count + y) * count + z] for x in (0, 1) for y in (0, 1) for z in (0, 1)
    }
    x, y, z = (share[:, axis, None] for axis in range(3))

    def along(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
        return a + t * (b - a)

    edges = {(j, k): along(corners[0, j, k], corners[1, j, k], x) for j in (0, 1) for k in (0, 1)}
    sides = [along(edges[0, k], edges[1, k], y) for k in (0, 1)]
    steps = {(j, k): corners[1, j, k] - corners[0, j, k] for j in (0, 1) for k in (0, 1)}
    by_x = along(along(steps[0, 0], steps[1, 0], y), along(steps[0, 1], steps[1, 1], y), z)
    by_y = along(edges[1, 0] - edges[0, 0], edges[1, 1] - edges[0, 1], z)
    by_z = sides[1] - sides[0]
    return along(sides[0], sides[1], z), np.stack([by_x, by_y, by_z], axis=-1)


@dataclass(frozen=True)
class Table:
    """A lattice (n, n, n, 3) that OpenColorIO interpolates."""

    count: int
    processor: ocio.CPUProcessor


def _table(lattice: np.ndarray) -> Table:
    count = lattice.shape[0]
    lut = ocio.Lut3DTransform(count)
    lut.setInterpolation(ocio.INTERP_LINEAR)
    lut.setData(np.ascontiguousarray(lattice, np.float32).ravel())
    return Table(count, float_processor(ocio.Config.CreateRaw().getProcessor(lut)))


def _look_up(table: Table, places: np.ndarray) -> np.ndarray:
    """(N, 3) float32 at places (N, 3) in 0..n-1, by trilinear interpolation."""
    return apply_processor(table.processor, places / (table.count - 1))


def _to_nodes(display: np.ndarray) -> np.ndarray:
    """The inverse of `_from_nodes`."""
    return 0.5 - np.sin(np.arcsin(np.clip(1.0 - 2.0 * display, -1.0, 1.0)) / 3.0)


def _from_nodes(place: np.ndarray) -> np.ndarray:
    return place * place * (3.0 - 2.0 * place)


def _in_blocks(change: Callable[[np.ndarray], np.ndarray], color: np.ndarray) -> np.ndarray:
    flat = color.reshape(-1, 3)
    starts = range(0, len(flat), _BLOCK)
    blocks = [change(flat[start : start + _BLOCK].astype(np.float64)) for start in starts]
    return np.concatenate(blocks).reshape(color.shape).astype(np.float32)
