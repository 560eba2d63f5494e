"""A private Blender: the `bpy` module in a virtual environment in the user's cache folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_cache_path, user_data_path

from blender_nst.awake_time import run_command
from blender_nst.cli.blenders.bpy_module import module_version
from blender_nst.cli.errors import BlenderError
from blender_nst.engine.environment import environment_program
from blender_nst.engine.install_commands.command_output import InstallOutput
from blender_nst.engine.locks.lock_files import UV_LOCK, lock_for_bpy
from blender_nst.engine.uv_tool import bootstrap_command, configured_uv, pip_install
from blender_nst.json_files import read_json
from compositor.networks.ownership import belongs_to_user

PYTHONS = {"4.2": (3, 11), "4.5": (3, 11), "5.0": (3, 11), "5.1": (3, 13), "5.2": (3, 13)}
"""Which Python a Blender's `bpy` fits: each wheel is made for exactly one."""

RELEASES = {(3, 11): "4.5", (3, 13): "5.2"}
"""The Blender that is installed unless another is asked for, by the Python at hand."""

STAMP = "installed.json"
"""Written last: a folder without it is what an interrupted installation left."""

LOCK_TIMEOUT = 1800.0
"""Seconds to wait for another process that installs the same Blender."""


@dataclass(frozen=True)
class InstalledModule:
    """A Python whose `bpy` was seen to import, and the Blender version it has."""

    python: Path
    version: tuple[int, int, int]


def cache_folder() -> Path:
    """Where private Blenders live."""
    return user_cache_path("blender-nst", appauthor=False)


def find_installed(cache: Path | None = None, release: str | None = None) -> InstalledModule | None:
    """The private Blender for the Python at hand, or of a release, if an earlier run installed it whole.

    Raises:
        BlenderError: it is in a folder that others can write to.
    """
    release = release or RELEASES.get(sys.version_info[:2])
    if release is None:
        return None
    folder = _folder(release, cache)
    _check_owner(folder)
    try:
        major, minor, patch = read_json(folder / STAMP)["version"]
        python = environment_program(folder, "python")
        return InstalledModule(python, (int(major), int(minor), int(patch))) if python.exists() else None
    except (OSError, ValueError, ArithmeticError, KeyError, TypeError, RecursionError):
        return None


def install(
    report: Callable[[str], None], cache: Path | None = None, release: str | None = None
) -> InstalledModule:
    """Installs the `bpy` that fits the Python at hand, unless another process has just done so.

    Safe to call from two processes at once: the second waits and uses what the first installed. An
    interrupted installation is begun anew by the next call.

    Args:
        report: gets a line of text for each thing that happens, the installers' own lines included.
        release: as `5.2`; installs this one, with another Python where the one at hand does not fit it.

    Raises:
        BlenderError: no `bpy` fits a Python that is here, the installation failed, or a system library is
            missing.
    """
    release = release or _release_for_this_python()
    already = find_installed(cache, release)
    if already is not None:
        return already
    python = python_for(release)
    folder = _folder(release, cache)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with exclusive(folder.with_name(f"{folder.name}.lock"), report):
            return find_installed(cache, release) or _install(release, python, folder, report)
    except OSError as error:
        raise BlenderError(
            f"{folder}: Blender cannot be installed there: {error.strerror or error}"
        ) from None
    except subprocess.CalledProcessError:
        raise BlenderError(
            f"{folder}: Python cannot make a virtual environment with pip (on Debian and Ubuntu: apt install"
            " python3-venv); or install Blender and name it with --blender"
        ) from None


@contextmanager
def exclusive(path: Path, report: Callable[[str], None], timeout: float = LOCK_TIMEOUT) -> Iterator[None]:
    """Holds the lock file at `path`, which the system releases when this process ends in whatever way.

    Raises:
        BlenderError: another process holds it for longer than `timeout` seconds.
        OSError: the file cannot be made.
    """
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        report("Another process installs Blender: waiting for its end")
        try:
            lock.acquire(timeout=timeout)
        except Timeout:
            raise BlenderError(f"{path}: another process holds this lock; end it and try again") from None
    try:
        yield
    finally:
        lock.release()


def python_for(release: str) -> Path:
    """A Python on this machine that the release's `bpy` fits.

    Raises:
        BlenderError: there is no such release, or no such Python.
    """
    wanted = PYTHONS.get(release)
    if wanted is None:
        raise BlenderError(f"Blender {release} has no bpy module to install; there are: {', '.join(PYTHONS)}")
    if wanted == sys.version_info[:2]:
        return Path(sys.executable)
    for candidate in _pythons(*wanted):
        if _is_python(candidate, wanted):
            return candidate
    name = f"Python {wanted[0]}.{wanted[1]}"
    raise BlenderError(f"Blender {release} needs {name}, which is not on this machine: install {name}")


def _release_for_this_python() -> str:
    release = RELEASES.get(sys.version_info[:2])
    if release is None:
        here = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise BlenderError(
            f"no Blender was found, and Python {here} has no bpy module to install"
            " (3.11 and 3.13 have): install Blender, or name one with --blender"
        )
    return release


def _pythons(major: int, minor: int) -> Iterator[Path]:
    """Where a Python of another version may be: on the PATH, and among pyenv's and uv's."""
    on_path = shutil.which(f"python{major}.{minor}")
    if on_path is not None:
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    uv = user_data_path("uv", appauthor=False) / "python"
    for folder, versions in ((pyenv / "versions", f"{major}.{minor}*"), (uv, f"cpython-{major}.{minor}*")):
        for version in sorted(folder.glob(versions), reverse=True):
            yield version / ("python.exe" if sys.platform == "win32" else "bin/python")


def _is_python(program: Path, version: tuple[int, int]) -> bool:
    """Whether it starts and is of this version; pyenv's commands on the PATH may lead to none."""
    script = "import sys; print(*sys.version_info[:2])"
    try:
        finished = run_command([str(program), "-E", "-c", script], 30.0)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return finished.stdout.split() == [str(part).encode() for part in version]


def _check_owner(folder: Path) -> None:
    """Raises BlenderError if others can put programs into the cache, which would be started from it."""
    for each in (folder.parent, folder):
        if not belongs_to_user(each):
            raise BlenderError(
                f"{each} belongs to another user, or everybody may write to it: make it yours, remove it, or"
                " name a Blender with --blender"
            )


def _folder(release: str, cache: Path | None) -> Path:
    return (cache or cache_folder()) / f"bpy-{release}"


def _install(release: str, python: Path, folder: Path, report: Callable[[str], None]) -> InstalledModule:
    if folder.exists():
        # A virtual environment cannot be renamed: it is built in place, and the stamp says it is whole.
        report("Removing what an interrupted installation left")
        shutil.rmtree(folder)
    report(f"Installing Blender {release} (the bpy module) into {folder}")
    subprocess.run(
        [str(python), "-m", "venv", str(folder)], stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    python = environment_program(folder, "python")
    _install_module(release, folder, report)
    installed = InstalledModule(python, module_version(python))
    unfinished = folder / f"{STAMP}.{os.getpid()}"
    unfinished.write_text(json.dumps({"version": installed.version}), "utf-8")
    unfinished.replace(folder / STAMP)
    report(f"Installed Blender {'.'.join(str(part) for part in installed.version)}")
    return installed


def _install_module(release: str, folder: Path, report: Callable[[str], None]) -> None:
    """Installs bpy into the new environment: by uv, with the versions and hashes of its lock."""
    lock = lock_for_bpy(release)
    python = environment_program(folder, "python")
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        _run(bootstrap_command(python, lock=UV_LOCK), report, variables)
    except BlenderError:
        report("uv cannot be installed: pip installs Blender")
        _run([*pip_install(python), "--require-hashes", "--requirement", str(lock)], report, variables)
        return
    uv = configured_uv(folder, variables)
    _run(uv.install_locked(lock), report, uv.variables_for_lock)


def _run(command: Sequence[str], report: Callable[[str], None], variables: Mapping[str, str]) -> None:
    output = InstallOutput()
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(variables),
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            for line in process.stdout or ():
                output.read(line)
                if line.strip() and not line.startswith(("WARNING:", "Looking in")):
                    report(line.strip())
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise BlenderError(
            f"Blender's bpy module could not be installed ({output.reason(process.returncode)}):"
            " check the network, or install Blender and name it with --blender"
        )
