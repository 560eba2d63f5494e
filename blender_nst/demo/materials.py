"""Materials of the demo's scene: procedural textures with detail at several sizes, made by code."""

from __future__ import annotations

from collections.abc import Mapping
from math import pi
from typing import Any

import bpy

Color = str
"""Six hexadecimal digits, sRGB."""


class _Nodes:
    """Builds a material's node tree; inputs are sockets to be linked, or values."""

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        if bpy.app.version < (5, 0):
            self.material.use_nodes = True
        self._tree = self.material.node_tree
        self._tree.nodes.clear()

    def add(self, kind: str, inputs: Mapping[Any, Any] | None = None, **attributes: Any) -> Any:
        """A new node of a type named without its 'ShaderNode'."""
        node = self._tree.nodes.new("ShaderNode" + kind)
        for name, value in attributes.items():
            setattr(node, name, value)
        for key, value in (inputs or {}).items():
            if isinstance(value, bpy.types.NodeSocket):
                self._tree.links.new(value, node.inputs[key])
            else:
                node.inputs[key].default_value = value
        return node

    def ramp(self, factor: Any, *colors: Color) -> Any:
        """Socket of the colors spread evenly over the factor's 0.3..0.7, where noise has its values."""
        node = self.add("ValToRGB", {"Fac": factor})
        elements = node.color_ramp.elements
        while len(elements) < len(colors):
            elements.new(0.5)
        for i, color in enumerate(colors):
            elements[i].position = 0.3 + 0.4 * i / (len(colors) - 1)
            elements[i].color = _linear(color)
        return node.outputs["Color"]

    def noise(self, scale: float, detail: float = 4.0) -> Any:
        """Socket of cloudy noise in the object's own coordinates."""
        where = self.add("TexCoord").outputs["Object"]
        return self.add("TexNoise", {"Vector": where, "Scale": scale, "Detail": detail}).outputs[0]

    def finish(self, color: Any, bump: Any = None, depth: float = 0.15) -> Any:
        """The material with a matt surface of that color, rough where `bump` (a socket) says so."""
        inputs = {"Base Color": color, "Roughness": 0.9}
        if bump is not None:
            inputs["Normal"] = self.add("Bump", {"Height": bump, "Distance": depth}).outputs[0]
        surface = self.add("BsdfPrincipled", inputs)
        self.add("OutputMaterial", {"Surface": surface.outputs[0]})
        return self.material


def _linear(color: Color) -> tuple[float, float, float, float]:
    """A color as Blender wants it: scene-linear RGBA."""
    encoded = [value / 255 for value in bytes.fromhex(color)]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in encoded)
    return red, green, blue, 1.0


def cloudy(name: str, scale: float, *colors: Color) -> Any:
    """Noise from large to small: meadows, foliage, plaster."""
    nodes = _Nodes(name)
    fine = nodes.noise(scale * 6)
    mixed = nodes.add("Math", {0: nodes.noise(scale), 1: fine}, operation="ADD").outputs[0]
    half = nodes.add("Math", {0: mixed, 1: 0.5}, operation="MULTIPLY").outputs[0]
    return nodes.finish(nodes.ramp(half, *colors), fine)


def bricks(name: str, size: float, dark: Color, light: Color, mortar: Color) -> Any:
    """Courses of bricks, shingles or planks in UV coordinates that are meters."""
    nodes = _Nodes(name)
    where = nodes.add("TexCoord").outputs["UV"]
    tint = nodes.ramp(nodes.noise(2.0), dark, light)
    colors = {"Color1": tint, "Color2": _linear(dark), "Mortar": _linear(mortar)}
    scale = {"Vector": where, "Scale": 1 / size, "Mortar Size": 0.03, "Bias": -0.4}
    brick = nodes.add("TexBrick", {**colors, **scale})
    return nodes.finish(brick.outputs["Color"], brick.outputs["Fac"], -0.05)


def cobbles(name: str, size: float, *colors: Color) -> Any:
    """Round stones, each of its own color."""
    nodes = _Nodes(name)
    where = nodes.add("TexCoord").outputs["Object"]
    cells = nodes.add("TexVoronoi", {"Vector": where, "Scale": 1 / size})
    shade = nodes.add("SeparateColor", {0: cells.outputs["Color"]}).outputs[0]
    return nodes.finish(nodes.ramp(shade, *colors), cells.outputs["Distance"], -0.3)


def rings(name: str, scale: float, *colors: Color, axis: str = "Y") -> Any:
    """Wood's rings, or straw rolled up, around one axis of the object."""
    nodes = _Nodes(name)
    where = nodes.add("TexCoord").outputs["Object"]
    inputs = {"Vector": where, "Scale": scale, "Distortion": 2.5, "Detail": 3.0, "Detail Scale": 2.0}
    wave = nodes.add("TexWave", inputs, wave_type="RINGS", rings_direction=axis)
    return nodes.finish(nodes.ramp(wave.outputs["Fac"], *colors), wave.outputs["Fac"])


def gores(name: str, count: int, *colors: Color) -> Any:
    """Vertical stripes around the object's z axis."""
    nodes = _Nodes(name)
    where = nodes.add("SeparateXYZ", {0: nodes.add("TexCoord").outputs["Object"]})
    turn = nodes.add("Math", {0: where.outputs[1], 1: where.outputs[0]}, operation="ARCTAN2").outputs[0]
    share = nodes.add("Math", {0: turn, 1: count / pi / 2}, operation="MULTIPLY").outputs[0]
    stripe = nodes.add("Math", {0: share, 1: 1.0}, operation="FLOORED_MODULO").outputs[0]
    ramp = nodes.add("ValToRGB", {"Fac": stripe})
    ramp.color_ramp.interpolation = "CONSTANT"
    for i, color in enumerate(colors):
        element = ramp.color_ramp.elements[i] if i < 2 else ramp.color_ramp.elements.new(1.0)
        element.position, element.color = i / len(colors), _linear(color)
    return nodes.finish(ramp.outputs[0])


def sky(name: str) -> Any:
    """Glows by itself: a gradient from the horizon upwards with clouds."""
    nodes = _Nodes(name)
    where = nodes.add("TexCoord").outputs["Generated"]
    flat = nodes.add("Mapping", {"Vector": where, "Scale": (5.0, 5.0, 14.0)}).outputs[0]
    cloud = nodes.add("TexNoise", {"Vector": flat, "Scale": 1.6, "Detail": 5.0, "Distortion": 0.6}).outputs[0]
    up = nodes.add("SeparateXYZ", {0: where}).outputs[2]
    rise = nodes.add("MapRange", {0: up, 1: 0.5, 2: 0.72, 3: 0.3, 4: 0.7}).outputs[0]
    clear = nodes.ramp(rise, "ffdfa0", "f6c8a8", "9fd0e6", "4d9fdc", "2f72c4")
    cover = nodes.add("MapRange", {0: cloud, 1: 0.52, 2: 0.66}).outputs[0]
    mix = nodes.add("MixRGB", {0: cover, 1: clear, 2: _linear("fff3e2")})
    glow = nodes.add("Emission", {"Color": mix.outputs[0], "Strength": 1.0})
    nodes.add("OutputMaterial", {"Surface": glow.outputs[0]})
    return nodes.material
