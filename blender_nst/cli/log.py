"""The command line's log: `blender-nst.log` in a run's output folder, otherwise in the user's log folder.

Every command has the option `--verbose`, which also prints the log to standard error.
"""

from __future__ import annotations

import functools
import inspect
import logging
import platform
import shlex
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Any

import typer
from platformdirs import user_log_path

from blender_nst.diagnostics.log_file import RunLog, attach, detach
from blender_nst.diagnostics.log_lines import SafeFormatter
from video.files.output_folder import COMMAND_LINE_LOG

LOGGERS = ("blender_nst", "video", "compositor")
"""The engine's among them: `stylize` runs it in this process."""

logger = logging.getLogger(__name__)

for _name in LOGGERS:
    # Or Python prints to standard error what is logged before there is a log, and after it.
    logging.getLogger(_name).addHandler(logging.NullHandler())

_VERBOSE = inspect.Parameter(
    "verbose",
    inspect.Parameter.KEYWORD_ONLY,
    default=False,
    annotation=Annotated[
        bool, typer.Option("--verbose", help="Print the log, with tracebacks, to standard error.")
    ],
)


class LoggedTyper(typer.Typer):
    """A Typer application whose commands log and have the option `--verbose`."""

    def command(self, *arguments: Any, **options: Any) -> Callable[[Any], Any]:
        """As Typer's, for a function without the option."""
        register = super().command(*arguments, **options)

        def decorate(function: Callable[..., None]) -> Callable[..., None]:
            register(_logged(function))
            return function

        return decorate


class _StandardError(logging.StreamHandler[Any]):
    """Prints to standard error as it is at the time: progress bars put a stream of their own in its place."""

    def emit(self, record: logging.LogRecord) -> None:
        self.setStream(sys.stderr)
        super().emit(record)


def follow_run(output: Path) -> None:
    """From now on the log is in this output folder, once that exists."""
    for handler in _handlers():
        if isinstance(handler, RunLog):
            handler.follow(output.absolute())


def log_path() -> Path | None:
    """Where the log of this process is, if it has one."""
    return next((handler.path for handler in _handlers() if isinstance(handler, RunLog)), None)


def user_folder() -> Path:
    """The folder of the logs that belong to no run."""
    return user_log_path("blender-nst", appauthor=False)


def stop_log() -> None:
    """Ends the log; does nothing where no command has begun one."""
    for handler in _handlers():
        detach(handler, LOGGERS)


def _logged(function: Callable[..., None]) -> Callable[..., None]:
    parameters = [*inspect.signature(function, eval_str=True).parameters.values(), _VERBOSE]

    @functools.wraps(function)
    def run(*, verbose: bool, **values: Any) -> None:
        _start_log(verbose)
        function(**values)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _start_log(verbose: bool) -> None:
    attach(RunLog(COMMAND_LINE_LOG, user_folder(), wait=True), LOGGERS)
    if verbose:
        handler = _StandardError()
        handler.setFormatter(SafeFormatter())
        attach(handler, LOGGERS)
    logger.info("blender-nst %s, Python %s, %s", _version(), platform.python_version(), platform.platform())
    logger.info("command: %s", shlex.join(sys.argv[1:]))


def _version() -> str:
    try:
        return version("blender-nst")
    except PackageNotFoundError:
        return "from a source folder"


def _handlers() -> list[logging.Handler]:
    handlers = logging.getLogger(LOGGERS[0]).handlers
    return [each for each in handlers if isinstance(each, (RunLog, _StandardError))]
