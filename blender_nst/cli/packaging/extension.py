"""Builds the extension's zip with Blender's own builder, and validates it with Blender's own validator.

The same sources give the same bytes (with the same zlib), so that anybody can check a published zip.
"""

from __future__ import annotations

import html
import shutil
import subprocess
import tempfile
import tomllib
import zipfile
from pathlib import Path

from blender_nst import addon
from blender_nst.awake_time import run_command
from blender_nst.cli.blenders.runtime import BlenderRuntime, RuntimeKind, ensure_blender, python_command
from blender_nst.cli.errors import ExtensionError
from blender_nst.cli.packaging.engine_wheel import ZIP_TIME, build_engine_wheel

WHEELS = "wheels"
"""Folder of the engine's wheel in the zip. Blender must not install it, so that the manifest names none."""

_UNIX, _READABLE = 3, 0o644
"""Of a zip's entries: the system that the mode is of, and the mode."""

# The bpy module has no command line of its own, but it brings the script that Blender's command line runs.
_FIND_BUILDER = """
import bpy, os, sys
scripts = bpy.utils.system_resource("SCRIPTS")
print("builder:" + os.path.join(scripts, "addons_core", "bl_pkg", "cli", "blender_ext.py"))
sys.stdout.flush()
os._exit(0)
"""


def build_extension(output_dir: Path, runtime: BlenderRuntime | None = None) -> Path:
    """Writes `blender_nst-VERSION.zip` into `output_dir` (made if absent): validated, the engine in it.

    Args:
        runtime: the Blender whose builder is used; `ensure_blender()` by default.

    Raises:
        ExtensionError: the folder cannot be written, or Blender refused the manifest or the zip.
        BlenderError: there is no Blender.
    """
    builder = builder_command(runtime or ensure_blender())
    try:
        output_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExtensionError(f"{output_dir}: the folder cannot be made: {error.strerror}") from None
    with tempfile.TemporaryDirectory(prefix="blender-nst-") as scratch:
        staged = Path(scratch) / addon.FOLDER.name
        shutil.copytree(addon.FOLDER, staged, ignore=shutil.ignore_patterns("__pycache__", "cli"))
        build_engine_wheel(staged / WHEELS)
        _write_pages(staged / "docs")
        _run([*builder, "validate", str(staged)])
        built = Path(scratch) / "built"
        built.mkdir()
        _run([*builder, "build", "--source-dir", str(staged), "--output-dir", str(built)])
        manifest = tomllib.loads((addon.FOLDER / "blender_manifest.toml").read_text("utf-8"))
        archive = output_dir / f"{manifest['id']}-{manifest['version']}.zip"
        if not (built / archive.name).exists():
            raise ExtensionError(f"{archive}: Blender's builder did not write it")
        _write_without_times(built / archive.name, archive)
    _run([*builder, "validate", str(archive.absolute())])
    return archive


def builder_command(runtime: BlenderRuntime) -> list[str]:
    """Blender's extension command, to be followed by `validate …` or `build …`.

    Raises:
        ExtensionError: this Blender has no builder.
    """
    if runtime.kind is RuntimeKind.EXECUTABLE:
        return [str(runtime.program), "--factory-startup", "--command", "extension"]
    python = python_command(runtime.program)
    for line in _run([*python, "-c", _FIND_BUILDER]).splitlines():
        if line.startswith("builder:") and Path(line.removeprefix("builder:")).exists():
            return [*python, line.removeprefix("builder:")]
    raise ExtensionError(f"{runtime.program}: this bpy has no extension builder; name a Blender 4.2 or newer")


def _write_pages(folder: Path) -> None:
    """The documentation's pages as a browser shows them without a converter: their text."""
    folder.mkdir()
    for page in sorted((addon.FOLDER.parent / "docs").glob("*.md")):
        head = f'<!doctype html><meta charset="utf-8"><title>Blender NST: {page.stem}</title>'
        style = "<style>pre{white-space:pre-wrap;max-width:120ch;margin:2em auto}</style>"
        text = f"{head}{style}<pre>{html.escape(page.read_text('utf-8'))}</pre>\n"
        (folder / f"{page.stem}.html").write_text(text, "utf-8", newline="\n")


def _write_without_times(built: Path, archive: Path) -> None:
    """Writes the files of a zip anew, in order, without times and owners."""
    unfinished = archive.with_name(f".{archive.name}.tmp")
    try:
        with zipfile.ZipFile(built) as source, zipfile.ZipFile(unfinished, "w") as target:
            for name in sorted(name for name in source.namelist() if not name.endswith("/")):
                entry = zipfile.ZipInfo(name, ZIP_TIME)
                entry.create_system, entry.external_attr = _UNIX, _READABLE << 16
                # What is compressed already, as the wheel, would only take time.
                entry.compress_type = zipfile.ZIP_STORED if name.endswith(".whl") else zipfile.ZIP_DEFLATED
                target.writestr(entry, source.read(name))
        unfinished.replace(archive)
    except OSError as error:
        raise ExtensionError(f"{archive}: the zip cannot be written: {error.strerror}") from None
    finally:
        unfinished.unlink(missing_ok=True)


def _run(command: list[str]) -> str:
    try:
        finished = run_command(command, 300.0)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ExtensionError(f"{command[0]}: Blender's extension builder does not run: {error}") from None
    if finished.returncode != 0:
        lines = (finished.stdout + finished.stderr).decode("utf-8", "replace").strip().splitlines()
        raise ExtensionError(
            f"Blender's extension builder: {lines[-1] if lines else 'failed without a message'}"
        )
    return finished.stdout.decode("utf-8", "replace")
