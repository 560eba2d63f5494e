"""Settings of a scene that are animated: which, and their values in a frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import bpy

from .schema import described_properties
from .setting_property import to_json

OwnSettings = Mapping[str, float]
"""Values of settings in one frame, as the protocol has them."""

_ENTRIES = {entry["name"]: entry for entry in described_properties() if entry.get("animatable", False)}
ANIMATABLE = frozenset(_ENTRIES)
"""The settings of which a frame may have a value of its own."""


def animated_settings(scene: bpy.types.Scene) -> tuple[str, ...]:
    """The settings that have keyframes or a driver, or are in a strip of the scene's Nonlinear Animation."""
    animation = scene.animation_data
    if animation is None:
        return ()
    actions = [animation.action, *(strip.action for track in animation.nla_tracks for strip in track.strips)]
    curves = [curve for action in actions if action is not None for curve in _curves(action)]
    paths = {curve.data_path for curve in (*curves, *animation.drivers)}
    return tuple(name for name in _ENTRIES if f"nst.{name}" in paths)


def own_settings(
    scene: bpy.types.Scene, names: Iterable[str], depsgraph: bpy.types.Depsgraph | None = None
) -> OwnSettings:
    """The values of settings in the frame at hand.

    Args:
        depsgraph: that has evaluated the frame, as a render's; without one the scene's own values are taken.
    """
    evaluated: Any = scene if depsgraph is None else scene.evaluated_get(depsgraph)
    return {name: to_json(_ENTRIES[name], getattr(evaluated.nst, name)) for name in names}


def own_settings_at(
    scene: bpy.types.Scene, names: tuple[str, ...], frames: Iterable[int]
) -> dict[int, OwnSettings]:
    """The values of settings in each of these frames; on the main thread, while nothing is rendered.

    The scene goes through the frames and back: drivers may read whatever moves in it.
    """
    if not names:
        return {}
    before, subframe = scene.frame_current, scene.frame_subframe
    found: dict[int, OwnSettings] = {}
    try:
        for frame in sorted(set(frames)):
            scene.frame_set(frame)
            found[frame] = own_settings(scene, names)
    finally:
        scene.frame_set(before, subframe=subframe)
    return found


def _curves(action: Any) -> Iterator[Any]:
    """The F-curves of an action, of all its slots; since 5.0 only the channel bags have them."""
    if not hasattr(action, "layers"):
        yield from action.fcurves
        return
    for layer in action.layers:
        for strip in layer.strips:
            for bag in strip.channelbags:
                yield from bag.fcurves
