"""Buttons of operators that can be pressed as soon as the operator can be run, wherever the mouse is.

Blender takes the button under the mouse over from one drawing of a panel to the next, and with it whether it
is gray. It tells buttons apart by their operators alone. So one that was pressed, and could not be pressed
again while something was at work, stayed gray until the mouse had left it and the panel was drawn once more.
Therefore a button that is gray is another operator's, which is the same but for its name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import bpy

from ..diagnostics.guard import guard_operator

_SUFFIX = "_gray"


def with_gray_ones(operators: Iterable[type]) -> tuple[type, ...]:
    """Operators without `super()`, and after them those of their gray buttons, to be registered."""
    operators = tuple(operators)
    return (*operators, *map(_gray, operators))


def draw_operator(layout: Any, context: bpy.types.Context, operator: Any, **how: Any) -> Any:
    """Draws the button of an operator that was registered with its gray one.

    Args:
        how: as for `UILayout.operator`.

    Returns:
        The operator's properties.
    """
    return layout.operator(button_name(operator, context), **how)


def button_name(operator: Any, context: bpy.types.Context) -> str:
    """The name of the operator that an operator's button is to have now."""
    return operator.bl_idname if operator.poll(context) else operator.bl_idname + _SUFFIX


def _gray(operator: Any) -> type:
    # No subclass: Blender calls what was registered last of a class and its subclass for both.
    members = {name: each for name, each in vars(operator).items() if name not in ("__dict__", "__weakref__")}
    members["bl_idname"] = operator.bl_idname + _SUFFIX
    members["bl_options"] = {*getattr(operator, "bl_options", {"REGISTER"}), "INTERNAL"}
    twin = type(operator.__name__ + _SUFFIX, operator.__bases__, members)
    guard_operator(twin)
    return twin
