"""What stands where a regular file is wanted."""

from __future__ import annotations

import stat


def kind_of(mode: int) -> str:
    """What there is instead of a file, by its mode: `a pipe`."""
    kinds = {
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a pipe",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "no regular file")
