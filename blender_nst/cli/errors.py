"""What can go wrong on the command line. Every message is one line and says what to do."""

from __future__ import annotations

import sys
from typing import NoReturn

from video.json_lines import encode
from video.protocol import Failed


class CommandLineError(Exception):
    """Base of every error that the command line raises on purpose; it ends with `exit_code`."""

    exit_code = 2


class BlenderError(CommandLineError):
    """There is no usable Blender, or one could not be installed."""


class ExtensionError(CommandLineError):
    """The extension's zip could not be built, or Blender's validator refused it."""


class InputError(CommandLineError):
    """What the command line was given cannot be used."""


class RenderError(CommandLineError):
    """Blender did not render, or its render was not stylised; code 2 if the user can remove the cause."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class InterruptedRunError(CommandLineError):
    """Ctrl-C. The frame in progress is lost, no other."""

    exit_code = 130

    def __init__(self) -> None:
        super().__init__("interrupted; finished frames are kept")


def end_with(message: str, code: int, frame: int | None = None) -> NoReturn:
    """Ends the process with one line on standard error, and before it a `failed` where JSON is wanted."""
    line = " ".join(message.split())
    if "--json" in sys.argv:
        sys.stdout.write(encode(Failed(line, frame=frame)))
    sys.stderr.write(f"blender-nst: {line}\n")
    sys.stderr.flush()
    sys.exit(code)
