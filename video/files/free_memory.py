"""The memory that this process could still take, asked for before a file is decoded."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil

from compositor.errors import MemoryShortageError

_GROUP = Path("/sys/fs/cgroup")
_SMALL = 64 * 2**20
"""Bytes that are taken without asking."""


def check_memory(path: Path, needed: int) -> None:
    """Checks that decoding a file takes no more memory, in bytes, than is free.

    Raises:
        MemoryShortageError: it does; a file may be right for a machine, or a moment, with more.
    """
    if needed <= _SMALL:
        return
    free = free_memory()
    if needed > free:
        raise MemoryShortageError(
            f"there is not enough memory to read {path}: it takes about {needed / 2**30:.1f} GiB, and"
            f" {free / 2**30:.1f} GiB are free; make it smaller, or close other programs"
        )


def free_memory() -> int:
    """Bytes: the least of what the machine has free, the container, and the limit of address space."""
    return max(0, min(psutil.virtual_memory().available, _free_of_container(), _free_address_space()))


def _free_of_container() -> int:
    """By Linux' control groups (version 2), of which a container shows its own at the root."""
    try:
        limit = int((_GROUP / "memory.max").read_text())
        used = int((_GROUP / "memory.current").read_text())
        lines = (line.split() for line in (_GROUP / "memory.stat").read_text().splitlines())
        cached = {name: int(value) for name, value in lines}.get("inactive_file", 0)
    except (OSError, ValueError):  # no container, or no limit: "max"
        return sys.maxsize
    return limit - used + cached


def _free_address_space() -> int:
    if sys.platform == "win32":
        return sys.maxsize
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit - psutil.Process().memory_info().vms
