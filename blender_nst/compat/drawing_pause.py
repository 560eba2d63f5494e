"""Keeps Blender's window from drawing while another thread saves an image.

`Image.save_render` and an editor that draws the Render Result take two locks of Blender's in opposite order:
about half of the animations that were saved while the render's own window was drawn froze Blender 5.2.2 for
good. So a thread that saves first waits until the main thread is in a timer's callback, which Blender calls
before it draws, and keeps it there until the file is written.

Properties are set before and after, not in between: Blender 4.3 may refuse that until it has drawn on, see
`set_property`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..state import state_of

PATIENCE = 10.0
"""Seconds to wait for the main thread. One that does not come may wait itself, for the end of the render: as
another file is loaded, or Blender ends. It draws nothing then."""


class DrawingPause:
    """What the main thread and the one that saves tell each other."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._wanted = 0
        """How many threads save, or wait to."""
        self._paused = False
        """Whether the main thread waits."""

    @contextmanager
    def paused(self, patience: float = PATIENCE) -> Iterator[bool]:
        """Context in which the main thread waits; gives whether it does. For other threads."""
        with self._changed:
            self._wanted += 1
            self._changed.wait_for(lambda: self._paused, patience)
            paused = self._paused
        try:
            yield paused
        finally:
            with self._changed:
                self._wanted -= 1
                self._changed.notify_all()

    def wait(self) -> None:
        """Waits on the main thread as long as another one saves; at once over where none does."""
        with self._changed:
            if self._wanted:
                self._paused = True
                self._changed.notify_all()
                # Without an end of its own: to draw before the file is written is to freeze.
                self._changed.wait_for(lambda: not self._wanted)
                self._paused = False


@contextmanager
def no_drawing(*, background: bool) -> Iterator[None]:
    """Context in which nothing is drawn; does nothing on the main thread itself, or without a window."""
    if background or threading.current_thread() is threading.main_thread():
        yield
        return
    with state_of(DrawingPause).paused():
        yield
