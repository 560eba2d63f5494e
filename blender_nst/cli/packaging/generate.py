"""Writes what Blender's side has from the engine's: schema, copies of modules, job type of Flamenco.

Inside Blender neither `video` nor `compositor` can be imported (they belong to the engine's process). What
both sides must agree on is defined once, on the engine's side, and generated here for Blender's:

    python -m blender_nst.cli.packaging.generate

The files are checked in; tests fail when one is stale.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from blender_nst import addon
from blender_nst.cli.errors import CommandLineError
from blender_nst.cli.packaging import settings_schema
from blender_nst.cli.packaging.flamenco_script import FLAMENCO_SCRIPT, script_text

ROOT = addon.FOLDER.parent
COMMAND = "python -m blender_nst.cli.packaging.generate"

MODULES: Mapping[str, str] = {
    "video/files/lock.py": "blender_nst/capture/lock.py",
    "video/files/output_folder.py": "blender_nst/output_folder.py",
    "video/protocol/messages.py": "blender_nst/engine/messages.py",
    "video/protocol/json_lines.py": "blender_nst/engine/json_lines.py",
    "video/worker/log_lines.py": "blender_nst/diagnostics/log_lines.py",
}
"""The engine's module, and its copy for Blender's side."""

_IMPORTS: Mapping[str, str] = {
    "video.errors": "..errors",
    "video.files.output_folder": "..output_folder",
    "video.protocol.messages": ".messages",
}
"""What a copy imports instead."""

_IMPORT = re.compile(r"^from (video[\w.]*|compositor[\w.]*) import", re.MULTILINE)


def module_text(source: str) -> str:
    """The content that the copy of a module must have.

    Raises:
        CommandLineError: the module imports something that Blender's side does not have.
    """

    def local_import(match: re.Match[str]) -> str:
        try:
            return f"from {_IMPORTS[match.group(1)]} import"
        except KeyError:
            raise CommandLineError(
                f"{source}: imports {match.group(1)}, which Blender's side lacks"
            ) from None

    text = _IMPORT.sub(local_import, (ROOT / source).read_text("utf-8"))
    return f"# Generated from {source} by `{COMMAND}`: do not edit.\n{text}"


def generated_files() -> dict[Path, str]:
    """Every generated module, and the job type of Flamenco, with the content that it must have."""
    modules = {ROOT / target: module_text(source) for source, target in MODULES.items()}
    return modules | {FLAMENCO_SCRIPT: script_text()}


def main() -> None:
    """Rewrites the checked-in files."""
    settings_schema.main()
    for path, text in generated_files().items():
        unfinished = path.with_name(f".{path.name}.tmp")
        unfinished.write_text(text, "utf-8", newline="\n")
        unfinished.replace(path)


if __name__ == "__main__":
    main()
