"""Runs the command line's application: its streams, its signals, and how it ends."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer

from blender_nst.cli.display import Display, make_display
from blender_nst.cli.errors import (
    BAD_INPUT,
    FAILED,
    CommandLineError,
    exit_with,
    exit_with_os_error,
    exit_with_unexpected,
    exit_with_usage,
    resume_command,
)
from blender_nst.cli.log import stop_log
from blender_nst.cli.signals import Interrupted, exit_code, signals_are_raised, signals_end
from blender_nst.cli.streams import standard_streams
from compositor.errors import CompositorError, MemoryShortageError
from compositor.hardware.memory_shortage import is_memory_shortage
from video.errors import VideoError

logger = logging.getLogger(__name__)

# Click's error about arguments. Typer has it from Click or brings a copy, by its version.
_UsageError: Any = typer.BadParameter.__bases__[0]


def run(app: typer.Typer) -> NoReturn:
    """Runs the application, and ends the process.

    Exit codes: 0 done, 1 something is missing or lacking, 2 bad input, 128 and the number of the signal that
    has ended it.
    """
    with standard_streams() as output:
        code = _code_of(lambda: _guarded(app))
        output.flush()
        if code == 0 and output.failure is not None:
            code = _code_of(lambda: exit_with(f"standard output cannot be written: {output.failure}", FAILED))
    sys.exit(code)


@contextmanager
def running(as_json: bool) -> Iterator[Display]:
    """A command at work, whose modules are imported: shows what it does, and raises the signals that come."""
    with signals_are_raised(), make_display(as_json) as display:
        yield display


def _code_of(run: Callable[[], None]) -> int:
    """The exit code that a function ends with."""
    try:
        run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else FAILED
    return 0


def _guarded(app: typer.Typer) -> None:
    """Runs the command, and turns whatever it raises into one line and an exit code."""
    with signals_end():
        try:
            code = app(standalone_mode=False)
            if isinstance(code, int):
                sys.exit(code)
        except CommandLineError as error:
            resume_hint = f"; to go on: {resume_command()}" if error.resumable else ""
            exit_with(f"{error}{resume_hint}", error.exit_code)
        except Interrupted as interrupted:
            exit_with("interrupted", exit_code(interrupted.number))
        except Exception as error:
            _exit_with(error)
        finally:
            stop_log()


def _exit_with(error: Exception) -> NoReturn:
    match error:
        case MemoryShortageError():
            exit_with(str(error), FAILED)
        case ImportError() if is_memory_shortage(error):
            exit_with("there is not enough memory for PyTorch; close other programs", FAILED)
        case VideoError() | CompositorError():
            exit_with(str(error), BAD_INPUT, getattr(error, "frame", None))
        case OSError():
            exit_with_os_error(error)
        case _ if is_memory_shortage(error):
            logger.warning("out of memory", exc_info=error)
            exit_with("there is not enough memory; close other programs, or take smaller pictures", FAILED)
        case _UsageError():
            # Without arguments the help was printed already, as an error that has no other text.
            if type(error).__name__ == "NoArgsIsHelpError":
                sys.exit(error.exit_code)
            exit_with_usage(error.format_message(), error.exit_code)
        case _:
            exit_with_unexpected(error)
