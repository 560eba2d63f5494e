"""One Blender process for many scripts: the start of Blender takes longer than most of them.

`blender_loop.py` runs in that process; it is started with the first script, and again after a script that
ended or blocked it.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from blender_nst.cli.blenders.runtime import BlenderRuntime

_LOOP = Path(__file__).parent / "blender_loop.py"
_ANSWER_MARK = "ANSWER "


class SharedBlender:
    """A Blender process that executes scripts one after another, each in a fresh scene."""

    def __init__(self, runtime: BlenderRuntime) -> None:
        self._runtime = runtime
        self._process: subprocess.Popen[str] | None = None

    def run(
        self, script: Path, arguments: Sequence[str], environment: dict[str, str], timeout: float
    ) -> tuple[Any, str]:
        """Executes a script; gives its result and all that was printed meanwhile.

        Raises:
            AssertionError: the script raised, ended its process, or took longer than `timeout` seconds.
        """
        output = script.with_suffix(".output")
        output.write_text("", "utf-8")
        request = {
            "script": str(script),
            "arguments": list(arguments),
            "output": str(output),
            "environment": environment,
        }
        answer = self._ask(json.dumps(request), environment, timeout)
        printed = output.read_text("utf-8", "replace")
        if answer["exit_code"] != 0:
            raise AssertionError(f"the script ended with {answer['exit_code']}:\n{printed[-4000:]}")
        return answer["result"], printed

    def end(self) -> None:
        """Ends the process if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _ask(self, request: str, environment: dict[str, str], timeout: float) -> dict[str, Any]:
        process = self._running(environment)
        assert process.stdin is not None
        assert process.stdout is not None
        deadline = threading.Timer(timeout, process.kill)
        deadline.start()
        try:
            with suppress(BrokenPipeError):
                process.stdin.write(request + "\n")
                process.stdin.flush()
            for line in process.stdout:
                if line.startswith(_ANSWER_MARK):
                    answer = json.loads(line.removeprefix(_ANSWER_MARK))
                    if not answer["clean"]:
                        self.end()
                    return answer
        finally:
            deadline.cancel()
        self.end()
        # Never 0, even if the script called os._exit(0): it gave no result.
        return {"exit_code": f"{process.returncode}, and its process with it", "result": None}

    def _running(self, environment: dict[str, str]) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                self._runtime.command(_LOOP, [_ANSWER_MARK]),
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
                errors="replace",
            )
        return self._process


_shared: dict[BlenderRuntime, SharedBlender] = {}


def shared_blender(runtime: BlenderRuntime) -> SharedBlender:
    """This test process's shared Blender of a runtime; nothing is started yet."""
    return _shared.setdefault(runtime, SharedBlender(runtime))


def end_shared_blenders() -> None:
    """Ends all of them, at the end of the session."""
    for shared in _shared.values():
        shared.end()
    _shared.clear()
