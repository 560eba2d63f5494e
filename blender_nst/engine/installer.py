"""Installs the style engine into a virtual environment of its own, beside the extension.

The standard library alone, and no Blender: the commands are processes of their own, a thread reads what they
print into a queue, and whoever shows the progress drains it. Nothing is installed into Blender's Python.

pip installs uv into the environment, and uv the rest: it resolves all packages at once into a list with
hashes, takes PyTorch's build for the CPU or for the GPU's driver from PyTorch's index, and installs the list.
"""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import Enum
from typing import TextIO

from .environment import MARKER, InstallError
from .install_commands.command_output import InstallOutput
from .install_commands.downloads import DownloadProgress, Downloads
from .install_commands.failure import FailureCause
from .install_commands.process_group import end_group, start_group
from .install_plan import InstallPlan
from .process import engine_environment
from .torch_packages import TorchBackend
from .uv_tool import Uv, bootstrap_command, configured_uv, pip_install

LOG_NAME = "install.log"

_CHOOSING = "Choosing the packages"
_DOWNLOADING = "Downloading"
_LOOK_EVERY = 0.5
"""Seconds between two looks at how far the downloads are."""
_CUDA_PACKAGE = re.compile(r"^(?:nvidia|cuda)-\S+==", re.MULTILINE)


class InstallState(Enum):
    """Where an installation is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Installer:
    """A running installation. The thread that made it drains it; the fields are for showing.

    Attributes:
        title: what is done just now, in words for people.
        share: 0 to 1 of the whole; never decreases.
        download: how far the downloads are; None while nothing is fetched.

    One that failed or was cancelled leaves the environment as it is, and the next attempt continues with
    that and with uv's cache; only a complete environment is ever used.
    """

    def __init__(self, plan: InstallPlan) -> None:
        self.plan = plan
        self.log = plan.folder / LOG_NAME
        self.state = InstallState.RUNNING
        self.title = ""
        self.share = 0.0
        self.download: DownloadProgress | None = None
        self.error = ""
        self._events: queue.Queue[tuple[str, object]] = queue.Queue()
        self._cancelled = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._done = 0.0
        self._variables = engine_environment(os.environ) | {"PYTHONIOENCODING": "utf-8"}
        self._thread = threading.Thread(target=self._run, name="NST installation", daemon=True)
        self._thread.start()

    @property
    def text(self) -> str:
        """How far it is: `62 %`, or `37 %: 152 of 410 MB, 40 s left`."""
        share = f"{100.0 * self.share:.0f} %"
        return share if self.download is None else f"{share}: {self.download.text}"

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
            end_group(process)

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
                self._install(log)
            marker.write_text(json.dumps({"wheel": self.plan.wheel.name}), "utf-8")
        except _Cancelled:
            self._events.put(("state", InstallState.CANCELLED))
        except (InstallError, OSError) as error:
            self._events.put(("error", " ".join(str(error).split())))
            self._events.put(("state", InstallState.FAILED))
        else:
            self._events.put(("share", 1.0))
            self._events.put(("state", InstallState.DONE))

    def _install(self, log: TextIO) -> None:
        plan = self.plan
        interrupted = plan.lock.exists()
        self._run_command("Preparing the environment", plan.create(), log, until=0.05)
        uv = self._install_uv(log)
        if uv is None:
            self._install_from(pip_install(plan.environment_python), log, self._variables)
        elif plan.wheel_folder is not None:
            self._install_from(uv.install("--offline"), log, uv.variables)
        elif plan.torch.options:
            self._install_from(uv.install(), log, uv.variables)
        else:
            options = self._resolve(uv, log)
            # An interrupted command may have left half a package.
            again = ("--reinstall",) if interrupted else ()
            command = uv.install_locked(plan.lock, *options, *again)
            self._run_command(
                _DOWNLOADING, command, log, until=0.95, variables=uv.variables_for_lock, downloads=uv
            )
        self._run_command("Checking the engine", plan.check(), log, until=1.0)

    def _install_uv(self, log: TextIO) -> Uv | None:
        """The environment's uv; None where the folder of wheels has none, so that pip does its work."""
        plan = self.plan
        try:
            lock = plan.uv_lock if plan.wheel_folder is None else None
            command = bootstrap_command(plan.environment_python, plan.source, lock)
            self._run_command("Installing uv", command, log, until=0.1)
        except _CommandError:
            if plan.wheel_folder is None:
                raise
            print("The folder of wheels has no uv: pip installs the packages", file=log, flush=True)
            return None
        return configured_uv(plan.environment, self._variables)

    def _install_from(self, tool: list[str], log: TextIO, variables: Mapping[str, str]) -> None:
        """Installs PyTorch, then the engine, from the folder of wheels or with the user's own options."""
        plan = self.plan
        torch = [*tool, *plan.source, *plan.torch.options, *plan.torch.packages]
        self._run_command("Installing PyTorch", torch, log, until=0.75, variables=variables)
        engine = [*tool, *plan.source, str(plan.wheel)]
        self._run_command("Installing the engine", engine, log, until=0.95, variables=variables)

    def _resolve(self, uv: Uv, log: TextIO) -> tuple[str, ...]:
        """Writes the lock; returns the options by which uv found PyTorch's build.

        A network from which PyTorch's own index cannot be reached may have a mirror of the package index: the
        build is taken from there then, unless it brings CUDA to a machine without an NVIDIA GPU.
        """
        plan, backend = self.plan, self.plan.torch.backend
        options = () if backend is None else ("--torch-backend", backend.value)
        cause: FailureCause | None = None
        plan.write_requirements()
        try:
            self._write_lock(uv, options, log)
        except _CommandError as error:
            if not options or "pytorch.org" not in error.details:
                raise
            print("PyTorch's own index cannot be used: the package index is", file=log, flush=True)
            options, cause = (), error.cause
            self._write_lock(uv, options, log)
        if backend is TorchBackend.CPU and _CUDA_PACKAGE.search(plan.lock.read_text("utf-8")):
            raise InstallError(_no_cpu_build(cause))
        return options

    def _write_lock(self, uv: Uv, options: tuple[str, ...], log: TextIO) -> None:
        plan = self.plan
        command = uv.resolve(plan.requirements, plan.lock, *plan.constrained(), *options)
        self._run_command(_CHOOSING, command, log, until=0.15, variables=uv.variables)
        plan.verify_lock()

    def _run_command(
        self,
        title: str,
        command: list[str],
        log: TextIO,
        *,
        until: float,
        variables: Mapping[str, str] | None = None,
        downloads: Uv | None = None,
    ) -> None:
        """Runs a command to its end.

        Args:
            until: the share of the whole installation that is done after it.
            variables: its environment; the engine's by default.
            downloads: the uv whose command this is, where it fetches packages.

        Raises:
            InstallError: it cannot be started, or failed.
            _Cancelled: `cancel` was called.
        """
        if self._cancelled.is_set():
            raise _Cancelled
        start, self._done = self._done, until
        self._events.put(("title", title))
        self._events.put(("share", start))
        print(f"> {' '.join(command)}", file=log, flush=True)
        watched = Downloads(downloads.cache_folder()) if downloads is not None else None
        try:
            self._process = start_group(command, variables or self._variables)
        except OSError as error:
            raise InstallError(f"{title}: {command[0]}: {error.strerror}") from None
        if self._cancelled.is_set():
            end_group(self._process)  # `cancel` may have looked before this process was there
        output = InstallOutput()
        with self._watching(watched, start, until):
            for line in self._process.stdout or ():
                print(line, end="", file=log, flush=True)
                output.read(line)
                if watched is not None:
                    watched.read(line.strip(), time.monotonic())
        code = self._process.wait()
        if self._cancelled.is_set():
            raise _Cancelled
        if code != 0:
            message = f"{title}: {output.reason(code)}; the log is {self.log}"
            raise _CommandError(message, " ".join(output.errors), output.cause)

    @contextmanager
    def _watching(self, downloads: Downloads | None, start: float, until: float) -> Iterator[None]:
        """Shows how far a command's downloads are, while it runs; `start` and `until` are its shares."""
        if downloads is None:
            yield
            return
        ended = threading.Event()

        def look() -> None:
            while not ended.wait(_LOOK_EVERY):
                if downloads.begun:
                    now = downloads.progress(time.monotonic())
                    self._events.put(("download", now if now.share < 1.0 else None))
                    self._events.put(("share", start + (until - start) * now.share))
                    if now.share >= 1.0:
                        self._events.put(("title", "Installing what was fetched"))

        watcher = threading.Thread(target=look, name="NST downloads", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()
            self._events.put(("download", None))


class _CommandError(InstallError):
    """A command failed; `details` are the lines in which it says why, `cause` what they mean."""

    def __init__(self, message: str, details: str, cause: FailureCause | None) -> None:
        super().__init__(message)
        self.details = details
        self.cause = cause


class _Cancelled(Exception):  # noqa: N818 - it is no error
    pass


def _no_cpu_build(cause: FailureCause | None) -> str:
    """Why nothing is installed where PyTorch's own index fails and the other has CUDA's build alone."""
    why = "it cannot be used" if cause is None else cause.remedy
    return (
        f"{_CHOOSING}: PyTorch's build for the processor lies on PyTorch's own index, and there: {why}. The"
        " package index has the build for CUDA alone (3 GB), which this computer without an NVIDIA GPU cannot"
        " use; a mirror's --index-url can be named as PyTorch under Advanced"
    )
