"""A private Blender: the `bpy` module in a virtual environment in the user's cache folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

from blender_nst.cli.blenders.file_lock import FileLockedError, locked
from blender_nst.cli.errors import BlenderError

PYTHONS = {"4.2": (3, 11), "4.5": (3, 11), "5.0": (3, 11), "5.1": (3, 13), "5.2": (3, 13)}
"""Which Python a Blender's `bpy` fits: each wheel is made for exactly one."""

RELEASES = {(3, 11): "4.5", (3, 13): "5.2"}
"""The Blender that is installed unless another is asked for, by the Python at hand."""

STAMP = "installed.json"
"""Written last: a folder without it is what an interrupted installation left."""

# Debian's and Ubuntu's names for the libraries that bpy links and a server lacks.
_DEBIAN_PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libICE.so.6": "libice6",
    "libSM.so.6": "libsm6",
    "libX11.so.6": "libx11-6",
    "libXext.so.6": "libxext6",
    "libXfixes.so.3": "libxfixes3",
    "libXi.so.6": "libxi6",
    "libXrender.so.1": "libxrender1",
    "libXxf86vm.so.1": "libxxf86vm1",
    "libxkbcommon.so.0": "libxkbcommon0",
}

_VERSION_SCRIPT = """
import os, sys
try:
    import bpy
    print("bpy-version", *bpy.app.version)
except ImportError as error:
    print("bpy-missing", " ".join(str(error).split()))
sys.stdout.flush()
os._exit(0)  # bpy's own exit handlers can hang
"""


@dataclass(frozen=True)
class InstalledModule:
    """A Python whose `bpy` was seen to import, and the Blender version it has."""

    python: Path
    version: tuple[int, int, int]


def cache_folder() -> Path:
    """Where private Blenders live."""
    return user_cache_path("blender-nst", appauthor=False)


def find_installed(cache: Path | None = None, release: str | None = None) -> InstalledModule | None:
    """The private Blender for the Python at hand, or of a release, if an earlier run installed it whole."""
    release = release or RELEASES.get(sys.version_info[:2])
    if release is None:
        return None
    folder = _folder(release, cache)
    try:
        major, minor, patch = json.loads((folder / STAMP).read_text("utf-8"))["version"]
        python = _environment_python(folder)
        return InstalledModule(python, (int(major), int(minor), int(patch))) if python.exists() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def install(
    report: Callable[[str], None], cache: Path | None = None, release: str | None = None
) -> InstalledModule:
    """Installs the `bpy` that fits the Python at hand, unless another process has just done so.

    Safe to call from two processes at once: the second waits and uses what the first installed. An
    interrupted installation is begun anew by the next call.

    Args:
        report: gets a line of text for each thing that happens, pip's own lines included.
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
        with locked(
            folder.with_name(f"{folder.name}.lock"), lambda: report("Another process installs Blender…")
        ):
            return find_installed(cache, release) or _install(release, python, folder, report)
    except FileLockedError as error:
        raise BlenderError(str(error)) from None
    except OSError as error:
        raise BlenderError(
            f"{folder}: Blender cannot be installed there: {error.strerror or error}"
        ) from None
    except subprocess.CalledProcessError:
        raise BlenderError(
            f"{folder}: Python cannot make a virtual environment with pip (on Debian and Ubuntu: apt install"
            " python3-venv); or install Blender and name it with --blender"
        ) from None


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
        finished = subprocess.run(
            [str(program), "-E", "-c", script],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return finished.stdout.split() == [str(part).encode() for part in version]


def module_version(python: Path) -> tuple[int, int, int]:
    """The version of the Blender that `import bpy` gives in this Python.

    Raises:
        BlenderError: there is none, or it lacks a system library, which the message names.
    """
    command = [str(python), "-E", "-P", "-c", _VERSION_SCRIPT]
    try:
        finished = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        raise BlenderError(f"{python}: cannot import bpy: the program does not answer") from None
    output = finished.stdout.decode(errors="replace")
    version = re.search(r"^bpy-version (\d+) (\d+) (\d+)", output, re.MULTILINE)
    if version:
        return int(version[1]), int(version[2]), int(version[3])
    missing = re.search(r"^bpy-missing (.*)", output, re.MULTILINE)
    reason = missing[1].strip() if missing else f"it ended with exit code {finished.returncode}"
    raise BlenderError(explain_import_failure(python, reason))


def explain_import_failure(python: Path, reason: str) -> str:
    """One line about why `import bpy` failed, naming the system library where one is missing."""
    library = re.match(r"(lib\S+?\.so[.\d]*): cannot open shared object", reason)
    if library:
        package = _DEBIAN_PACKAGES.get(library[1])
        hint = f" (on Debian and Ubuntu: apt install {package})" if package else ""
        return f"{python}: bpy needs the system library {library[1]}, which is not installed{hint}"
    if "No module named" in reason:
        return f"{python}: this Python has no bpy module; name Blender's executable or a Python with bpy"
    return f"{python}: cannot import bpy: {reason}"


def _folder(release: str, cache: Path | None) -> Path:
    return (cache or cache_folder()) / f"bpy-{release}"


def _environment_python(folder: Path) -> Path:
    return folder / "Scripts" / "python.exe" if sys.platform == "win32" else folder / "bin" / "python"


def _install(release: str, python: Path, folder: Path, report: Callable[[str], None]) -> InstalledModule:
    if folder.exists():
        # A virtual environment cannot be renamed: it is built in place, and the stamp says it is whole.
        report("Removing what an interrupted installation left")
        shutil.rmtree(folder)
    report(f"Installing Blender {release} (the bpy module) into {folder}")
    subprocess.run(
        [str(python), "-m", "venv", str(folder)], stdin=subprocess.DEVNULL, capture_output=True, check=True
    )
    python = _environment_python(folder)
    major, minor = release.split(".")
    requirement = f"bpy>={release},<{major}.{int(minor) + 1}"
    pip = [str(python), "-P", "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    _run_pip([*pip, "--progress-bar", "off", requirement], report)
    installed = InstalledModule(python, module_version(python))
    unfinished = folder / f"{STAMP}.{os.getpid()}"
    unfinished.write_text(json.dumps({"version": installed.version}), "utf-8")
    unfinished.replace(folder / STAMP)
    report(f"Installed Blender {'.'.join(str(part) for part in installed.version)}")
    return installed


def _run_pip(command: Sequence[str], report: Callable[[str], None]) -> None:
    last_error = ""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            for raw in process.stdout or ():
                line = raw.strip()
                if line.startswith("ERROR:"):
                    last_error = last_error or line.removeprefix("ERROR:").strip()
                if line and not line.startswith(("WARNING:", "Looking in")):
                    report(line)
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise BlenderError(
            f"pip could not install Blender's bpy module ({last_error or f'exit code {process.returncode}'}):"
            " check the network, or install Blender and name it with --blender"
        )
