"""Writes the locks of the installations: versions, hashes and sizes of all packages, from the package index.

    python -m blender_nst.cli.packaging.lock

The files are checked in, and go into the extension's zip. To be run for a release, and when a dependency of
the engine changes; a test fails when one is missing in the lock.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

from blender_nst import addon
from blender_nst.cli.blenders.private_install import PYTHONS
from blender_nst.cli.packaging.download_sizes import write_sizes
from blender_nst.engine.environment import environment_program
from blender_nst.engine.locks import download_sizes
from blender_nst.engine.locks.lock_files import ENGINE_LOCK, UV_LOCK, lock_for_bpy
from blender_nst.engine.torch_packages import TORCH_FOR_CPU
from blender_nst.engine.uv_tool import UV_REQUIREMENT

_OLDEST_PYTHON = "3.11"


def engine_requirements() -> list[str]:
    """What the engine needs, with the release of PyTorch that it was tested with."""
    project = tomllib.loads((addon.FOLDER.parent / "pyproject.toml").read_text("utf-8"))["project"]
    others = [each for each in project["dependencies"] if not each.startswith("torch")]
    return [*TORCH_FOR_CPU, *others]


def bpy_requirement(release: str) -> str:
    """The newest correction of a Blender release."""
    major, minor = release.split(".")
    return f"bpy>={release},<{major}.{int(minor) + 1}"


def write_lock(path: Path, requirements: Sequence[str], python: str) -> None:
    """Resolves requirements for every platform, and writes the lock; raises CalledProcessError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "requirements.in"
        source.write_text("".join(f"{each}\n" for each in requirements), "utf-8")
        uv = environment_program(Path(sys.prefix), "uv")
        options = ["--quiet", "--universal", "--upgrade", "--generate-hashes", "--no-header", "--no-annotate"]
        files = ["--python-version", python, "--output-file", str(path), str(source)]
        subprocess.run([str(uv), "pip", "compile", *options, *files], check=True)


def main() -> None:
    """Writes all of them."""
    write_lock(ENGINE_LOCK, engine_requirements(), _OLDEST_PYTHON)
    write_sizes(download_sizes.FILE, engine_requirements()[len(TORCH_FOR_CPU) :])
    write_lock(UV_LOCK, [UV_REQUIREMENT], _OLDEST_PYTHON)
    for release, python in PYTHONS.items():
        write_lock(lock_for_bpy(release), [bpy_requirement(release)], ".".join(map(str, python)))


if __name__ == "__main__":
    main()
