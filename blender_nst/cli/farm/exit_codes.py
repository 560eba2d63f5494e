"""Exit codes of `blender-nst chunk`, by which a farm knows whether to try again."""

from __future__ import annotations

from enum import IntEnum

from blender_nst.cli.errors import LACKING, CommandLineError
from compositor.errors import CompositorError, DeviceError
from compositor.hardware.memory_shortage import is_memory_shortage
from video.errors import DiskFullError, FolderBusyError, VideoError
from video.farm.look import MixedLookError


class ChunkExit(IntEnum):
    """How a chunk has ended. A signal ends it with 128 and its number: try again, it goes on."""

    DONE = 0
    """Its frames are there."""
    OTHER_MACHINE = 1
    """This machine cannot do it, or something unexpected happened: try again, best on another machine."""
    BAD_INPUT = 2
    """Input or options are wrong, and will be on every machine: do not try again."""
    LATER = 75
    """This machine lacks memory or disk, or another process is making the chunk: try again later (EX_TEMPFAIL
    of sysexits.h)."""


class ChunkError(CommandLineError):
    """A chunk has failed; one line."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.resumable = exit_code != ChunkExit.BAD_INPUT


_EXITS: tuple[tuple[type[Exception], ChunkExit], ...] = (
    (FolderBusyError, ChunkExit.LATER),
    (DiskFullError, ChunkExit.LATER),
    (MixedLookError, ChunkExit.OTHER_MACHINE),
    (DeviceError, ChunkExit.OTHER_MACHINE),
    (VideoError, ChunkExit.BAD_INPUT),
    (CompositorError, ChunkExit.BAD_INPUT),
)
"""The first one that an error is an instance of counts."""


def exit_of(error: Exception) -> int:
    """The exit code for an error."""
    if isinstance(error, CommandLineError):
        return error.exit_code
    if isinstance(error, OSError):
        return ChunkExit.LATER if error.errno in LACKING else ChunkExit.OTHER_MACHINE
    if is_memory_shortage(error):
        return ChunkExit.LATER
    return next((code for kind, code in _EXITS if isinstance(error, kind)), ChunkExit.OTHER_MACHINE)
