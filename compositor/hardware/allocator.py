"""Allocator: keeps the memory that a step frees for the next step, and returns it after a frame."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch

# glibc's option numbers, from malloc.h; and bytes, the largest value that it takes.
_TRIM_THRESHOLD, _MOST_MAPPED = -1, -4
_KEPT = 2**31 - 1


@contextmanager
def keep_freed_memory(device: torch.device) -> Iterator[None]:
    """Context manager that keeps memory freed on a CPU for reuse, and returns it to the system at the end.

    Otherwise glibc returns it in every step, and the system provides it again in pages of 4 KiB that it
    clears on first use. On two cores of an Intel Xeon a step in single precision took 0.88 of
    the time at 256×192, 0.69 at 512×512 and 0.59 at 960×720, and the process 1 % to 25 % more memory at most.
    With other C libraries nothing changes; PyTorch keeps a GPU's memory by itself.
    """
    if device.type == "cpu":
        _keep_freed_memory()
    try:
        yield
    finally:
        if device.type == "cpu":
            give_back_freed_memory(device)


def give_back_freed_memory(device: torch.device) -> None:
    """Returns cached memory of a device to the system."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
    elif device.type == "cpu":
        trim = _of_glibc("malloc_trim")
        if trim is not None:
            trim(0)


@cache
def _keep_freed_memory() -> None:
    set_option = _of_glibc("mallopt")
    if set_option is not None:
        set_option(_MOST_MAPPED, 0)
        set_option(_TRIM_THRESHOLD, _KEPT)


def _of_glibc(function: str) -> ctypes._NamedFuncPointer | None:
    return getattr(ctypes.CDLL(None), function, None) if sys.platform.startswith("linux") else None
