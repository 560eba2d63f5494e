"""The end of a run: the buttons that play what was made, and open the folder where it lies."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import bpy

from ..compat.poll_reason import allowed
from ..compat.user_report import report
from ..session.active import active_session, current_session
from ..session.progress import RunResult, run_result
from .frame_operators import NST_OT_open_output

BLENDERS_OWN = "INTERNAL"
"""The player in Blender's preferences that is Blender itself."""


class NST_OT_play(bpy.types.Operator):
    """Play what was made last: the movie, or the styled frames"""

    bl_idname = "nst.play"
    bl_label = "Play"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only where something was made."""
        return _is_there(cls)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Plays in Blender's own player, or a movie in the system's where another player is preferred."""
        result = last_result()
        if result is None:
            return {"CANCELLED"}
        player, binary = context.preferences.filepaths.animation_player_preset, bpy.app.binary_path
        if not binary or (result.movie is not None and player != BLENDERS_OWN):
            return bpy.ops.wm.path_open(filepath=str(result.movie or result.frames[0]))
        # Blender is a window program on Windows, so that a console would open for its child.
        flags = subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0
        try:
            subprocess.Popen(player_command(binary, result), stdin=subprocess.DEVNULL, creationflags=flags)
        except OSError as error:
            report(self, "ERROR", f"{binary}: cannot be started: {error.strerror}")
            return {"CANCELLED"}
        return {"FINISHED"}


class NST_OT_open_result(bpy.types.Operator):
    """Open the folder of what was made last in the system's file browser"""

    bl_idname = "nst.open_result"
    bl_label = "Open Folder"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only where something was made."""
        return _is_there(cls)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Opens it."""
        result = last_result()
        return bpy.ops.wm.path_open(filepath=str(result.folder)) if result is not None else {"CANCELLED"}


def last_result() -> RunResult | None:
    """What the last session has made, as far as it is there still."""
    session = current_session()
    result = None if session is None else run_result(session)
    if result is None:
        return None
    if result.movie is not None and not result.movie.is_file():
        result = replace(result, movie=None)
    return result if result.frames[0].is_file() else None


def player_command(binary: str, result: RunResult) -> list[str]:
    """The command that plays a result in Blender's own player: the movie, or the frames in their order."""
    rate = round(1000.0 * result.frame_rate)
    fps, base = (rate // 1000, 1.0) if rate % 1000 == 0 else (rate, 1000.0)
    command = [binary, "-a", "-f", str(fps), str(base)]
    if result.movie is not None:
        return [*command, str(result.movie)]
    # The player counts the files, and finds each by the number in the name before it.
    return [*command, "-s", "1", "-e", str(len(result.frames)), "-j", str(result.step), str(result.frames[0])]


def waiting_text() -> str:
    """What the progress says of renders that wait for the one at work; empty where none does."""
    count = len(active_session().waiting)
    return f", {count} more to come" if count else ""


def draw_result(row: Any, *, labels: bool = True) -> None:
    """Draws the buttons that show what was made last, as icons alone where there is no room for labels."""
    row.operator(NST_OT_play.bl_idname, text=NST_OT_play.bl_label if labels else "", icon="PLAY")
    # A render that waited may have a folder of its own.
    folder = NST_OT_open_output if last_result() is None else NST_OT_open_result
    row.operator(folder.bl_idname, text="Open Folder" if labels else "", icon="FILE_FOLDER")


def _is_there(operator: type[bpy.types.Operator]) -> bool:
    if last_result() is None:
        return allowed(operator, "Nothing was made yet")
    return True


register, unregister = bpy.utils.register_classes_factory((NST_OT_play, NST_OT_open_result))
