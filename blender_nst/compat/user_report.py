"""Reports lines to the user, as Blender's operators do."""

from __future__ import annotations

from typing import Any

from bpy.app.translations import pgettext_rpt

from ..diagnostics.log_lines import escape_control
from ..language.translated_line import translated


def report(operator: Any, kind: str, text: str) -> None:
    """Reports a line for the user, which Blender shows in the user's language and prints to its terminal.

    Args:
        kind: ERROR, WARNING or INFO.
        text: names of files and objects may be in it, whose control characters are escaped.
    """
    operator.report({kind}, escape_control(translated(text, pgettext_rpt)))
