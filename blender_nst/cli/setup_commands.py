"""`blender-nst blender …` and `blender-nst extension …`: the commands that install and build."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from blender_nst.cli.display import make_display
from blender_nst.cli.inputs.common_options import BlenderOption, JsonOption
from blender_nst.cli.log import LoggedTyper
from blender_nst.cli.signals import signals_are_raised
from blender_nst.diagnostics.log_lines import escape_control

blender_app = LoggedTyper(no_args_is_help=True, help="The Blender that renders.")
extension_app = LoggedTyper(no_args_is_help=True, help="The extension for Blender's own window.")


@blender_app.command("install")
def blender_install(
    *,
    release: Annotated[
        str | None,
        typer.Option(
            "--version", metavar="X.Y", help="Which Blender, as 4.2; the default fits this Python best."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Install Blender's Python module privately, for this user, unless it is there already."""
    from blender_nst.cli.blenders import private_install

    with signals_are_raised(), make_display(as_json) as display:
        installed = private_install.install(display.say, release=release)
    version = ".".join(map(str, installed.version))
    if as_json:
        _print(json.dumps({"python": str(installed.python), "version": version}))
    else:
        _print(escape_control(f"Blender {version} (bpy module): {installed.python}"))


@extension_app.command("build")
def extension_build(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the zip.")] = Path("dist"),
    blender: BlenderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Build the extension's zip, checked by Blender's own validator."""
    from blender_nst.cli.blenders.runtime import ensure_blender
    from blender_nst.cli.packaging.extension import build_extension

    with signals_are_raised(), make_display(as_json) as display:
        archive = build_extension(out, ensure_blender(blender, report=display.say))
    _print(json.dumps({"extension": str(archive)}) if as_json else escape_control(str(archive)))


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
