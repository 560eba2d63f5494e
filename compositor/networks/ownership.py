"""Who can change a cache: one that others can write to is not trusted. The standard library alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def belongs_to_user(folder: Path) -> bool:
    """Whether a folder is this user's or the administrator's, and not everybody may write to it.

    True for one that is not there, and where the system has no owners of this kind.
    """
    if not hasattr(os, "geteuid"):
        return True
    try:
        found = folder.stat()
    except (OSError, ValueError):
        return True
    return found.st_uid in (os.geteuid(), 0) and not found.st_mode & stat.S_IWOTH
