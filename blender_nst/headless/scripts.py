"""Says that Python in a .blend was not run, since the pictures may then be wrong.

Blender itself refuses registered texts, which may hook handlers, and drivers that do more than arithmetic. It
does not refuse the style modules of Freestyle's scripting mode: texts that run as a frame is rendered.
"""

from __future__ import annotations

from collections.abc import Callable

import bpy

from ..engine.messages import Warned


class RefusedScripts:
    """The Python of the open .blend that does not run. Made as soon as the file is open.

    Unless scripts are allowed, Freestyle is switched off, in memory, in view layers where it runs texts.
    """

    def __init__(self, blend: str, *, allowed: bool) -> None:
        self._blend = blend
        self._said = False
        self._freestyle = None if allowed else _leave_out_freestyle_texts()

    def warn(self, report: Callable[[Warned], None]) -> None:
        """Reports the first refusal, once. Blender finds some as it opens the file, others as it renders."""
        refused = bpy.app.autoexec_fail_message if bpy.app.autoexec_fail else self._freestyle
        if refused is None or self._said:
            return
        self._said = True
        report(
            Warned(
                f"{self._blend}: Python in this file was not run ({refused}), so that frames may differ from"
                " Blender's own; --allow-scripts runs it, if you trust the file"
            )
        )


def _leave_out_freestyle_texts() -> str | None:
    """Switches Freestyle off where it would run texts; returns the first such text's description."""
    found = None
    for scene in bpy.data.scenes:
        for layer in scene.view_layers:
            freestyle = layer.freestyle_settings
            texts = [module.script for module in freestyle.modules if module.use and module.script]
            if layer.use_freestyle and freestyle.mode == "SCRIPT" and texts:
                layer.use_freestyle = False
                found = found or f"Freestyle module '{texts[0].name}'"
    return found
