"""Sets Blender's properties from the render's thread.

While the main thread draws a panel, Blender refuses every write from any thread: `Writing to ID classes in
this context is not allowed`. Python changes threads in the middle of a `draw`, so that a handler can meet
this at any time; a moment later the write is allowed.
"""

from __future__ import annotations

import time
from typing import Any

PATIENCE = 10.0
"""Seconds; a panel is drawn within milliseconds."""

_REFUSED = "Writing to ID classes"


def set_property_retrying(owner: Any, name: str, value: Any) -> None:
    """`setattr`, again and again while Blender draws; raises what it raises."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            setattr(owner, name, value)
            return
        except AttributeError as error:
            if _REFUSED not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.001)  # lets the main thread go on drawing
