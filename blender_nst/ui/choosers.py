"""Settings that are not drawn as Blender draws their type: menus for names, `Automatic` for a size of 0."""

# pyright: reportInvalidTypeForm=false
# No `from __future__ import annotations`: Blender reads the annotations as objects.
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import bpy

from ..compat.poll_reason import allowed
from ..properties.animation import ANIMATABLE
from ..properties.effects import has_effect
from ..properties.schema import described_properties

NETWORKS = (
    ("embedded", "Embedded", "VGG-16, installed with the engine"),
    ("vgg16", "VGG-16", "Torchvision's, fetched on first use"),
    ("vgg19", "VGG-19", "Torchvision's, fetched on first use"),
)

_BLOCKS = {"vgg19": (2, 2, 4, 4, 4)}
_BLOCKS_OF_OTHERS = (2, 2, 3, 3, 3)

AUTOMATIC = {"working_size": 960, "style_size": 1024}
"""Sizes of which 0 stands for the engine's choice, and where one's own begins."""

LAYERS = tuple(entry["name"] for entry in described_properties() if entry["type"] == "names")
"""The settings that are lists of the network's layers."""


def layer_names(network: str) -> Iterator[str]:
    """The layers of a network from which settings choose, in its order."""
    for block, count in enumerate(_BLOCKS.get(network, _BLOCKS_OF_OTHERS), start=1):
        yield from (f"relu{block}_{number}" for number in range(1, count + 1))


def with_layer_toggled(text: str, layer: str) -> str:
    """A list of layers, as `relu2_1, relu4_2:0.5`, with one more or without it; the others keep weights."""
    chosen = [part.strip() for part in text.split(",") if part.strip()]
    left = [part for part in chosen if part.partition(":")[0].strip() != layer]
    return ", ".join(left if len(left) < len(chosen) else [*chosen, layer])


class _SettingOperator:
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not for a scene that comes from a library."""
        if context.scene is None or not context.scene.is_editable:
            return allowed(cls, "The scene comes from a library")
        return True


class NST_OT_set_network(_SettingOperator, bpy.types.Operator):
    """Choose the network"""

    bl_idname = "nst.set_network"
    bl_label = "Choose Network"

    network: bpy.props.EnumProperty(items=NETWORKS, options={"HIDDEN"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Sets it."""
        context.scene.nst.network = self.network
        return {"FINISHED"}


class NST_OT_toggle_layer(_SettingOperator, bpy.types.Operator):
    """Take the layer, or leave it out; a weight is typed behind its name, as in relu4_2:0.5"""

    bl_idname = "nst.toggle_layer"
    bl_label = "Choose Layer"

    setting: bpy.props.StringProperty(options={"HIDDEN"})
    layer: bpy.props.StringProperty(options={"HIDDEN"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Changes the setting."""
        nst = context.scene.nst
        setattr(nst, self.setting, with_layer_toggled(getattr(nst, self.setting), self.layer))
        return {"FINISHED"}


class NST_OT_toggle_automatic(_SettingOperator, bpy.types.Operator):
    """Change between the engine's choice and a size of one's own"""

    bl_idname = "nst.toggle_automatic"
    bl_label = "Automatic"

    setting: bpy.props.StringProperty(options={"HIDDEN"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Changes the setting."""
        nst = context.scene.nst
        setattr(nst, self.setting, 0 if getattr(nst, self.setting) else AUTOMATIC[self.setting])
        return {"FINISHED"}


class NST_MT_networks(bpy.types.Menu):
    """The networks that need no file"""

    bl_label = "Network"

    def draw(self, context: bpy.types.Context) -> None:
        """Draws them, the chosen one marked."""
        chosen = context.scene.nst.network
        for name, title, _help in NETWORKS:
            icon = "RADIOBUT_ON" if name == chosen else "RADIOBUT_OFF"
            self.layout.operator(NST_OT_set_network.bl_idname, text=title, icon=icon).network = name


def _layer_menu(setting: str, title: str) -> type:
    def draw(self: Any, context: bpy.types.Context) -> None:
        nst = context.scene.nst
        chosen = {part.partition(":")[0].strip() for part in getattr(nst, setting).split(",")}
        for layer in layer_names(nst.network):
            icon = "CHECKBOX_HLT" if layer in chosen else "CHECKBOX_DEHLT"
            button = self.layout.operator(NST_OT_toggle_layer.bl_idname, text=layer, icon=icon)
            button.setting, button.layer = setting, layer

    return type(f"NST_MT_{setting}", (bpy.types.Menu,), {"bl_label": title, "draw": draw})


_LAYER_MENUS = {
    entry["name"]: _layer_menu(entry["name"], entry["title"])
    for entry in described_properties()
    if entry["name"] in LAYERS
}
_TITLES = {entry["name"]: entry["title"] for entry in described_properties()}


_LABEL_SHARE = 0.4
"""Of a row's width, which a property's name takes in Blender's split layout."""


def _draw_automatic(row: Any, nst: Any, name: str) -> None:
    if getattr(nst, name) == 0:
        # A heading is drawn for properties only.
        split = row.split(factor=_LABEL_SHARE, align=True)
        label = split.row()
        label.alignment = "RIGHT"
        label.label(text=_TITLES[name])
        split.operator(NST_OT_toggle_automatic.bl_idname).setting = name
    else:
        row.prop(nst, name)
        row.operator(NST_OT_toggle_automatic.bl_idname, text="", icon="X").setting = name


def _draw_with_menu(menu: str) -> Callable[[Any, Any, str], None]:
    def draw(row: Any, nst: Any, name: str) -> None:
        row.prop(nst, name)
        row.menu(menu, text="", icon="DOWNARROW_HLT")

    return draw


_DRAWN: Mapping[str, Callable[[Any, Any, str], None]] = {
    "network": _draw_with_menu("NST_MT_networks"),
    **{name: _draw_with_menu(menu.__name__) for name, menu in _LAYER_MENUS.items()},
    **dict.fromkeys(AUTOMATIC, _draw_automatic),
}


def draw_setting(layout: Any, nst: Any, name: str) -> None:
    """Draws a property of `Scene.nst`, gray where it has no effect."""
    row = layout.row(align=True)
    row.active = has_effect(nst, name)
    # The dot that sets keyframes.
    row.use_property_decorate = name in ANIMATABLE
    if name in _DRAWN:
        _DRAWN[name](row, nst, name)
    else:
        row.prop(nst, name)


_CLASSES = (
    NST_OT_set_network,
    NST_OT_toggle_layer,
    NST_OT_toggle_automatic,
    NST_MT_networks,
    *_LAYER_MENUS.values(),
)
register, unregister = bpy.utils.register_classes_factory(_CLASSES)
