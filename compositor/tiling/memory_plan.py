"""Memory plan: the memory that a frame takes, what is free, and the tiles that fit into it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import psutil
import torch

from compositor import convolution_jit
from compositor.errors import MemoryShortageError
from compositor.hardware.allocator import give_back_freed_memory
from compositor.tiling.windows import GRID, Window, tiles, whole

# Bytes for each pixel of the frame, whatever the tiles: L-BFGS's history of 20 pairs, and some images.
_PICTURE_BYTES = 700
# Bytes for each pixel of an upsampled frame: 150 in the guided filter, and some images.
_UPSAMPLING_BYTES = 200
_WORKSPACE_BYTES = 100 * 2**20
# Share of the free memory that is planned with; the rest is a reserve.
_PLANNED = 0.8


@dataclass(frozen=True)
class _PixelBytes:
    """Bytes for each pixel of a tile: feature maps that the backward pass needs, and temporary ones.

    Measured on the embedded network up to relu5_1; 400 of them are the local style loss's.

    Attributes:
        most: in the worst case.
        expected: on average.
    """

    most: int
    expected: int

    @classmethod
    def of(cls, device: torch.device, dtype: torch.dtype) -> _PixelBytes:
        """For features of this dtype on this device."""
        if dtype is torch.bfloat16:
            return cls(most=2100, expected=1850)
        if device.type == "cpu" and convolution_jit.available():
            return cls(most=2550, expected=2250)
        return cls(most=3700, expected=3250)


@dataclass(frozen=True)
class MemoryPlan:
    """The memory that a frame takes.

    Attributes:
        expected_bytes: that the process will use at most, of the GPU's memory or else the machine's.
        free_bytes: that it could still allocate.
        windows: number of tiles; 1 is the frame as a whole.
        further_bytes: those of the expected that the process has not taken yet.
        total_bytes: that there are, free or not, on disk as well where the system moves memory there.
    """

    expected_bytes: int
    free_bytes: int
    windows: int
    further_bytes: int = 0
    total_bytes: int = 0

    def check(self, what: str) -> None:
        """Raises MemoryShortageError if `what` takes more than there would be if all of it were free.

        It would be worked on in thousands of tiles, for hours, and then fail.
        """
        if self.further_bytes > self.total_bytes:
            raise MemoryShortageError(
                f"{what} takes about {self.expected_bytes / 2**30:.0f} GiB of memory, and there are"
                f" {self.total_bytes / 2**30:.0f}: make the frames smaller, or lower the working size"
            )

    def __str__(self) -> str:
        text = f"about {self.expected_bytes / 2**30:.1f} GiB of memory"
        free = f"{self.free_bytes / 2**30:.1f} GiB are free"
        if self.windows > 1:
            text = f"{text}, in {self.windows} tiles, as {free}"
        if self.further_bytes > self.free_bytes:
            return f"{text}: more than there is ({free}); make the frames smaller, or close other programs"
        return text


def memory_plan(height: int, width: int, device: torch.device, dtype: torch.dtype, margin: int) -> MemoryPlan:
    """The plan for a frame of this size; the arguments are those of `fitting_windows`."""
    give_back_freed_memory(device)
    free = free_bytes(device)
    windows = fitting_windows(height, width, device, dtype, margin)
    largest = max(window.outer.area for window in windows)
    frame = (
        _WORKSPACE_BYTES + largest * _PixelBytes.of(device, dtype).expected + height * width * _PICTURE_BYTES
    )
    return MemoryPlan(_taken_bytes(device) + frame, free, len(windows), frame, _total_bytes(device))


def upsampling_plan(height: int, width: int, device: torch.device) -> MemoryPlan:
    """The plan for upsampling a frame to this size, in px."""
    frame = _WORKSPACE_BYTES + height * width * _UPSAMPLING_BYTES
    return MemoryPlan(_taken_bytes(device) + frame, free_bytes(device), 1, frame, _total_bytes(device))


def fitting_windows(
    height: int, width: int, device: torch.device, dtype: torch.dtype, margin: int, *, halvings: int = 0
) -> list[Window]:
    """The frame as one window if it fits into the free memory, else as tiles that do.

    Args:
        dtype: of the features.
        margin: in px, see `tiles`.
        halvings: how often the frame ran out of memory nevertheless; each halves the tiles' area.
    """
    for_features = _PLANNED * free_bytes(device) - height * width * _PICTURE_BYTES
    pixels = min(for_features / _PixelBytes.of(device, dtype).most, height * width) / 2.0**halvings
    if pixels >= height * width:
        return [whole(height, width)]
    side = int(math.sqrt(max(pixels, 0.0))) - 2 * margin
    return tiles(height, width, max(side // GRID * GRID, 4 * GRID), margin)


def free_bytes(device: torch.device) -> int:
    """Memory that the process could still allocate on a device, in bytes."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    if device.type == "mps":
        return _free_unified_memory()
    return psutil.virtual_memory().available


def _free_unified_memory() -> int:
    """The same for an Apple GPU, which shares the machine's memory up to a limit that Metal recommends."""
    reserved = torch.mps.driver_allocated_memory()
    beyond = min(torch.mps.recommended_max_memory() - reserved, psutil.virtual_memory().available)
    return max(beyond, 0) + reserved - torch.mps.current_allocated_memory()


def _total_bytes(device: torch.device) -> int:
    """Memory that a process could have at most, in bytes."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[1]
    if device.type == "mps":
        return torch.mps.recommended_max_memory()
    return psutil.virtual_memory().total + psutil.swap_memory().total


def _taken_bytes(device: torch.device) -> int:
    """Memory of the device that this process uses, in bytes."""
    if device.type == "cuda":
        return torch.cuda.memory_allocated(device)
    return psutil.Process().memory_info().rss
