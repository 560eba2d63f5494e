"""Operators: what the panels' buttons do."""

from __future__ import annotations

import bpy  # pyright: ignore[reportMissingImports]

from .handlers import current_session
from .render_session import State


class NST_OT_cancel(bpy.types.Operator):
    """Stop stylising; the frames that are finished are kept"""

    bl_idname = "nst.cancel"
    bl_label = "Cancel Stylising"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only while a render is being stylised."""
        session = current_session()
        return session is not None and session.engine is not None and session.state is not State.ENDED

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Ends the engine."""
        session = current_session()
        if session is not None:
            session.cancel()
        return {"FINISHED"}


def register() -> None:
    """Registers the operators."""
    bpy.utils.register_class(NST_OT_cancel)


def unregister() -> None:
    """Removes the operators."""
    bpy.utils.unregister_class(NST_OT_cancel)
