"""What the choices of a menu have in common."""

from __future__ import annotations

from enum import Enum


class MenuChoice(Enum):
    """A choice of an enum property; its value is its title and its help, for people."""

    @property
    def title(self) -> str:
        """For the menu."""
        return self.value[0]

    @property
    def help(self) -> str:
        """For the tooltip."""
        return self.value[1]

    @classmethod
    def items(cls) -> list[tuple[str, str, str]]:
        """All choices as `bpy.props.EnumProperty` takes them."""
        return [(each.name, each.title, each.help) for each in cls]
