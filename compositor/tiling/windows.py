"""Windows (tiles) of a frame: parts that are computed one by one, with a margin of the receptive field."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

GRID = 32
"""Pixels: windows begin on multiples of it, so that all five poolings are aligned as in the whole frame."""


@dataclass(frozen=True)
class Box:
    """Rows `top` to `bottom` and columns `left` to `right` of a frame, the ends not included, in px."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def area(self) -> int:
        """The number of pixels."""
        return (self.bottom - self.top) * (self.right - self.left)

    def of(self, picture: Tensor) -> Tensor:
        """The part of a picture (1, C, H, W)."""
        return picture[..., self.top : self.bottom, self.left : self.right]

    def grown(self, margin: int, height: int, width: int) -> Box:
        """The box enlarged by `margin` px on every side and to the grid, clipped to a frame of this size."""
        return Box(
            max(0, (self.top - margin) // GRID * GRID),
            max(0, (self.left - margin) // GRID * GRID),
            min(height, -(-(self.bottom + margin) // GRID) * GRID),
            min(width, -(-(self.right + margin) // GRID) * GRID),
        )


@dataclass(frozen=True)
class Window:
    """A tile: the features of `inner` are used, and are computed from the pixels of `outer`."""

    inner: Box
    outer: Box

    def features(self, maps: Tensor, stride: int, full: tuple[int, int]) -> Tensor:
        """The part of the maps of `outer` that belongs to `inner`.

        Args:
            maps: (1, C, h, w), at a layer whose pixels are `stride` px apart.
            full: (height, width) of the layer's maps for the whole frame.
        """
        top, left = (self.inner.top - self.outer.top) // stride, (self.inner.left - self.outer.left) // stride
        part = self.within(stride, full)
        return maps[..., top : top + part.bottom - part.top, left : left + part.right - part.left]

    def within(self, stride: int, full: tuple[int, int]) -> Box:
        """`inner` in the coordinates of a layer's maps of the whole frame."""
        ends = (
            min(-(-end // stride), size)
            for end, size in zip((self.inner.bottom, self.inner.right), full, strict=True)
        )
        bottom, right = ends
        return Box(self.inner.top // stride, self.inner.left // stride, bottom, right)


def whole(height: int, width: int) -> Window:
    """The frame as one window."""
    box = Box(0, 0, height, width)
    return Window(box, box)


def tiles(height: int, width: int, side: int, margin: int) -> list[Window]:
    """Windows whose inner boxes cover the frame without overlap, at most `side` px long and wide.

    Args:
        side: in px, at least the grid's; rounded down to a multiple of it.
        margin: in px, by which the outer box exceeds the inner one.
    """
    rows, columns = (_cuts(length, side) for length in (height, width))
    return [
        Window(box, box.grown(margin, height, width))
        for top, bottom in rows
        for left, right in columns
        for box in [Box(top, left, bottom, right)]
    ]


def around(wanted: Tensor, reach: int, margin: int) -> Window | None:
    """The smallest window whose inner box contains all wanted pixels and `reach` px around them.

    Args:
        wanted: (1, 1, H, W) bool.

    Returns:
        None if no pixel is wanted.
    """
    rows, columns = wanted[0, 0].any(dim=1).nonzero(), wanted[0, 0].any(dim=0).nonzero()
    if len(rows) == 0:
        return None
    height, width = wanted.shape[-2:]
    bounds = Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
    inner = bounds.grown(reach, height, width)
    return Window(inner, inner.grown(margin, height, width))


def _cuts(length: int, side: int) -> list[tuple[int, int]]:
    """Begins and ends of parts of about equal length, on the grid."""
    count = -(-length // max(GRID, side // GRID * GRID))
    step = -(-length // count // GRID) * GRID or GRID
    return [(begin, min(begin + step, length)) for begin in range(0, length, step)]
