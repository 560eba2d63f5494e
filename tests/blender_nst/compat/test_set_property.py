"""Properties that Blender refuses for a moment."""

from __future__ import annotations

import threading
import time

import pytest

from blender_nst.compat import set_property
from blender_nst.compat.set_property import set_property_retrying


class Drawn:
    """Refuses writes as Blender's properties do while a panel is drawn."""

    def __init__(self) -> None:
        self.__dict__.update(drawing=True, value="before")

    def __setattr__(self, name: str, value: object) -> None:
        if self.__dict__["drawing"]:
            raise AttributeError(
                "Writing to ID classes in this context is not allowed: Scene, Scene datablock"
            )
        self.__dict__[name] = value


def test_a_write_waits_for_the_end_of_the_drawing() -> None:
    drawn = Drawn()
    threading.Timer(0.1, lambda: drawn.__dict__.update(drawing=False)).start()
    begun = time.monotonic()
    set_property_retrying(drawn, "value", "after")
    assert drawn.__dict__["value"] == "after"
    assert time.monotonic() - begun >= 0.05


def test_another_error_and_a_refusal_without_end_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(set_property, "PATIENCE", 0.05)
    with pytest.raises(AttributeError, match="Writing to ID classes"):
        set_property_retrying(Drawn(), "value", "after")
    with pytest.raises(AttributeError, match="no attribute"):
        set_property_retrying(object(), "value", 1)
