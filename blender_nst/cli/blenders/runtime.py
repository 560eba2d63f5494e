"""Finds a Blender to render with: an executable, or a Python that has the `bpy` module.

Both are used in the same way: `BlenderRuntime.command` gives the command that runs a script inside it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from blender_nst.awake_time import run_command
from blender_nst.cli.blenders import private_install
from blender_nst.cli.blenders.bpy_module import module_version
from blender_nst.cli.errors import BlenderError

ENVIRONMENT_VARIABLE = "BLENDER_NST_BLENDER"
OLDEST_VERSION = (4, 2, 0)
PROBE_TIMEOUT = 120.0
"""Seconds; the first start of a Blender on a cold disk takes long."""

Version = tuple[int, int, int]


class RuntimeKind(StrEnum):
    """What is started: Blender's own executable, or a Python with the `bpy` module."""

    EXECUTABLE = "blender"
    MODULE = "bpy"


@dataclass(frozen=True)
class BlenderRuntime:
    """A Blender that was seen to start. `program` is Blender's executable or a Python's."""

    program: Path
    kind: RuntimeKind
    version: Version

    @property
    def label(self) -> str:
        """For a person: `Blender 4.5.1 (bpy module)`."""
        name = ".".join(str(part) for part in self.version)
        return f"Blender {name}" + (" (bpy module)" if self.kind is RuntimeKind.MODULE else "")

    def command(
        self, script: Path, arguments: Sequence[str] = (), *, allow_scripts: bool = False
    ) -> list[str]:
        """The command that runs `script` inside this Blender; `sys.argv` ends with `--` and the arguments.

        Args:
            allow_scripts: whether Python in .blend files runs, whatever the user's preferences say. A script
                that opens one with `use_scripts` of its own overrides it.
        """
        if self.kind is RuntimeKind.MODULE:
            return [*python_command(self.program), str(script), "--", *arguments]
        return [
            str(self.program),
            "--background",
            "--enable-autoexec" if allow_scripts else "--disable-autoexec",
            "--python-exit-code",
            "3",
            "--python",
            str(script),
            "--",
            *arguments,
        ]


def python_command(python: Path) -> list[str]:
    """A Python that ignores this process's PYTHON* variables and does not import from a script's folder."""
    return [str(python), "-E", "-P"]


def find_blender(
    explicit: Path | None = None, *, cache: Path | None = None, environment: Mapping[str, str] | None = None
) -> BlenderRuntime | None:
    """The first Blender of: `explicit`, $BLENDER_NST_BLENDER, `blender` on the PATH, the private `bpy`.

    `explicit` and the variable name Blender's executable, a macOS app folder, or a Python that has `bpy`.
    A Blender on the PATH that is too old is passed over.

    Returns:
        None if there is none; `ensure_blender` installs one then.

    Raises:
        BlenderError: what was named is no Blender, does not start, or is too old.
    """
    values = os.environ if environment is None else environment
    if explicit is not None:
        return probe(explicit)
    named = values.get(ENVIRONMENT_VARIABLE)
    if named:
        return probe(Path(named))
    on_path = shutil.which("blender", path=values.get("PATH"))
    if on_path:
        try:
            return probe(Path(on_path))
        except BlenderError:
            # Nobody asked for this one: an old or broken Blender on the PATH is no reason to stop.
            pass
    installed = private_install.find_installed(cache)
    if installed is None:
        return None
    return BlenderRuntime(installed.python, RuntimeKind.MODULE, installed.version)


def ensure_blender(
    explicit: Path | None = None,
    *,
    report: Callable[[str], None] = lambda line: None,
    cache: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> BlenderRuntime:
    """The Blender that `find_blender` finds; if there is none, a private `bpy` is installed first.

    Args:
        report: gets the installer's lines while it works (hundreds of megabytes may be downloaded).

    Raises:
        BlenderError: as `find_blender`, or the installation failed.
    """
    found = find_blender(explicit, cache=cache, environment=environment)
    if found is not None:
        return found
    installed = private_install.install(report, cache)
    return BlenderRuntime(installed.python, RuntimeKind.MODULE, installed.version)


def probe(program: Path) -> BlenderRuntime:
    """Starts `program` to see what it is.

    Raises:
        BlenderError: it is not there, does not start, is no Blender 4.2 or newer, or a Python without `bpy`.
    """
    if program.suffix == ".app" and program.is_dir():
        program = program / "Contents" / "MacOS" / "Blender"
    # A Path has lost the "./" of what was typed, and `which` looks for a bare name on the PATH alone.
    resolved = shutil.which(program.absolute()) or shutil.which(program)
    if resolved is None:
        raise BlenderError(
            f"{program}: there is no such program; name Blender's executable or a Python with bpy"
        )
    # Not resolve(): the symlink is what makes a virtual environment's Python that environment's.
    program = Path(resolved).absolute()
    first_lines = _output([str(program), "--version"], program)
    blender = re.search(r"^Blender (\d+)\.(\d+)(?:\.(\d+))?", first_lines, re.MULTILINE)
    if blender:
        version = (int(blender[1]), int(blender[2]), int(blender[3] or 0))
        return _checked(BlenderRuntime(program, RuntimeKind.EXECUTABLE, version))
    if re.match(r"Python \d", first_lines.strip()):
        return _checked(BlenderRuntime(program, RuntimeKind.MODULE, module_version(program)))
    raise BlenderError(f"{program}: this is neither Blender nor a Python that has bpy")


def _checked(runtime: BlenderRuntime) -> BlenderRuntime:
    if runtime.version < OLDEST_VERSION:
        raise BlenderError(f"{runtime.program}: {runtime.label} is too old; Blender 4.2 or newer is needed")
    return runtime


def _output(command: list[str], program: Path) -> str:
    try:
        finished = run_command(command, PROBE_TIMEOUT)
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = "it does not answer" if isinstance(error, subprocess.TimeoutExpired) else error.strerror
        raise BlenderError(f"{program}: cannot be started: {reason}") from None
    return (finished.stdout + finished.stderr).decode(errors="replace")
