"""The demo's animated scene, made by code: a windmill, a cottage, trees and a balloon that drifts past.

Runs in Blender (`blender --background --python scene.py -- --out scene.blend`) or on the bpy wheel
(`python scene.py --out scene.blend`).
"""

from __future__ import annotations

import argparse
import os
import sys
from math import cos, exp, pi, radians, sin
from pathlib import Path
from typing import Any

import bpy

# isort: split
# The bpy wheel knows these two only after bpy is there.
import bmesh
from mathutils import Vector

if __package__:
    from . import materials as paint
    from . import shapes
else:
    # Blender runs a script without putting its folder on the path.
    sys.path.insert(0, str(Path(__file__).parent))
    import materials as paint
    import shapes

ORBIT_PER_FRAME, WIDEST_ORBIT = radians(0.7), radians(40)
DRIFT_PER_FRAME, LONGEST_DRIFT = 0.2, 12.0
"""Long animations move more slowly instead of leaving the scene."""


def build(frames: int = 6, width: int = 320, height: int = 180) -> None:
    """Replace everything in the open file by the demo's scene: `frames` frames of width x height pixels."""
    _clear()
    _set_up_render(bpy.context.scene, frames, width, height)
    _light()
    _landscape()
    _cottage(Vector((3.6, 2.0, 0)))
    _sails(_windmill(Vector((-4.2, 4.5, 0))), frames)
    _plants()
    _balloon(frames)
    _camera(frames)


def main(arguments: list[str]) -> None:
    """Build the scene and save it where --out says."""
    parser = argparse.ArgumentParser(prog="demo_scene", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="the .blend file to write")
    parser.add_argument("--frames", type=int, default=6)
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--height", type=int, default=180)
    options = parser.parse_args(arguments)
    build(options.frames, options.width, options.height)
    bpy.ops.wm.save_as_mainfile(filepath=str(options.out.resolve()))


def _clear() -> None:
    data = bpy.data
    used = [*data.objects, *data.meshes, *data.materials, *data.cameras, *data.lights, *data.worlds]
    data.batch_remove([*used, *data.actions])


def _set_up_render(scene: Any, frames: int, width: int, height: int) -> None:
    scene.frame_start, scene.frame_end = 1, frames
    scene.frame_set(1)
    render, cycles = scene.render, scene.cycles
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y, render.resolution_percentage = width, height, 100
    render.fps = 24
    render.use_motion_blur = False
    render.use_persistent_data = True
    render.image_settings.file_format = "PNG"
    render.filepath = "//render/frame_####"
    cycles.device, cycles.samples, cycles.seed = "CPU", 16, 1
    cycles.use_adaptive_sampling = False
    cycles.max_bounces = 3
    try:
        cycles.denoiser = "OPENIMAGEDENOISE"
        cycles.use_denoising = True
    except TypeError:
        # Distributions build Blender without OpenImageDenoise: the enum item is missing there.
        cycles.use_denoising = False
        cycles.samples = 32
    scene.view_settings.view_transform = "Standard"
    layer = scene.view_layers[0]
    layer.use_pass_vector = layer.use_pass_z = True


def _ground(x: float, y: float) -> float:
    """Height of the meadow: nearly flat in front, rolling behind."""
    back = 1 / (1 + exp(-(y - 9) / 3))
    hills = 1.6 + 1.1 * sin(0.30 * x + 0.9) + 0.5 * sin(0.7 * x)
    return 0.25 * sin(0.5 * x + 1) * cos(0.4 * y) + back * hills


def _light() -> None:
    """A low warm sun, blue light from the sky, and a dome with clouds behind everything."""
    scene = bpy.context.scene
    scene.world = bpy.data.worlds.new("Sky light")
    if bpy.app.version < (5, 0):
        scene.world.use_nodes = True
    background = scene.world.node_tree.nodes["Background"]
    background.inputs["Color"].default_value = (0.45, 0.62, 1.0, 1.0)
    background.inputs["Strength"].default_value = 0.55
    lamp = bpy.data.lights.new("Sun", "SUN")
    lamp.energy, lamp.angle, lamp.color = 4.0, radians(1.5), (1.0, 0.82, 0.58)
    sun = bpy.data.objects.new("Sun", lamp)
    sun.rotation_euler = (radians(58), 0, radians(-38))
    scene.collection.objects.link(sun)
    # A mesh, because Blender before 5.2 writes no motion vectors for a world without geometry.
    dome = shapes.add("Sky", paint.sky("Sky"), shapes.ball(90), smooth=True)
    dome.visible_shadow = dome.visible_diffuse = dome.visible_glossy = False


def _landscape() -> None:
    def meadow(shape: Any) -> None:
        bmesh.ops.create_grid(shape, x_segments=90, y_segments=60, size=1)
        for vertex in shape.verts:
            x, y = vertex.co.x * 40, vertex.co.y * 22 + 8
            vertex.co = (x, y, _ground(x, y))

    grass = paint.cloudy("Grass", 0.35, "2f6b2a", "5f9a35", "a9b83f", "d9c04a", "6f9a3a")
    shapes.add("Meadow", grass, meadow, smooth=True)
    bends = [i / 14 for i in range(15)]
    path = [(1.0 + 2.7 * t + 0.9 * sin(2 * pi * t) * (1 - t), -8.5 + 9.3 * t) for t in bends]
    sides = [(x + s, y, _ground(x + s, y) + 0.04) for x, y in path for s in (-0.55, 0.55)]
    steps = [(i, i + 1, i + 3, i + 2) for i in range(0, len(sides) - 2, 2)]
    stones = paint.cobbles("Cobbles", 0.28, "8a6a58", "c9a888", "e8d8b8", "a08aa0")
    shapes.add("Path", stones, shapes.solid(sides, steps))
    for name, y, top, colors in (
        ("Far hills", 42, 5.5, ("3a4f9a", "5a78b8", "8fa8d0")),
        ("Near hills", 30, 3.4, ("2f6a6a", "4f9a7a", "8fb86a")),
    ):
        swell = {x: 1.6 * sin(0.13 * x + y) + 0.7 * sin(0.37 * x + 2 * y) for x in range(-60, 61, 2)}
        crest = [(x, y, top + rise) for x, rise in swell.items()]
        foot = [(x, y - 8, -1.0) for x, _, _ in crest]
        strip = [(i, i + 1, len(crest) + i + 1, len(crest) + i) for i in range(len(crest) - 1)]
        slope = shapes.solid(foot + crest, strip)
        shapes.add(name, paint.cloudy(name, 0.12, *colors), slope, smooth=True)


def _cottage(place: Vector) -> None:
    place.z = _ground(place.x, place.y) - 0.1
    walls = paint.bricks("Walls", 0.95, "c24a2c", "ee9460", "f2dcc0")
    tiles = paint.bricks("Tiles", 1.25, "2560a0", "58a8d0", "122a52")
    shapes.add("Cottage", walls, shapes.box(3.4, 2.6, 1.9), place)
    eaves, ridge, x, y = 1.75, 3.3, 2.0, 1.65
    gable = [(-1.7, s * 1.3, 1.9) for s in (-1, 1)] + [(-1.7, 0, 3.1)]
    gables = gable + [(-px, py, pz) for px, py, pz in gable]
    shapes.add("Gables", walls, shapes.solid(gables, [(1, 0, 2), (3, 4, 5)]), place)
    roof = [(s * x, t * y, eaves) for t in (-1, 1) for s in (-1, 1)] + [(-x, 0, ridge), (x, 0, ridge)]
    shapes.add("Roof", tiles, shapes.solid(roof, [(0, 1, 5, 4), (3, 2, 4, 5)]), place)
    shapes.add("Chimney", walls, shapes.box(0.5, 0.5, 1.5), place + Vector((0.9, 0.4, 2.4)))
    wood = paint.rings("Wood", 3.0, "4a2412", "8a4a22", "c98a4a", axis="X")
    shapes.add("Door", wood, shapes.box(0.7, 0.1, 1.3), place + Vector((0.1, -1.31, 0.1)))
    pane = paint.cloudy("Panes", 1.5, "f0a020", "ffd84a")
    for side in (-1, 1):
        spot = place + Vector((0.1 + side * 1.05, -1.31, 0.75))
        shapes.add("Shutters", wood, shapes.box(0.78, 0.08, 0.7), spot)
        shapes.add("Window", pane, shapes.box(0.46, 0.12, 0.56), spot + Vector((0, 0, 0.07)))


def _windmill(place: Vector) -> Vector:
    """Build the tower and return where its sails turn."""
    place.z = _ground(place.x, place.y) - 0.2
    stones = paint.bricks("Stones", 1.15, "c0966a", "f6ead0", "7a5a50")
    shapes.add("Windmill", stones, shapes.cone(10, 1.35, 0.85, 4.2), place)
    top = place + Vector((0, 0, 4.2))
    tiles = paint.rings("Cap tiles", 2.0, "7a1f2a", "b8322f", "e0603a", axis="Z")
    shapes.add("Cap", tiles, shapes.cone(10, 1.1, 0.12, 1.2), top)
    door = paint.cloudy("Paint", 1.0, "12506a", "2a8aa0")
    shapes.add("Mill door", door, shapes.box(0.7, 0.3, 1.3), place + Vector((0.2, -1.25, 0.2)))
    return top + Vector((0.15, -1.25, 0.1))


def _shares(frames: int) -> list[tuple[int, float]]:
    """Every frame to be keyed with how much of the animation has passed, 0 at the first and 1 at the last.

    A key on every frame moves evenly without touching the curves, whose API changed in Blender 4.4; one more
    beside either end, because the Vector pass looks one frame further than the range.
    """
    return [(frame, (frame - 1) / max(frames - 1, 1)) for frame in range(frames + 2)]


def _sails(hub: Vector, frames: int) -> None:
    """Four sails on one object that turns."""
    spar, cloth = (0.3, 2.9, -0.06, 0.06), (0.8, 2.8, 0.06, 0.62)
    corners = []
    for turn in (0, pi / 2, pi, 3 * pi / 2):
        for inner, outer, low, high in (spar, cloth):
            for along, across in ((inner, low), (outer, low), (outer, high), (inner, high)):
                x, z = along * cos(turn) - across * sin(turn), along * sin(turn) + across * cos(turn)
                corners.append((x, 0.0, z))
    faces = [(i, i + 1, i + 2, i + 3) for i in range(0, len(corners), 4)]
    canvas = paint.bricks("Canvas", 0.8, "f0dcb0", "fff8e4", "6a3420")
    sails = shapes.add("Sails", canvas, shapes.solid(corners, faces), hub)
    shapes.add("Hub", canvas, shapes.ball(0.22), hub)
    for frame, _ in _shares(frames):
        sails.rotation_euler.y = radians(20 + 4 * frame)
        sails.keyframe_insert("rotation_euler", index=1, frame=frame)


def _plants() -> None:
    bark = paint.rings("Bark", 2.5, "3a2018", "6a4028", "9a6a40", axis="Z")
    autumn = paint.cloudy("Autumn leaves", 1.1, "8a1f1a", "d8502a", "f79a2f", "ffd05a")
    summer = paint.cloudy("Summer leaves", 1.1, "14502f", "2f8a3f", "8fc04a", "d0d85a")
    plum = paint.cloudy("Plum leaves", 1.1, "4a1f5a", "8a2f6a", "d05a7a")
    trees = (
        (0.4, 6.5, 1.3, summer),
        (6.9, 4.4, 1.5, autumn),
        (-8.2, 7.0, 1.4, autumn),
        (-0.9, 8.8, 1.1, plum),
        (9.6, 8.5, 1.3, summer),
        (-4.6, -4.6, 1.0, autumn),
    )
    for i, (x, y, size, leaves) in enumerate(trees):
        foot = Vector((x, y, _ground(x, y) - 0.1))
        shapes.add("Trunk", bark, shapes.cone(9, 0.22 * size, 0.14 * size, 1.6 * size), foot)
        crown = foot + Vector((0, 0, 2.1 * size))
        shapes.add("Crown", leaves, shapes.ball(size, 1.05, 0.35, i * 7.0), crown, smooth=True)
    straw = paint.rings("Straw", 3.5, "a8741f", "e0a83a", "ffe08a", axis="Z")
    for x, y, turn in [(-1.4, -1.6, 70), (5.2, -2.6, 30), (-2.6, -0.6, 110)]:
        place = Vector((x, y, _ground(x, y) + 0.55))
        bale = shapes.add("Bale", straw, shapes.cone(24, 0.6, 0.6, 0.9), place)
        bale.rotation_euler = (radians(90), 0, radians(turn))


def _balloon(frames: int) -> None:
    """A balloon that drifts past in front of the windmill."""

    def envelope(shape: Any) -> None:
        shapes.ball(1.1, 1.1)(shape)
        for vertex in shape.verts:
            if vertex.co.z < 0:
                narrow = 1 - 0.45 * (vertex.co.z / 1.21) ** 2
                vertex.co = (vertex.co.x * narrow, vertex.co.y * narrow, vertex.co.z * 1.25)

    silk = paint.gores("Silk", 6, "e8372f", "ffd23f", "2a6fc0")
    balloon = shapes.add("Balloon", silk, envelope, smooth=True)
    wicker = paint.rings("Wicker", 6.0, "5a3018", "b07a3a", axis="Z")
    basket = shapes.add("Basket", wicker, shapes.box(0.5, 0.5, 0.4), Vector((0, 0, -1.95)))
    basket.parent = balloon
    travel = min(DRIFT_PER_FRAME * (frames - 1), LONGEST_DRIFT)
    for frame, share in _shares(frames):
        balloon.location = (-1.9 + travel * (share - 0.5), -0.5, 4.7 + 0.08 * travel * (share - 0.5))
        balloon.keyframe_insert("location", frame=frame)


def _camera(frames: int) -> None:
    """An orbit around the middle of the scene, at a walking pace."""
    lens = bpy.data.cameras.new("Camera")
    lens.lens = 31
    camera = bpy.data.objects.new("Camera", lens)
    scene = bpy.context.scene
    scene.collection.objects.link(camera)
    scene.camera = camera
    goal = Vector((0, 3, 2.75))
    sweep = min(ORBIT_PER_FRAME * (frames - 1), WIDEST_ORBIT)
    for frame, share in _shares(frames):
        turn = sweep * (share - 0.5)
        camera.location = goal + Vector((16 * sin(turn), -16 * cos(turn), 0.6))
        camera.rotation_euler = (goal - camera.location).to_track_quat("-Z", "Y").to_euler()
        camera.keyframe_insert("location", frame=frame)
        camera.keyframe_insert("rotation_euler", frame=frame)


if __name__ == "__main__":
    main(sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:])
    sys.stdout.flush()
    # A bpy process may hang in its exit handlers.
    os._exit(0)
