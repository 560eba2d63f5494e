"""What can go wrong on the command line. Every message is one line and says what to do."""

from __future__ import annotations

import errno
import logging
import os
import shlex
import sys
from typing import NoReturn

from blender_nst.cli.log import log_path
from blender_nst.cli.signals import exit_code
from blender_nst.diagnostics.log_lines import short_line
from video.errors import BEGIN_ANEW
from video.protocol.json_lines import encode
from video.protocol.messages import Failed

logger = logging.getLogger(__name__)

LACKING = {
    errno.ENOSPC: "make room",
    errno.EDQUOT: "make room",
    errno.EMFILE: "allow more open files (ulimit -n)",
    errno.ENFILE: "close other programs",
    errno.ENOMEM: "close other programs, or take smaller pictures",
    errno.EAGAIN: "close other programs",
    errno.EIO: "check the disk",
}
"""What the system may be short of, and what to do."""

FAILED, BAD_INPUT = 1, 2
"""Exit codes; after a signal it is 128 and the signal's number."""


class CommandLineError(Exception):
    """Base of every error that the command line raises on purpose; it ends with `exit_code`.

    `resumable` if the same command goes on with what is kept.
    """

    exit_code = BAD_INPUT
    resumable = False


class BlenderError(CommandLineError):
    """There is no usable Blender, or one could not be installed."""


class ExtensionError(CommandLineError):
    """The extension's zip could not be built, or Blender's validator refused it."""


class InputError(CommandLineError):
    """What the command line was given cannot be used."""


class RenderError(CommandLineError):
    """Blender did not render, or its render was not stylized; code 2 if the user can remove the cause."""

    def __init__(self, message: str, exit_code: int = FAILED, *, resumable: bool = False) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.resumable = resumable


class InterruptedRunError(CommandLineError):
    """A signal, as Ctrl-C sends one, has ended a run. The frame in progress is lost, no other."""

    resumable = True

    def __init__(self, number: int) -> None:
        super().__init__("interrupted; finished frames are kept")
        self.exit_code = exit_code(number)


class InterruptedPictureError(CommandLineError):
    """A signal came while the only picture was made."""

    def __init__(self, number: int) -> None:
        super().__init__("interrupted; nothing was written but snapshots")
        self.exit_code = exit_code(number)


def resume_command() -> str:
    """This command again, such that it goes on with what it has finished."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--restart"]
    return shlex.join(["blender-nst", *arguments])


def exit_with(message: str, code: int, frame: int | None = None) -> NoReturn:
    """Ends the process with one line on standard error, and before it a `failed` where JSON is wanted.

    Inside an `except` block the log gets the traceback too, as DEBUG: what is refused is no fault.
    """
    option = " (--restart)" if message.endswith(BEGIN_ANEW) else ""
    line = short_line(" ".join(message.split()) + option)
    logger.warning("exit code %d: %s", code, line)
    logger.debug("raised at", exc_info=True)
    _end(line, code, frame)


def exit_with_os_error(error: OSError) -> NoReturn:
    """Ends the process after what the system has refused; where it lacks means, no input is to blame."""
    where = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
    lacking = LACKING.get(error.errno or 0)
    advice = "" if lacking is None else f"; {lacking}"
    exit_with(f"{where}{error.strerror or error}{advice}", BAD_INPUT if lacking is None else FAILED)


def exit_with_usage(message: str, code: int) -> NoReturn:
    """Ends the process before a command has begun: the arguments are none of its."""
    _end(short_line(f"{' '.join(message.split())} (see {resume_program()} --help)"), code)


def resume_program() -> str:
    """The program, with the command that was called."""
    return " ".join(["blender-nst", *(each for each in sys.argv[1:2] if each.isalpha())])


def exit_with_unexpected(error: Exception) -> NoReturn:
    """Ends the process after an unexpected exception: its traceback is logged, the user sees one line."""
    logger.error("internal error", exc_info=error)
    path = log_path()
    details = "" if path is None else f"; {path} has the details, `blender-nst doctor --report` collects them"
    summary = short_line(" ".join(f"internal error: {type(error).__name__}: {error}".split()))
    _end(short_line(summary + details), FAILED)


def _end(line: str, code: int, frame: int | None = None) -> NoReturn:
    if "--json" in sys.argv:
        sys.stdout.write(encode(Failed(line, frame=frame)))
    sys.stderr.write(f"blender-nst: {line}\n")
    sys.stderr.flush()
    sys.exit(code)
