"""Builds what a release consists of: the extension's zip, the engine's wheel, and their checksums.

    python -m blender_nst.cli.packaging.release [FOLDER]

The same sources give the same bytes, so that anybody can build the files again and compare the checksums.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from blender_nst.cli.blenders.runtime import BlenderRuntime, ensure_blender
from blender_nst.cli.errors import CommandLineError, ExtensionError
from blender_nst.cli.packaging.engine_wheel import build_engine_wheel
from blender_nst.cli.packaging.extension import build_extension
from blender_nst.diagnostics.log_lines import escape_control
from video.errors import VideoError
from video.files.atomic import write_atomically

FOLDER = Path("dist")
CHECKSUMS = "SHA256SUMS"
"""The file of the checksums, in the form that `sha256sum --check` reads."""


def build_release(folder: Path, runtime: BlenderRuntime | None = None) -> tuple[Path, ...]:
    """Writes the zip, the wheel and the checksums into `folder` (made if absent); returns their paths.

    Args:
        runtime: see `build_extension`.

    Raises:
        ExtensionError: a file cannot be written, or Blender refused the extension.
        BlenderError: there is no Blender.
    """
    files = (build_extension(folder, runtime), build_engine_wheel(folder))
    checksums = folder / CHECKSUMS
    lines = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)
    try:
        write_atomically(checksums, lambda unfinished: unfinished.write_text(lines, "ascii", newline="\n"))
    except VideoError as error:
        raise ExtensionError(str(error)) from None
    return (*files, checksums)


def main(arguments: Sequence[str]) -> int:
    """Builds the release, and prints where each file lies; one line and an exit code where that fails."""
    folder = Path(arguments[0]) if arguments else FOLDER
    try:
        archive, wheel, checksums = build_release(folder, ensure_blender(report=_print))
    except CommandLineError as error:
        sys.stderr.write(f"{escape_control(str(error))}\n")
        return error.exit_code
    _print(f"Engine's wheel: {wheel.absolute()}")
    _print(f"Checksums: {checksums.absolute()}")
    _print(f"Install this zip in Blender (Get Extensions > Install from Disk): {archive.absolute()}")
    return 0


def _print(line: str) -> None:
    sys.stdout.write(f"{escape_control(line)}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
