"""Says why an operator cannot be run: in the tooltip of its gray button, in the user's language."""

from __future__ import annotations

from typing import Any

from bpy.app.translations import pgettext_rpt

from ..language.translated_line import translated


def allowed(operator: Any, reason: str) -> bool:
    """Whether an operator can be run: whether there is no reason against it. To be returned by its `poll`.

    Args:
        operator: the class that is asked.
        reason: a sentence without a full stop, in English; empty for none.
    """
    if reason:
        # Blender shows the text as it gets it.
        operator.poll_message_set(translated(reason, pgettext_rpt))
    return not reason
