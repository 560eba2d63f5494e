"""What is here, and what to do about what is missing."""

from __future__ import annotations

import json
import platform
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from blender_nst.cli.blenders.runtime import ENVIRONMENT_VARIABLE, find_blender
from blender_nst.cli.display import shown
from blender_nst.cli.errors import BlenderError
from blender_nst.cli.log import user_folder
from blender_nst.diagnostics.log_lines import escape_control
from blender_nst.diagnostics.report import BugReport, report_text, system_facts
from compositor import convolution_jit
from compositor.errors import CompositorError
from compositor.hardware.device import choose_device, describe_device
from compositor.networks.weights import EMBEDDED, load_network
from compositor.settings import StyleSettings, settings_to_json
from video.files.json_values import JsonError, read_json
from video.files.output_folder import BLENDER_LOG, COMMAND_LINE_LOG, ENGINE_LOG, EXTENSION_LOG, JOURNAL
from video.settings import SequenceSettings

RUN_LOGS = (COMMAND_LINE_LOG, BLENDER_LOG, EXTENSION_LOG, ENGINE_LOG)
"""Logs that a run leaves in its output folder."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `advice` says what to do when it is not `ok` or could be better."""

    name: str
    ok: bool
    found: str
    advice: str = ""


def examine(blender: Path | None) -> list[Finding]:
    """Looks at everything; installs and changes nothing."""
    system = f"{platform.python_version()} ({sys.executable}), {platform.system()} {platform.machine()}"
    packages = ("blender-nst", "torch", "torchvision", "numpy", "opencv-python-headless", "OpenImageIO")
    return [
        Finding("Python", True, system),
        *(_package(name) for name in (*packages, "opencolorio", "av")),
        _device(),
        _machine_code(),
        _weights(),
        _movies(),
        _blender(blender),
    ]


def print_findings(findings: list[Finding], as_json: bool) -> None:
    """As a table, or as a JSON object with a list."""
    if as_json:
        sys.stdout.write(json.dumps({"findings": [asdict(each) for each in findings]}, indent=2) + "\n")
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    for column in ("", "name", "found"):
        table.add_column(column, overflow="fold")
    for each in findings:
        mark = Text("ok", "green") if each.ok else Text("missing", "red")
        found = shown(each.found)
        if each.advice:
            found.append("\n").append(escape_control(each.advice), "yellow")
        table.add_row(mark, shown(each.name), found)
    Console().print(table)


def print_report(findings: list[Finding], out: Path | None) -> None:
    """Prints what a bug report needs, as Markdown.

    Args:
        out: output folder of the run that the report is about; its settings and logs are in the report.
    """
    facts = {each.name: each.found if each.ok else f"missing: {each.found}" for each in findings}
    logs = {COMMAND_LINE_LOG: user_folder() / COMMAND_LINE_LOG}
    if out is not None:
        logs |= {f"{name} of the run": out / name for name in RUN_LOGS}
    report = BugReport(system_facts() | facts, {} if out is None else _changed_settings(out), logs)
    # The logs of a run are text of the folder that was named.
    lines = report_text(report).split("\n")
    sys.stdout.write("\n".join(map(escape_control, lines)))


def _changed_settings(out: Path) -> dict[str, Any]:
    """The settings of the run in a folder that differ from their defaults, by its journal."""
    try:
        values = dict(read_json(out / JOURNAL)["run"])
    except (OSError, JsonError, KeyError, TypeError, ValueError):
        return {}
    defaults = settings_to_json(StyleSettings()) | settings_to_json(SequenceSettings())
    return {name: value for name, value in values.items() if defaults.get(name, value) != value}


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, version(name))
    except PackageNotFoundError:
        return Finding(name, False, "not installed", "install Blender NST again with pip")


def _device() -> Finding:
    device = choose_device()
    advice = ""
    if device.type == "cpu":
        advice = "PyTorch has no GPU here: frames take minutes, not seconds; --preset draft helps"
    return Finding("device", True, describe_device(device), advice)


def _machine_code() -> Finding:
    if not convolution_jit.is_enabled():
        found = f"turned off by {convolution_jit.SWITCH}=0, PyTorch's own operations are used"
        return Finding("machine code", True, found)
    if convolution_jit.available():
        return Finding("machine code", True, "convolutions in single precision are made for this processor")
    advice = (
        "without a GPU a step takes 1.5 times as long; on Linux with x86-64, install the package llvmlite"
    )
    return Finding("machine code", True, "none, PyTorch's own operations are used", advice)


def _weights() -> Finding:
    try:
        weights = load_network()
    except CompositorError as error:
        return Finding("weights", False, str(error), "install Blender NST again with pip")
    return Finding("weights", True, f"{weights.name}, {len(weights.convolutions)} convolutions: {EMBEDDED}")


def _movies() -> Finding:
    import av

    encoders = {"H.264": "libx264", "ProRes": "prores_ks", "FFV1": "ffv1"}
    missing = [name for name, encoder in encoders.items() if encoder not in av.codecs_available]
    if not missing:
        return Finding("movies", True, ", ".join(f"{name} ({each})" for name, each in encoders.items()))
    advice = "install the package av from PyPI, or use --no-movie"
    return Finding("movies", False, f"PyAV has no encoder for {' and '.join(missing)}", advice)


def _blender(explicit: Path | None) -> Finding:
    advice = (
        "it is installed by `blender-nst blender install`, or at the first render; or name one with --blender"
        f" or {ENVIRONMENT_VARIABLE}"
    )
    try:
        runtime = find_blender(explicit)
    except BlenderError as error:
        return Finding("Blender", False, str(error), advice)
    if runtime is None:
        return Finding("Blender", False, "none found", advice)
    return Finding("Blender", True, f"{runtime.label}: {runtime.program}")
