"""Writes the job type "Render and Stylize" of Flamenco, Blender's own farm: one file of JavaScript.

A Flamenco Manager takes it from the folder `scripts` beside its program. The settings come from the schema,
the rest is `flamenco_compiler.js`, in the JavaScript that Flamenco's built-in job types are written in:
ES2019 without modules, which its interpreter goja runs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from blender_nst.cli.farm.arguments import switch
from blender_nst.cli.farm.options import DEFAULT_LEAD_IN, FLAMENCO_SCRIPT, PROGRAM
from blender_nst.cli.inputs.settings_options import flag
from blender_nst.cli.packaging.settings_schema import SECTIONS, make_schema

__all__ = ["FLAMENCO_SCRIPT", "script_text"]

COMPILER = Path(__file__).with_name("flamenco_compiler.js")

_TYPES = {"bool": "bool", "int": "int32", "float": "float", "enum": "string", "text": "string"}
"""Flamenco's types of settings."""

_HEADER = """\
// Generated from the settings' schema and flamenco_compiler.js: do not edit.
// SPDX-License-Identifier: GPL-3.0-or-later
//
// Job type of Flamenco 3.6 and newer. Put this file into the folder `scripts` beside flamenco-manager.
"""


def script_text() -> str:
    """The content that the checked-in file must have."""
    job_type = {
        "label": "Render and Stylize",
        "description": "Render frames with Blender, and stylize them with Blender NST as they are there",
        "settings": [*_job_settings(), *(_setting(entry) for entry in _chunk_entries())],
    }
    chunk = [_option(entry) for entry in _chunk_entries()]
    parts = [
        _HEADER,
        f"const JOB_TYPE = {json.dumps(job_type, indent=4)};\n",
        f"// The options of a chunk, by setting.\nconst CHUNK_SETTINGS = {json.dumps(chunk, indent=4)};\n",
        COMPILER.read_text("utf-8"),
    ]
    return "\n".join(parts)


def _chunk_entries() -> list[dict[str, Any]]:
    """The schema's basic settings that a chunk has; others come as options, as they are in Blender."""
    schema = make_schema()
    entries = [entry for section in SECTIONS for entry in schema[section]]
    return [each for each in entries if each.get("in_chunks", True) and not each.get("advanced", False)]


def _job_settings() -> list[dict[str, Any]]:
    return [
        _text("frames", "Frames", "Frames to render: 1-24, or 1-10,20-30", required=True)
        | _evaluated("f'{C.scene.frame_start}-{C.scene.frame_end}'", "Scene frame range"),
        _text("shots", "Shots", "First frames of the shots, as 1,49; no chunk goes over a cut")
        | _evaluated(_of_farm("shots", ""), "Camera markers"),
        _int("render_chunk_size", "Render Chunk", "Frames in a task that renders", 8)
        | _evaluated(_of_farm("render_chunk_size", 8), "As in Submit to Farm"),
        _int("chunk_size", "Chunk", "Frames in a task that stylizes", 24)
        | _evaluated(_of_farm("chunk_size", 24), "As in Submit to Farm"),
        _int("lead_in", "Lead-in", "Frames before a chunk that are stylized and thrown away", DEFAULT_LEAD_IN)
        | _evaluated(_of_farm("lead_in", int(DEFAULT_LEAD_IN)), "As in Submit to Farm"),
        {"key": "in_order", "type": "bool", "label": "Shots in Order", "default": True}
        | {"description": "Stylize each shot in one task: the very frames of one machine, without seams"}
        | _evaluated(_of_farm("in_order", True), "As in Submit to Farm"),
        _text("styles", "Styles", "Style pictures that all machines reach, separated by ;")
        | _evaluated(_of_farm("styles", ""), "As in Neural Style"),
        _text("output_root", "Output Folder", "Folder that all machines reach", required=True)
        | {"subtype": "dir_path", "visible": "submission"}
        | {"eval": f"str(abspath({_of_farm('output_root', '//farm')}))"},
        _text("output_path", "Output Path", "Where the job puts its frames")
        | {"subtype": "dir_path", "editable": False}
        | {"eval": "str(Path(abspath(settings.output_root), jobname, '{timestamp}'))"},
        _text("program", "Program", "The command of Blender NST on the machines that stylize")
        | {"default": PROGRAM, "visible": "submission"},
        _text("chunk_options", "Options", "Advanced settings and regions, as blender-nst chunk takes them")
        | {"eval": _of_farm("options", ""), "visible": "web"},
        _text("blendfile", "Blend File", "The file to render", required=True) | {"visible": "web"},
        _text("scene", "Scene", "The scene to render") | {"eval": "C.scene.name", "visible": "web"},
        {"key": "fps", "type": "float", "visible": "hidden"}
        | {"eval": "C.scene.render.fps / C.scene.render.fps_base"},
    ]


def _text(key: str, label: str, description: str, *, required: bool = False) -> dict[str, Any]:
    made: dict[str, Any] = {"key": key, "type": "string", "label": label, "description": description}
    return made | ({"required": True} if required else {})


def _int(key: str, label: str, description: str, default: int | str) -> dict[str, Any]:
    made = {"key": key, "type": "int32", "label": label, "description": description, "default": int(default)}
    return made | {"propargs": {"min": 0 if key == "lead_in" else 1, "max": 10_000}}


def _setting(entry: dict[str, Any]) -> dict[str, Any]:
    """A setting of the schema as one of Flamenco's; it follows the panel in Blender unless it is unlinked."""
    kind, unit = entry["type"], entry.get("unit", "")
    made: dict[str, Any] = {
        "key": entry["name"],
        "type": _TYPES[kind],
        "label": entry["title"],
        "description": entry["help"] + (f" (in {unit})" if unit else ""),
        "default": entry["default"],
    }
    if kind == "enum":
        made["choices"] = [each["name"] for each in entry["choices"]]
    limits = {"min": entry.get("minimum"), "max": entry.get("maximum")}
    kept = {name: limit for name, limit in limits.items() if limit is not None}
    if kept:
        made["propargs"] = kept
    default = entry["default"].upper() if kind == "enum" else entry["default"]
    value = f"getattr(getattr(C.scene, 'nst', None), {entry['name']!r}, {default!r})"
    return made | _evaluated(f"{value}.lower()" if kind == "enum" else value, "As in Neural Style")


def _option(entry: dict[str, Any]) -> dict[str, str]:
    name = entry["name"]
    made = {"key": name, "option": flag(name)}
    return made | ({"off": switch(name, on=False)} if entry["type"] == "bool" else {})


def _of_farm(name: str, default: Any) -> str:
    """A Python expression: what *Submit to Farm* says of the scene; the default without the extension."""
    return f"getattr(getattr(C.scene, 'nst_farm', None), {name!r}, {default!r})"


def _evaluated(expression: str, description: str) -> dict[str, Any]:
    return {"eval": expression, "evalInfo": {"showLinkButton": True, "description": description}}
