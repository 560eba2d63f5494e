"""Shapes of the demo's scene: meshes from corners, cones and lumpy balls."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import bpy

# isort: split
# The bpy wheel knows these two only after bpy is there.
import bmesh
from mathutils import Vector, noise

Form = Callable[[Any], None]
"""Builds a shape in an empty BMesh; units are meters."""


def add(name: str, material: Any, form: Form, place: Vector | None = None, smooth: bool = False) -> Any:
    """A new mesh object in the scene, at the origin or at `place`; its UVs are meters on each face."""
    mesh = bpy.data.meshes.new(name)
    shape = bmesh.new()
    form(shape)
    shape.normal_update()
    layer = shape.loops.layers.uv.new("meters")
    for face in shape.faces:
        face.smooth = smooth
        right = Vector((0, 0, 1)).cross(face.normal)
        right = right.normalized() if right.length > 0.1 else Vector((1, 0, 0))
        for loop in face.loops:
            loop[layer].uv = (loop.vert.co.dot(right), loop.vert.co.dot(face.normal.cross(right)))
    shape.to_mesh(mesh)
    shape.free()
    mesh.materials.append(material)
    thing = bpy.data.objects.new(name, mesh)
    thing.location = place or (0, 0, 0)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def solid(vertices: Iterable[tuple[float, float, float]], faces: Iterable[tuple[int, ...]]) -> Form:
    """A form from its corners and faces."""

    def form(shape: Any) -> None:
        corners = [shape.verts.new(vertex) for vertex in vertices]
        for face in faces:
            shape.faces.new([corners[i] for i in face])

    return form


def box(x: float, y: float, z: float) -> Form:
    """A box of that size that stands on z = 0."""
    corners = [(i * x / 2, j * y / 2, k * z) for k in (0, 1) for j in (-1, 1) for i in (-1, 1)]
    return solid(
        corners, [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
    )


def cone(sides: int, bottom: float, top: float, height: float) -> Form:
    """A cone or cylinder that stands on z = 0."""

    def form(shape: Any) -> None:
        bmesh.ops.create_cone(shape, cap_ends=True, segments=sides, radius1=bottom, radius2=top, depth=height)
        bmesh.ops.translate(shape, verts=shape.verts, vec=(0, 0, height / 2))

    return form


def ball(radius: float, stretch: float = 1.0, lumps: float = 0.0, seed: float = 0.0) -> Form:
    """A ball around the origin, taller by `stretch`, with lumps of that share of its radius."""

    def form(shape: Any) -> None:
        bmesh.ops.create_icosphere(shape, subdivisions=4, radius=radius)
        for vertex in shape.verts:
            bulge = 1 + lumps * noise.noise(vertex.co * (2.2 / radius) + Vector((seed, 0, 0)))
            vertex.co *= bulge
            vertex.co.z *= stretch

    return form
