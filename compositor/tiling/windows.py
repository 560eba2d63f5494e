"""Parts of a frame that the network looks at one by one, with enough around them to see what it would see."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

GRID = 32
"""Pixels: windows begin on multiples of it, so that all five poolings fall as in the whole frame."""


@dataclass(frozen=True)
class Box:
    """Rows `top` to `bottom` and columns `left` to `right` of a frame, the ends not included, in px."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def area(self) -> int:
        """In px."""
        return (self.bottom - self.top) * (self.right - self.left)

    def of(self, picture: Tensor) -> Tensor:
        """The part of a picture (1, C, H, W)."""
        return picture[..., self.top : self.bottom, self.left : self.right]

    def grown(self, margin: int, height: int, width: int) -> Box:
        """Larger by `margin` on every side, and on to the grid, within a frame of this size."""
        return Box(
            max(0, (self.top - margin) // GRID * GRID),
            max(0, (self.left - margin) // GRID * GRID),
            min(height, -(-(self.bottom + margin) // GRID) * GRID),
            min(width, -(-(self.right + margin) // GRID) * GRID),
        )


@dataclass(frozen=True)
class Window:
    """A part of the frame: features of `inner` count, and are computed from the pixels of `outer`."""

    inner: Box
    outer: Box

    def features(self, maps: Tensor, stride: int, full: tuple[int, int]) -> Tensor:
        """What lies in `inner` of the maps that the network made of `outer`.

        Args:
            maps: (1, C, h, w), at a layer whose pixels are `stride` px apart.
            full: (height, width) of the layer's maps for the whole frame.
        """
        top, left = (self.inner.top - self.outer.top) // stride, (self.inner.left - self.outer.left) // stride
        part = self.within(stride, full)
        return maps[..., top : top + part.bottom - part.top, left : left + part.right - part.left]

    def within(self, stride: int, full: tuple[int, int]) -> Box:
        """`inner` in the pixels of a layer of the whole frame."""
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
        side: a multiple of the grid, or more.
        margin: px that a window sees beyond its inner box.
    """
    rows, columns = (_cuts(length, side) for length in (height, width))
    return [
        Window(box, box.grown(margin, height, width))
        for top, bottom in rows
        for left, right in columns
        for box in [Box(top, left, bottom, right)]
    ]


def around(wanted: Tensor, reach: int, margin: int) -> Window | None:
    """The smallest window whose inner box holds all that is wanted, and `reach` px more.

    Args:
        wanted: (1, 1, H, W) bool.

    Returns:
        None where nothing is wanted.
    """
    rows, columns = wanted[0, 0].any(dim=1).nonzero(), wanted[0, 0].any(dim=0).nonzero()
    if len(rows) == 0:
        return None
    height, width = wanted.shape[-2:]
    held = Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)
    inner = held.grown(reach, height, width)
    return Window(inner, inner.grown(margin, height, width))


def _cuts(length: int, side: int) -> list[tuple[int, int]]:
    """Even pieces of a length, on the grid."""
    count = -(-length // max(GRID, side // GRID * GRID))
    step = -(-length // count // GRID) * GRID or GRID
    return [(begin, min(begin + step, length)) for begin in range(0, length, step)]
