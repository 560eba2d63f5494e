"""Runs inside Blender: executes one script after another in the same process, each in a fresh scene.

    python -E -P blender_loop.py -- MARK        (or Blender's executable with --python)

Each line on standard input is a JSON object: `script` (path), `arguments` (list of strings), `output` (path
of the file that gets all that is printed), `environment` (the whole environment of the run). Each is answered
by one line on standard output, MARK and a JSON object: `exit_code` (0: the script called `finish`), `result`
(what it gave), `clean` (false: something is left that cannot be removed, so this process has to be ended).
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, NoReturn

import bpy

PACKAGE = "blender_nst"
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGPIPE") if hasattr(signal, name)]


class _FinishedError(BaseException):
    """Raised by `finish`; no `except Exception` of a script catches it."""

    def __init__(self, result: Any) -> None:
        super().__init__()
        self.result = result


def finish(result: Any = None) -> NoReturn:
    """Ends the script."""
    raise _FinishedError(json.loads(json.dumps(result)))


def flush() -> None:
    """Writes what Python and C keep in buffers."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        ctypes.CDLL(None).fflush(None)


def redirect_output(path: str) -> None:
    """Sends file descriptors 1 and 2, which native code prints to as well, to the end of a file."""
    flush()
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)


def handler_lists() -> dict[str, list[Any]]:
    """Blender's lists of handlers by name."""
    found = {name: getattr(bpy.app.handlers, name) for name in dir(bpy.app.handlers)}
    return {name: each for name, each in found.items() if isinstance(each, list)}


class ProcessState:
    """What a script may change in its process; taken before the first script."""

    def __init__(self) -> None:
        self._handlers = {name: list(each) for name, each in handler_lists().items()}
        self._folder = Path.cwd()
        self._path, self._argv = list(sys.path), list(sys.argv)
        self._hooks = sys.excepthook, threading.excepthook
        self._signals = {number: signal.getsignal(number) for number in SIGNALS}
        self._threads = set(threading.enumerate())

    def restore(self) -> bool:
        """Removes what a script left, and loads the factory settings. False if something is left."""
        package = sys.modules.get(PACKAGE)
        if package is not None and hasattr(bpy.types.Scene, "nst"):
            package.unregister()
        for name, handlers in handler_lists().items():
            handlers[:] = self._handlers[name]
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]
        os.chdir(self._folder)
        sys.path[:], sys.argv[:] = self._path, self._argv
        sys.excepthook, threading.excepthook = self._hooks
        for number, handler in self._signals.items():
            signal.signal(number, handler)
        bpy.ops.wm.read_factory_settings()
        return not (set(threading.enumerate()) - self._threads) and not hasattr(bpy.types.Scene, "nst")


def execute(script: str, arguments: list[str]) -> tuple[int, Any]:
    """Runs a script as if it were started; gives its exit code and result."""
    sys.argv[:] = [script, "--", *arguments]
    code = compile(Path(script).read_text("utf-8"), script, "exec")
    try:
        exec(code, {"__name__": "__main__", "__file__": script, "finish": finish})  # noqa: S102
    except _FinishedError as finished:
        return 0, finished.result
    except BaseException:
        traceback.print_exc()
        return 1, None
    print("the script ended without finish()")
    return 1, None


def main() -> None:
    """Answers each line until the input ends."""
    mark = sys.argv[-1]
    # The channels are the loop's alone: neither scripts nor the engines that they start may use them.
    with os.fdopen(os.dup(0), "r", encoding="utf-8") as requests, os.fdopen(os.dup(1), "wb", 0) as answers:
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        redirect_output(os.devnull)
        state = ProcessState()
        for line in requests:
            request = json.loads(line)
            os.environ.clear()
            os.environ.update(request["environment"])
            redirect_output(request["output"])
            exit_code, result = execute(request["script"], request["arguments"])
            flush()
            try:
                clean = state.restore()
            except Exception:
                traceback.print_exc()
                clean = False
            redirect_output(os.devnull)
            answer = {"exit_code": exit_code, "result": result, "clean": clean}
            answers.write(f"\n{mark}{json.dumps(answer)}\n".encode())
    # Python's own end can hang in Blender's exit handlers.
    os._exit(0)


main()
