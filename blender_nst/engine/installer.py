"""Installs the style engine into a virtual environment of its own, beside the extension.

The standard library alone, and no Blender: the commands are processes of their own, a thread reads what they
print into a queue, and whoever shows the progress drains it. Nothing is installed into Blender's Python.
"""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TextIO

from .process import engine_environment
from .torch_packages import TORCH_FOR_CPU

ENVIRONMENT = "engine"
MARKER = "installed.json"
LOG_NAME = "install.log"

# From this release on, pip tells how far a download is on lines that a program can read.
_PIP_WITH_RAW_PROGRESS = (24, 1)

_CHECK = "import torch, video.worker.server; print('PyTorch', torch.__version__)"

_UNREACHABLE = re.compile(
    r"NewConnectionError|NameResolutionError|Temporary failure|ConnectTimeout|ProxyError"
)


class InstallError(Exception):
    """The installation cannot begin, or something cannot be removed; one line."""


class InstallState(Enum):
    """Where an installation is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class InstallPlan:
    """What is installed where.

    Args:
        python: makes the environment; 3.11 or newer.
        folder: the environment is made in it, as `engine`.
        wheel: the engine's own package.
        torch: what pip is given for PyTorch.
        wheel_folder: where pip finds everything, instead of a package index.
    """

    python: Path
    folder: Path
    wheel: Path
    torch: tuple[str, ...] = TORCH_FOR_CPU
    wheel_folder: Path | None = None

    @property
    def environment(self) -> Path:
        """The environment's folder."""
        return self.folder / ENVIRONMENT

    def steps(self) -> list[tuple[str, list[str]]]:
        """Titles and commands, in order."""
        inside = str(_python_in(self.environment))
        pip = [inside, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-color"]
        pip += ["--retries", "1", "--timeout", "20"]
        if self.wheel_folder is not None:
            pip += ["--no-index", "--find-links", str(self.wheel_folder)]
        return [
            ("Making the environment", [str(self.python), "-m", "venv", str(self.environment)]),
            ("Installing PyTorch", [*pip, *self.torch]),
            ("Installing the engine", [*pip, str(self.wheel)]),
            ("Checking the engine", [inside, "-P", "-c", _CHECK]),
        ]


class Installer:
    """An installation on its way. The thread that made it drains it; the fields are for showing.

    One that failed or was cancelled leaves the environment as far as it got, and the next attempt goes on
    from there; only a whole one is ever used.
    """

    def __init__(self, plan: InstallPlan) -> None:
        self.plan = plan
        self.log = plan.folder / LOG_NAME
        self.state = InstallState.RUNNING
        self.title = ""
        self.share = 0.0
        self.last_line = ""
        self.error = ""
        self._events: queue.Queue[tuple[str, object]] = queue.Queue()
        self._cancelled = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._run, name="NST installation", daemon=True)
        self._thread.start()

    def drain(self) -> bool:
        """Brings the fields up to date; returns whether anything changed."""
        changed = False
        with suppress(queue.Empty):
            while True:
                name, value = self._events.get_nowait()
                setattr(self, name, value)
                changed = True
        return changed

    def cancel(self) -> None:
        """Stops the running command; `state` says when it has ended."""
        self._cancelled.set()
        process = self._process
        if process is not None and process.poll() is None:
            _end_group(process)

    def join(self, timeout: float | None = None) -> None:
        """Waits for the end."""
        self._thread.join(timeout)
        self.drain()

    def _run(self) -> None:
        try:
            self.plan.folder.mkdir(parents=True, exist_ok=True)
            marker = self.plan.environment / MARKER
            marker.unlink(missing_ok=True)
            with self.log.open("w", encoding="utf-8") as log:
                self._run_steps(log)
            marker.write_text(json.dumps({"wheel": self.plan.wheel.name}), "utf-8")
        except _Cancelled:
            self._events.put(("state", InstallState.CANCELLED))
        except (InstallError, OSError) as error:
            self._events.put(("error", " ".join(str(error).split())))
            self._events.put(("state", InstallState.FAILED))
        else:
            self._events.put(("share", 1.0))
            self._events.put(("state", InstallState.DONE))

    def _run_steps(self, log: TextIO) -> None:
        steps = self.plan.steps()
        # PyTorch is nearly all of it.
        starts = (0.0, 0.1, 0.75, 0.95, 1.0)
        for number, (title, command) in enumerate(steps):
            self._events.put(("title", title))
            self._events.put(("share", starts[number]))
            if command[1:4] == ["-m", "pip", "install"] and self._pip_shows_progress(command[0]):
                command = [*command, "--progress-bar", "raw"]  # noqa: PLW2901
            self._run_command(title, command, log, starts[number], starts[number + 1])

    def _run_command(self, title: str, command: list[str], log: TextIO, start: float, end: float) -> None:
        if self._cancelled.is_set():
            raise _Cancelled
        print(f"> {' '.join(command)}", file=log, flush=True)
        try:
            self._process = _start(command)
        except OSError as error:
            raise InstallError(f"{title}: {command[0]}: {error.strerror}") from None
        unreachable, errors = False, [""]
        for line in self._process.stdout or ():
            progress = re.fullmatch(r"Progress (\d+) of (\d+)", line.strip())
            if progress is not None and int(progress.group(2)) > 0:
                share = int(progress.group(1)) / int(progress.group(2))
                self._events.put(("share", start + (end - start) * share))
                continue
            print(line, end="", file=log, flush=True)
            if line.strip():
                self._events.put(("last_line", line.strip()))
            unreachable = unreachable or _UNREACHABLE.search(line) is not None
            if "ensurepip is not" in line:
                errors.append("this Python cannot make environments; install the system's python3-venv")
            elif line.lower().startswith("error") or "Error:" in line:
                errors.append(line.strip())
        code = self._process.wait()
        if self._cancelled.is_set():
            raise _Cancelled
        if code != 0:
            raise InstallError(f"{title}: {_reason(errors, unreachable, code)}; the log is {self.log}")

    def _pip_shows_progress(self, python: str) -> bool:
        shown = subprocess.run(
            [python, "-m", "pip", "--version"], capture_output=True, text=True, check=False, timeout=60
        ).stdout
        version = re.match(r"pip (\d+)\.(\d+)", shown)
        return version is not None and (int(version[1]), int(version[2])) >= _PIP_WITH_RAW_PROGRESS


class _Cancelled(Exception):  # noqa: N818 - it is no error
    pass


def environment_python(folder: Path) -> Path | None:
    """The Python of a whole environment in the extension's folder; None where there is none."""
    environment = folder / ENVIRONMENT
    python = _python_in(environment)
    return python if (environment / MARKER).is_file() and python.is_file() else None


def remove_environment(folder: Path) -> None:
    """Removes the environment, whole or not; raises InstallError if it cannot be removed."""
    environment = folder / ENVIRONMENT
    if not environment.exists():
        return
    with suppress(OSError):
        (environment / MARKER).unlink(missing_ok=True)  # a half removed one is not used
    try:
        shutil.rmtree(environment)
    except OSError as error:
        raise InstallError(
            f"{environment}: cannot be removed ({error.strerror}); end what uses it, or remove it by hand"
        ) from None


def host_python() -> Path:
    """The Python that runs this, to make environments with: Blender's own, which lies beside Blender.

    Raises:
        InstallError: this program does not tell where its Python is.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    candidates = [Path(sys.executable), Path(sys.prefix) / "bin" / f"python{version}"]
    found = shutil.which(f"python{version}") or shutil.which("python3")
    if found is not None:
        candidates.append(Path(found))
    for candidate in candidates:
        if candidate.name.lower().startswith("python") and candidate.is_file():
            return candidate
    raise InstallError("Blender's Python is not found; make an environment yourself and name it below")


def engine_wheel(extension: Path) -> Path:
    """The engine's package, which lies in the extension's zip; raises InstallError in a source checkout."""
    wheels = sorted((extension / "wheels").glob("blender_nst-*.whl"))
    if not wheels:
        raise InstallError(
            "this copy of the extension holds no engine: install the zip of `blender-nst extension build`"
        )
    return wheels[-1]


def _python_in(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _start(command: list[str]) -> subprocess.Popen[str]:
    environment = engine_environment(os.environ) | {"PYTHONIOENCODING": "utf-8"}
    # A group of its own, so that pip's own processes end with it.
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    else:
        flags = 0
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        encoding="utf-8",
        errors="replace",
        creationflags=flags,
        start_new_session=sys.platform != "win32",
    )


def _end_group(process: subprocess.Popen[str]) -> None:
    with suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


def _reason(errors: list[str], unreachable: bool, code: int) -> str:
    if unreachable:
        return "the package index cannot be reached; check the network, or install from a folder of wheels"
    return errors[min(1, len(errors) - 1)] or f"the command ended with exit code {code}"
