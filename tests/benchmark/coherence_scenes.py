"""Scenes of `coherence.py` and `eye.py`; runs inside Blender, with -- SCENE OUT.blend FRAMES WIDTH HEIGHT."""

from __future__ import annotations

import os
import sys
from math import cos, pi, radians, sin
from typing import Any

import bpy

ORBIT, PAN = radians(1.5), radians(3.0)
"""The camera's turn in a frame."""


def build(name: str, frames: int, width: int, height: int) -> None:
    """Replaces what is open by one of the scenes."""
    data = bpy.data
    data.batch_remove([*data.objects, *data.meshes, *data.materials, *data.cameras, *data.lights])
    scene = bpy.context.scene
    _set_up(scene, frames, width, height)
    _stage()
    SCENES[name](scene, frames)


def orbit(scene: Any, frames: int) -> None:
    """A camera goes around things that hide each other, past a pole that is close to it."""
    _things()
    _solid("pole", "cylinder", (0.5, -4.6, 1.0), (0.12, 0.12, 1.6), (0.2, 0.5, 0.3))
    camera = _camera(scene, "Camera")
    for frame in range(frames + 2):
        angle = -pi / 2 + ORBIT * (frame - frames / 2)
        camera.location = 7.0 * cos(angle), 7.0 * sin(angle), 2.4
        camera.rotation_euler = radians(77), 0.0, angle + pi / 2
        _key(camera, frame)


def shadow(scene: Any, frames: int) -> None:
    """Nothing that is seen moves; the shadow of something unseen does."""
    _things()
    _still_camera(scene)
    unseen = _solid("unseen", "sphere", (0.0, 0.0, 4.0), (0.9, 0.9, 0.9), (0.5, 0.5, 0.5))
    unseen.visible_camera = False
    for frame in range(frames + 2):
        # The sun throws the shadow 0.85 to the left and 3.2 away from the camera, in front of the things.
        unseen.location = -1.7 + 0.35 * frame, -5.4, 4.0
        _key(unseen, frame)


def still(scene: Any, frames: int) -> None:
    """A still camera, and one thing that moves before a still ground."""
    _things()
    _still_camera(scene)
    runner = _solid("runner", "cube", (0.0, -2.4, 0.5), (0.45, 0.45, 0.45), (0.9, 0.75, 0.2))
    for frame in range(frames + 2):
        runner.location = -1.8 + 0.3 * frame, -2.4, 0.46
        runner.rotation_euler = 0.0, 0.0, 0.1 * frame
        _key(runner, frame)


def cut(scene: Any, frames: int) -> None:
    """The orbit, and in its middle a cut to another camera, by a marker."""
    orbit(scene, frames)
    first = scene.camera
    second = _camera(scene, "Second camera")
    for frame in range(frames + 2):
        second.location = 5.0 - 0.1 * frame, 3.5, 1.6
        second.rotation_euler = radians(82), 0.0, radians(125)
        _key(second, frame)
    for frame, camera in ((1, first), (frames // 2 + 1, second)):
        scene.timeline_markers.new(camera.name, frame=frame).camera = camera


def pan(scene: Any, frames: int) -> None:
    """A camera on a tripod that turns fast."""
    _things()
    camera = _camera(scene, "Camera")
    for frame in range(frames + 2):
        camera.location = 0.0, -7.0, 2.0
        camera.rotation_euler = radians(82), 0.0, PAN * (frame - frames / 2)
        _key(camera, frame)


def fade(scene: Any, frames: int) -> None:
    """The camera goes around slowly, while sun and sky fade to black."""
    _things()
    camera = _camera(scene, "Camera")
    sun, background = bpy.data.lights["Sun"], scene.world.node_tree.nodes["Background"]
    strength, energy = background.inputs["Strength"], sun.energy
    bright = strength.default_value
    for frame in range(frames + 2):
        angle = -pi / 2 + ORBIT * (frame - frames / 2) / 4
        camera.location = 7.0 * cos(angle), 7.0 * sin(angle), 2.4
        camera.rotation_euler = radians(77), 0.0, angle + pi / 2
        _key(camera, frame)
        light = max(0.0, 1.0 - (frame - 1) / (frames - 1)) ** 2
        sun.energy, strength.default_value = energy * light, bright * light
        sun.keyframe_insert("energy", frame=frame)
        strength.keyframe_insert("default_value", frame=frame)


def foliage(scene: Any, frames: int) -> None:
    """A bush of blades, each in a wind of its own, before a still ground; the camera goes past."""
    _things()
    data = bpy.data.meshes.new("blade")
    data.from_pydata([(-0.05, 0, 0), (0.05, 0, 0), (0.03, 0, 0.8), (0, 0, 1.1)], [], [(0, 1, 2, 3)])
    data.materials.append(_mottled("blade", (0.2, 0.6, 0.12), 4.0))
    for index in range(220):
        blade = bpy.data.objects.new(f"blade {index}", data)
        scene.collection.objects.link(blade)
        # Places and sizes that follow no pattern: multiples of the golden ratio.
        around, far = 2.399963 * index, 0.075 * index**0.5
        blade.location = -0.3 + 1.6 * far * cos(around), -2.9 + far * sin(around), 0.0
        blade.scale = (1.0, 1.0, 0.7 + 0.5 * (0.618034 * index % 1.0))
        for frame in range(frames + 2):
            sway = 0.12 * sin(0.55 * frame + 1.7 * index)
            blade.rotation_euler = sway, 0.25 * cos(around) + sway, around
            _key(blade, frame)
    camera = _camera(scene, "Camera")
    for frame in range(frames + 2):
        camera.location = 0.03 * (frame - frames / 2), -6.0, 1.7
        camera.rotation_euler = radians(80), 0.0, 0.0
        _key(camera, frame)


SCENES = {each.__name__: each for each in (orbit, shadow, still, cut, pan, fade, foliage)}


def _set_up(scene: Any, frames: int, width: int, height: int) -> None:
    scene.frame_start, scene.frame_end = 1, frames
    render, cycles = scene.render, scene.cycles
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y, render.resolution_percentage = width, height, 100
    cycles.device, cycles.samples, cycles.seed = "CPU", 24, 1
    cycles.use_adaptive_sampling = False
    try:
        cycles.denoiser = "OPENIMAGEDENOISE"
        cycles.use_denoising = True
    except TypeError:
        # Distributions build Blender without OpenImageDenoise: the enum item is missing there.
        cycles.use_denoising = False
    cycles.max_bounces = 2
    scene.view_settings.view_transform = "Standard"
    scene.world = bpy.data.worlds.new("World")
    if bpy.app.version < (5, 0):
        scene.world.use_nodes = True
    background = scene.world.node_tree.nodes["Background"]
    background.inputs["Color"].default_value = (0.5, 0.65, 0.95, 1.0)
    background.inputs["Strength"].default_value = 0.7


def _stage() -> None:
    lamp = bpy.data.lights.new("Sun", "SUN")
    lamp.energy, lamp.angle = 3.5, radians(2.0)
    sun = bpy.data.objects.new("Sun", lamp)
    sun.rotation_euler = radians(38), radians(12), 0.0
    bpy.context.scene.collection.objects.link(sun)
    _solid("floor", "cube", (0.0, 0.0, -0.5), (30.0, 30.0, 0.5), (0.45, 0.55, 0.25), scale=0.7)
    for index in range(10):
        angle = 2 * pi * index / 10
        color = (0.5 + 0.4 * sin(angle), 0.4, 0.5 - 0.3 * sin(angle))
        place = (12.0 * cos(angle), 12.0 * sin(angle), 1.5)
        _solid(f"hill {index}", "sphere", place, (3.0, 3.0, 2.0 + sin(3 * angle)), color, scale=1.5)


def _things() -> None:
    _solid("red cube", "cube", (-1.3, 0.3, 0.8), (0.8, 0.8, 0.8), (0.8, 0.2, 0.12))
    _solid("blue ball", "sphere", (0.9, -0.6, 0.8), (0.8, 0.8, 0.8), (0.15, 0.3, 0.75))
    _solid("yellow column", "cylinder", (0.4, 2.2, 1.2), (0.5, 0.5, 1.2), (0.85, 0.7, 0.15))


def _solid(
    name: str,
    kind: str,
    place: tuple[float, float, float],
    size: tuple[float, float, float],
    color: tuple[float, float, float],
    *,
    scale: float = 3.0,
) -> Any:
    """A primitive, two units across before its size, in a mottled color."""
    if kind == "cube":
        bpy.ops.mesh.primitive_cube_add(location=place)
    elif kind == "sphere":
        bpy.ops.mesh.primitive_uv_sphere_add(location=place, segments=48, ring_count=24)
    else:
        bpy.ops.mesh.primitive_cylinder_add(location=place, vertices=48)
    made = bpy.context.object
    made.name, made.scale = name, size
    made.data.materials.append(_mottled(name, color, scale))
    return made


def _mottled(name: str, color: tuple[float, float, float], scale: float) -> Any:
    material = bpy.data.materials.new(name)
    if bpy.app.version < (5, 0):
        material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    noise, ramp = nodes.new("ShaderNodeTexNoise"), nodes.new("ShaderNodeValToRGB")
    noise.inputs["Scale"].default_value, noise.inputs["Detail"].default_value = scale, 4.0
    ramp.color_ramp.elements[0].position, ramp.color_ramp.elements[1].position = 0.35, 0.65
    ramp.color_ramp.elements[0].color = (*(0.35 * each for each in color), 1.0)
    ramp.color_ramp.elements[1].color = (*color, 1.0)
    coordinates = nodes.new("ShaderNodeTexCoord")
    links.new(coordinates.outputs["Object"], noise.inputs["Vector"])
    links.new(noise.outputs[0], ramp.inputs[0])
    links.new(ramp.outputs[0], nodes["Principled BSDF"].inputs["Base Color"])
    nodes["Principled BSDF"].inputs["Roughness"].default_value = 0.9
    return material


def _camera(scene: Any, name: str) -> Any:
    lens = bpy.data.cameras.new(name)
    lens.lens = 35.0
    camera = bpy.data.objects.new(name, lens)
    scene.collection.objects.link(camera)
    scene.camera = camera
    return camera


def _still_camera(scene: Any) -> None:
    camera = _camera(scene, "Camera")
    camera.location = 0.0, -7.0, 2.6
    camera.rotation_euler = radians(76), 0.0, 0.0


def _key(thing: Any, frame: int) -> None:
    thing.keyframe_insert("location", frame=frame)
    thing.keyframe_insert("rotation_euler", frame=frame)


if __name__ == "__main__":
    name, out, frames, width, height = sys.argv[sys.argv.index("--") + 1 :]
    build(name, int(frames), int(width), int(height))
    bpy.ops.wm.save_as_mainfile(filepath=out)
    sys.stdout.flush()
    os._exit(0)
