"""The question about finished frames of other settings in the output folder: overwrite, or a new folder."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import Any

import bpy
from bpy.app.translations import pgettext_iface

from ...language.translated_line import translated
from ...output_folder import OLD
from ...session.checks.finished_run import FinishedRun
from ...session.checks.scene_checks import SessionError, absolute_path
from ..wrapped_text import wrapped

DIALOG_WIDTH = 420
_LETTERS = 58
"""Of a line in the dialog."""

_COUNTER = re.compile(r"_(\d+)$")


class Answer(Enum):
    """What becomes of the finished frames: title and help for people."""

    OVERWRITE = ("Overwrite", f"The finished frames are moved into {OLD}, and the folder begins anew")
    NEW_FOLDER = ("New Folder", "The finished frames stay, and the new ones get a folder beside them")


def answer_property() -> Any:
    """The property of an operator that asks."""
    return bpy.props.EnumProperty(
        name="Finished Frames",
        items=[(each.name, *each.value) for each in Answer],
        default=Answer.OVERWRITE.name,
        options={"SKIP_SAVE"},
    )


def draw_question(layout: Any, operator: Any, run: FinishedRun) -> None:
    """Draws what is finished, and the operator's property `answer`."""
    draw_lines(layout, run.text, "INFO")
    layout.row().prop(operator, "answer", expand=True)
    draw_lines(layout, Answer[operator.answer].value[1])


def draw_lines(layout: Any, text: str, icon: str = "NONE") -> None:
    """Draws a text on as many lines as a dialog's width asks for."""
    column = layout.column(align=True)
    for line in wrapped(translated(text, pgettext_iface), _LETTERS):
        column.label(text=line, icon=icon)
        icon = "BLANK1" if icon != "NONE" else icon


def apply_answer(scene: bpy.types.Scene, answer: str) -> None:
    """Gives the scene a new output folder, if that was the answer."""
    if Answer[answer] is Answer.NEW_FOLDER:
        scene.nst.output_path = next_folder(scene.nst.output_path)


def next_folder(path: str) -> str:
    """The first of `//styled_2/`, `//styled_3/`… that is not there, written as the path itself is."""
    name = path.rstrip("/\\")
    ending = path[len(name) :]
    stem = _COUNTER.sub("", name)
    counter = _COUNTER.search(name)
    number = int(counter.group(1)) if counter is not None else 1
    while True:
        number += 1
        candidate = f"{stem}_{number}{ending}"
        if not _exists(candidate):
            return candidate


def _exists(path: str) -> bool:
    try:
        return Path(absolute_path(path, "output folder")).exists()
    except SessionError:
        return False
