"""How many frames a batch has and of what size, found in the background: a panel must not wait for it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import bpy

from ..capture.frame import content_path
from ..engine.options import EngineOptions, EnginePythonError, engine_options
from ..properties.scene import FrameSource
from ..state import state_of
from .checks.scene_checks import SessionError, absolute_path, view_suffixes
from .frame_sources import batch_numbers, files_of, is_there, rendered_files
from .movie_facts import facts_by


@dataclass(frozen=True)
class SourceFacts:
    """What a batch's files turned out to be; `error` says in one line why they cannot be used."""

    frames: int = 0
    size: tuple[int, int] = (0, 0)
    error: str = ""


_Key = tuple[Path, int]
"""A path, and when it was changed last."""


class KnownSources:
    """What is known, and what is being looked for."""

    def __init__(self) -> None:
        self.facts: dict[_Key, SourceFacts] = {}
        self.searched: set[_Key] = set()
        self.changed = False
        """Whether something was found that has not been drawn yet."""


def source_facts(scene: bpy.types.Scene) -> SourceFacts | None:
    """What is known of the scene's batch; None while it is looked for, and where there is nothing."""
    path = _path(scene)
    if path is None:
        return None
    known, key = state_of(KnownSources), (path, path.stat().st_mtime_ns)
    if key not in known.facts and key not in known.searched:
        try:
            engine = engine_options()
        except EnginePythonError:
            return None
        known.searched.add(key)
        threading.Thread(target=_find, args=(known, key, engine), name="NST files", daemon=True).start()
    return known.facts.get(key)


def _path(scene: bpy.types.Scene) -> Path | None:
    """The picked file or folder, or the first frame's file; None where it is not there."""
    nst = scene.nst
    try:
        if nst.source == FrameSource.FILES.name:
            path = absolute_path(nst.source_path, "file to stylize")
            return path if path.exists() else None
        first = next(iter(batch_numbers(scene)), None)
        if first is None:
            return None
        if nst.source == FrameSource.CAPTURED.name:
            view = next(iter(view_suffixes(scene)), "")
            path = content_path(absolute_path(nst.output_path, "output folder"), first, view)
            return path if path.is_file() else None
        absolute_path(scene.render.filepath or "/", "render output")
        frame = rendered_files(scene, first)[0]
        return frame.content if is_there(frame) else None
    except (SessionError, OSError):
        return None


def _find(known: KnownSources, key: _Key, engine: EngineOptions) -> None:
    try:
        first, count = files_of(key[0])
        found = facts_by(engine, first)
        facts = SourceFacts(found.length if count is None else count, found.size)
    except (SessionError, OSError) as error:
        facts = SourceFacts(error=str(error))
    known.facts[key] = facts
    known.changed = True
