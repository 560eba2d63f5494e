"""What an earlier run has finished in a scene's output folder, and what has been set otherwise since."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import bpy

from ...json_files import read_json
from ...output_folder import JOURNAL, view_folder
from ...properties.schema import described_properties
from ..plan import SessionPlan
from .scene_checks import SessionError

_STYLE = "picture of style "
_MOST_BYTES = 1 << 28


@dataclass(frozen=True)
class FinishedRun:
    """Finished frames that a render would put aside.

    Attributes:
        frames: how many.
        changes: what differs, for people: titles of settings.
    """

    folder: Path
    frames: int
    changes: tuple[str, ...]

    @property
    def text(self) -> str:
        """`12 finished frames have another Strength, Paint`."""
        shown = ", ".join([*self.changes[:3], *(["and more"] if len(self.changes) > 3 else [])])
        if self.frames == 1:
            return f"1 finished frame has another {shown}"
        return f"{self.frames} finished frames have another {shown}"


def finished_run(scene: bpy.types.Scene) -> FinishedRun | None:
    """The finished frames in the scene's output folder that were made with other settings; None without.

    Frames that have changed in the scene itself are found by the engine alone, when they are rendered.
    """
    try:
        plan = SessionPlan.from_scene(scene)
    except SessionError:
        return None
    journal = (view_folder(plan.output, plan.views[0]) if plan.views else plan.output) / JOURNAL
    with suppress(OSError):
        found = journal.stat()
        identity, frames = _journal(journal, found.st_size, found.st_mtime_ns)
        changes = tuple(_changes(identity, plan))
        files = [path for path in plan.styles if path not in plan.images]
        if not changes and any(path.stat().st_mtime_ns > found.st_mtime_ns for path in files):
            changes = ("Style picture",)
        if frames > 0 and changes:
            return FinishedRun(plan.output, frames, changes)
    return None


def _changes(identity: Mapping[str, Any], plan: SessionPlan) -> list[str]:
    now = plan.style_settings | plan.sequence_settings
    titles = {entry["name"]: entry["title"] for entry in described_properties()}
    changes = [
        title for name, title in titles.items() if name in identity and not _same(identity[name], now[name])
    ]
    before = sum(1 for name in identity if name.startswith(_STYLE))
    if before != len(plan.styles) + sum(1 for region in plan.regions if region.style):
        changes.append("Number of Styles")
    return changes


def _same(before: Any, now: Any) -> bool:
    if isinstance(before, float) and isinstance(now, (int, float)):
        return abs(before - now) <= 1e-6 * max(abs(before), 1.0)  # Blender stores single precision
    return before == now


@lru_cache(maxsize=8)
def _journal(path: Path, size: int, _changed: int) -> tuple[Mapping[str, Any], int]:
    """The settings and the number of finished frames that a journal names; none where it cannot be read."""
    if size > _MOST_BYTES:
        return {}, 0  # the panel asks for it, and must not wait
    try:
        content = read_json(path)
        return dict(content["run"]), len(content["frames"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}, 0
