"""Looks: style pictures that come with the extension, with the settings that suit them, chosen together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import bpy.utils.previews

from .. import addon
from ..state import state_of
from .schema import described_properties
from .setting_property import from_json, to_json
from .styles import add_image

FOLDER = addon.FOLDER / "looks"
CUSTOM_LOOK = "CUSTOM"


@dataclass(frozen=True)
class Look:
    """A look.

    Attributes:
        styles: names of pictures in `FOLDER`, with their weights.
        settings: as the protocol has them.
    """

    name: str
    label: str
    help: str
    styles: tuple[tuple[str, float], ...]
    settings: Mapping[str, Any]

    @property
    def thumbnail(self) -> Path:
        """The picture that shows it."""
        return FOLDER / f"look_{self.name}.jpg"


def _read() -> tuple[Look, ...]:
    described = json.loads((FOLDER / "looks.json").read_text("utf-8"))
    return tuple(
        Look(
            each["name"],
            each["label"],
            each["help"],
            tuple((style["picture"], style["weight"]) for style in each["styles"]),
            each["settings"],
        )
        for each in described
    )


LOOKS = _read()
_ENTRIES = {entry["name"]: entry for entry in described_properties()}


class LookItems:
    """The items of the menu of looks, with their thumbnails, which Blender keeps no reference to."""

    def __init__(self) -> None:
        self._collection: Any = None
        self._items: list[tuple[str, str, str, int, int]] = []

    def items(self) -> list[tuple[str, str, str, int, int]]:
        """Name, label, help, icon and number of each; the first one stands for what is none of them."""
        if self._collection is None:
            self._collection = bpy.utils.previews.new()
            rna: Any = bpy.types.UILayout.bl_rna
            icons = rna.functions["prop"].parameters["icon"].enum_items
            custom = (
                CUSTOM_LOOK,
                "Choose a Look",
                "Styles and settings of your own",
                icons["BRUSH_DATA"].value,
                0,
            )
            self._items = [
                custom,
                *(
                    (look.name.upper(), look.label, look.help, self._icon(look), number)
                    for number, look in enumerate(LOOKS, start=1)
                ),
            ]
        return self._items

    def clear(self) -> None:
        """Forgets the thumbnails."""
        if self._collection is not None:
            bpy.utils.previews.remove(self._collection)
            self._collection = None

    def _icon(self, look: Look) -> int:
        return self._collection.load(look.name, str(look.thumbnail), "IMAGE").icon_id


def look_items(_owner: object, _context: bpy.types.Context | None) -> list[tuple[str, str, str, int, int]]:
    """The items of the menu of looks."""
    return state_of(LookItems).items()


def look_get(nst: Any) -> int:
    """The number of the look that styles and settings are; 0 for none. Derived, not stored, as the preset."""
    chosen = [(_picture_of(style), round(style.weight, 5)) for style in nst.styles]
    for number, look in enumerate(LOOKS, start=1):
        if chosen == list(look.styles) and all(
            to_json(_ENTRIES[name], getattr(nst, name)) == value for name, value in look.settings.items()
        ):
            return number
    return 0


def look_set(nst: Any, number: int) -> None:
    """Chooses a look: its pictures, packed into the .blend file, in place of the styles, and its settings."""
    if not 1 <= number <= len(LOOKS):
        return
    look = LOOKS[number - 1]
    nst.styles.clear()
    for picture, weight in look.styles:
        image = bpy.data.images.load(str(FOLDER / picture), check_existing=True)
        if image.packed_file is None:
            image.pack()
        add_image(nst, image)
        nst.styles[-1].weight = weight
    for name, value in look.settings.items():
        setattr(nst, name, from_json(_ENTRIES[name], value))


def _picture_of(style: Any) -> str:
    """The name of the shipped picture that a style is; empty for any other."""
    if style.image is None:
        return ""
    folder, _, name = style.image.filepath.replace("\\", "/").rpartition("/")
    return name if folder.endswith(f"/{FOLDER.name}") else ""


def register() -> None:
    """Nothing: the property is one of `Scene.nst`."""


def unregister() -> None:
    """Forgets the thumbnails."""
    state_of(LookItems).clear()
