"""The `bpy` module of a Python: which Blender it is, or why it cannot be imported."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from blender_nst.awake_time import run_command
from blender_nst.cli.errors import BlenderError

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


def module_version(python: Path) -> tuple[int, int, int]:
    """The version of the Blender that `import bpy` gives in this Python.

    Raises:
        BlenderError: there is none, or it lacks a system library, which the message names.
    """
    command = [str(python), "-E", "-P", "-c", _VERSION_SCRIPT]
    try:
        finished = run_command(command, 120.0)
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
