"""Processor: how many of its threads compute, and by which instructions; that decides the last bits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def thread_count() -> int:
    """The number of threads that PyTorch's operations and the compiled kernels share their work among."""
    return torch.get_num_threads()


@contextmanager
def using_threads(count: int) -> Iterator[None]:
    """Has so many threads compute, on whatever number of cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def instructions() -> str:
    """The vector instructions of the CPU that PyTorch takes: `AVX512`, `AVX2`, `DEFAULT`."""
    return torch.backends.cpu.get_cpu_capability()
