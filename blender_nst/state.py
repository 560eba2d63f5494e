"""The extension's state: one object from `register()` to `unregister()` that owns all that is remembered.

Each wing defines its own part as a class without arguments, and reads it with `state_of`. A part is made when
it is first asked for and goes with the extension, so that switching it off leaves nothing behind.
"""

from __future__ import annotations

import threading
from typing import TypeVar

P = TypeVar("P")


class SwitchedOffError(Exception):
    """The extension is switched off, as it can be in another thread in the middle of a render."""


class ExtensionState:
    """The parts by their class. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._parts: dict[type, object] = {}
        self._lock = threading.RLock()

    def part(self, kind: type[P]) -> P:
        """The one object of a class."""
        with self._lock:
            found = self._parts.get(kind)
            if not isinstance(found, kind):
                found = self._parts[kind] = kind()
            return found


_state: ExtensionState | None = None


def create_state() -> None:
    """Begins with an empty state, when the extension is switched on."""
    global _state  # noqa: PLW0603 - the one object that a module of the extension holds
    _state = ExtensionState()


def drop_state() -> None:
    """Lets go of everything, when the extension is switched off."""
    global _state  # noqa: PLW0603
    _state = None


def state_of(kind: type[P]) -> P:
    """The part of this class.

    Raises:
        SwitchedOffError: the extension is switched off.
    """
    state = _state
    if state is None:
        raise SwitchedOffError("the extension Blender NST is switched off")
    return state.part(kind)
