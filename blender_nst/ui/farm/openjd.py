"""A job bundle of Open Job Description, written by the engine's own command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import bpy

from ...awake_time import communicate
from ...engine.options import engine_python
from ...engine.process import engine_environment
from .checks import farm_folder
from .chunk_options import all_options, farm_frames
from .flamenco import JOB_FOLDER, job_name

_PATIENCE = 300.0
"""Seconds: the engine's packages may come from a cold disk, and it asks a Blender for the frames."""


class BundleError(Exception):
    """The bundle was not written; one line."""


def bundle_command(scene: bpy.types.Scene) -> list[str]:
    """The command that writes the bundle of the scene's job.

    Raises:
        ChunkOptionsError: the scene has something that a chunk cannot have.
        EnginePythonError: there is no engine.
        SessionError: there is no farm folder.
    """
    farm, frames, folder = scene.nst_farm, farm_frames(scene), Path(farm_folder(scene))
    cut = ["--lead-in=shot"]
    if not farm.in_order:
        cut = [f"--lead-in={farm.lead_in}", f"--chunk-size={farm.chunk_size}"]
    return [
        *(engine_python(), "-P", "-m", "blender_nst.cli.app", "farm", "submit", bpy.data.filepath),
        *("--engine", "openjd", "--job", str(folder / JOB_FOLDER), "--out", str(folder / job_name())),
        *(f"--frames={frames[0]}-{frames[-1]}", f"--shots={farm.shots}", *cut),
        *("--blender", bpy.app.binary_path or sys.executable),
        *all_options(scene),
    ]


class BundleWriter:
    """Writes the bundle in a process of its own; `finished` says when."""

    def __init__(self, command: list[str]) -> None:
        """Raises BundleError if the engine's Python cannot be started."""
        flags = subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0
        try:
            self._process = subprocess.Popen(
                command,
                env=engine_environment(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                creationflags=flags,
            )
        except OSError as error:
            raise BundleError(f"{command[0]}: cannot be started: {error.strerror}") from None

    @property
    def finished(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def end(self) -> None:
        """Ends it, if it has not."""
        self._process.kill()
        self._process.communicate()

    def result(self) -> None:
        """Waits for it; raises BundleError with what it says if it has failed."""
        try:
            _, words = communicate(self._process, _PATIENCE)
        except subprocess.TimeoutExpired:
            self.end()
            raise BundleError(f"the job was not written within {_PATIENCE:.0f} s") from None
        if self._process.returncode != 0:
            text = words.decode("utf-8", "replace")
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            raise BundleError(lines[-1] if lines else f"it ended with code {self._process.returncode}")
