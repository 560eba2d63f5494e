"""Text of a bug report in Markdown: versions, device, changed settings, the last lines of the logs."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from .log_lines import escape_control
from .redaction import PrivateNames, names_of_this_machine, redact

LAST_LINES = 100
KEY_PACKAGES = (
    "blender-nst",
    "torch",
    "torchvision",
    "numpy",
    "opencv-python-headless",
    "OpenEXR",
    "av",
    "Pillow",
)
"""Packages of the engine whose versions a report names."""

_TAIL_BYTES = 256 * 1024
_LONGEST_LINE = 400
"""Characters."""
_FENCE = "~~~~"


@dataclass(frozen=True)
class BugReport:
    """What a bug report says.

    Attributes:
        facts: versions, system and device by their titles.
        settings: settings that differ from their defaults.
        logs: log files by their titles; those that are not there are left out.
    """

    facts: Mapping[str, str]
    settings: Mapping[str, Any] = field(default_factory=dict)
    logs: Mapping[str, Path] = field(default_factory=dict)


def report_text(report: BugReport, names: PrivateNames | None = None) -> str:
    """The report in Markdown, without private paths and names.

    Args:
        names: what is private; the names of this machine by default.
    """
    lines = ["## Blender NST: report", ""]
    lines += [f"- {title}: {_cell(value)}" for title, value in report.facts.items()]
    lines += ["", "### Settings that differ from their defaults", ""]
    lines += [f"- {name} = {_cell(str(value))}" for name, value in report.settings.items()] or ["none"]
    for title, path in report.logs.items():
        last = last_lines(path)
        if last:
            fenced = [line.replace(_FENCE, "") for line in last]
            lines += ["", f"### {title}: the last {len(last)} lines", "", f"{_FENCE}text", *fenced, _FENCE]
    return redact("\n".join(lines) + "\n", names or names_of_this_machine())


def last_lines(path: Path, count: int = LAST_LINES) -> list[str]:
    """The last lines of a log, each without control characters and cut; none if it cannot be read."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [escape_control(line)[:_LONGEST_LINE] for line in text.split("\n") if line.strip()][-count:]


def system_facts() -> dict[str, str]:
    """Python and the operating system of this process."""
    return {
        "Python": platform.python_version(),
        "System": f"{platform.system()} {platform.release()} {platform.machine()} ({sys.platform})",
    }


def package_versions(folders: Iterable[Path] | None = None) -> dict[str, str]:
    """Versions of the engine's key packages as they are installed, read without importing them.

    Args:
        folders: `site-packages` folders of another Python; those of this one by default.
    """
    found = distributions() if folders is None else distributions(path=[str(each) for each in folders])
    wanted = {name.lower().replace("-", "_"): name for name in KEY_PACKAGES}
    versions: dict[str, str] = {}
    for each in found:
        name = wanted.get(str(each.metadata["Name"]).lower().replace("-", "_"))
        if name is not None:
            versions.setdefault(name, each.version)
    return {name: versions[name] for name in KEY_PACKAGES if name in versions}


def _cell(value: str) -> str:
    return escape_control(" ".join(value.split()))
