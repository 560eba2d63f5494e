"""Runs scripts inside a real Blender: in a process that they share, or each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blender_nst.cli.blenders.runtime import BlenderRuntime
from blender_nst.headless.job import RenderJob
from tests.blender_nst.shared_blender import shared_blender

REPOSITORY = Path(__file__).parent.parent.parent
PACKAGE = REPOSITORY / "blender_nst"
RESULT_MARK = "RESULT "

TINY_STYLE: dict[str, Any] = {"steps": 3, "coarsest_size": 64, "device": "cpu"}
TINY_SEQUENCE: dict[str, Any] = {"warm_steps": 1}

# Loads the extension's source as headless/main.py does.
_PRELUDE = """
import importlib.util, json, os, sys, traceback
from pathlib import Path
import bpy

def load():
    spec = importlib.util.spec_from_file_location("headless", Path({package!r}) / "headless" / "main.py")
    headless = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(headless)
    return headless.load_package()

arguments = sys.argv[sys.argv.index("--") + 1:]
"""

# Ends as every bpy process must. In the shared process `blender_loop.finish` takes its place.
_OWN_PROCESS = """
def end_at_once(*error):
    # Python's own end can hang in Blender's exit handlers.
    traceback.print_exception(*error)
    sys.stdout.flush()
    os._exit(1)

sys.excepthook = end_at_once

def finish(result=None):
    print("\\n{mark}" + json.dumps(result))
    sys.stdout.flush()
    os._exit(0)
"""


@dataclass(frozen=True)
class ScriptRun:
    """What a script in Blender gave to `finish`, and what was printed."""

    result: Any
    output: str


@dataclass(frozen=True)
class HeadlessRun:
    """A run of `headless/main.py`: its exit code, its events, and all that was printed."""

    code: int
    events: list[dict[str, Any]]
    output: str

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The events of one kind."""
        return [event for event in self.events if event["event"] == kind]


@dataclass(frozen=True)
class BlenderInTests:
    """Runs scripts inside the Blender at hand."""

    runtime: BlenderRuntime
    folder: Path

    def run(
        self,
        script: str,
        *arguments: str,
        environment: dict[str, str] | None = None,
        timeout: float = 300.0,
        own_process: bool = False,
    ) -> ScriptRun:
        """Runs a script that ends with `finish(result)`; `load()` loads the extension, unregistered.

        Args:
            environment: variables that the script's Blender starts with; it has a process of its own then.
            own_process: for what Blender does at its start and end, and what it cannot take back, such as an
                installed extension. Otherwise the process is shared, and the scene that of the factory.

        Raises:
            AssertionError: the script did not reach `finish`; with the end of what was printed.
        """
        file = self.folder / "script.py"
        prelude = _PRELUDE.format(package=str(PACKAGE))
        if not own_process and environment is None:
            file.write_text(prelude + textwrap.dedent(script), "utf-8")
            shared = shared_blender(self.runtime)
            return ScriptRun(*shared.run(file, arguments, self.environment(), timeout))
        prelude += _OWN_PROCESS.format(mark=RESULT_MARK)
        file.write_text(prelude + textwrap.dedent(script), "utf-8")
        finished = subprocess.run(
            self.runtime.command(file, arguments),
            env=self.environment() | (environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            check=False,
            encoding="utf-8",
            errors="replace",
        )
        for line in finished.stdout.splitlines():
            if line.startswith(RESULT_MARK):
                return ScriptRun(json.loads(line.removeprefix(RESULT_MARK)), finished.stdout)
        raise AssertionError(f"the script ended with {finished.returncode}:\n{finished.stdout[-4000:]}")

    def changed(self, blend: Path | str, change: str, name: str = "changed") -> Path:
        """A copy of a .blend in the folder, after a script has changed its `scene`."""
        path = self.folder / f"{name}.blend"
        begin = "load()\nbpy.ops.wm.open_mainfile(filepath=arguments[0])\nscene = bpy.context.scene\n"
        end = "\nbpy.ops.wm.save_as_mainfile(filepath=arguments[1])\nfinish()\n"
        self.run(begin + textwrap.dedent(change) + end, str(blend), str(path))
        return path

    def environment(self) -> dict[str, str]:
        """The environment of Blender in tests: the engine's Python, and user folders of its own."""
        return dict(os.environ) | {
            "BLENDER_NST_PYTHON": sys.executable,
            "BLENDER_NST_ENGINE_PATH": str(REPOSITORY),
            "BLENDER_USER_RESOURCES": str(self.folder / "user"),
        }

    def headless(self, job: RenderJob) -> HeadlessRun:
        """Runs `headless/main.py` to its end."""
        with self.start_headless(job) as process:
            output, _ = process.communicate(timeout=300)
        return HeadlessRun(process.returncode, events_in(output), output)

    def start_headless(self, job: RenderJob) -> subprocess.Popen[str]:
        """Starts `headless/main.py`."""
        file = self.folder / "job.json"
        job.write(file)
        return subprocess.Popen(
            self.runtime.command(PACKAGE / "headless" / "main.py", [str(file)]),
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )


def events_in(output: str) -> list[dict[str, Any]]:
    """The events in what `headless/main.py` printed."""
    return [json.loads(line[4:]) for line in output.splitlines() if line.startswith("NST ")]
