"""Switches the passes on that carry motion, depth and regions, for the time of one render."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import bpy

from ..compat.set_property import set_property_retrying


@dataclass
class TemporaryPasses:
    """The passes that were switched on, to be switched off again.

    A pass that is switched on in `render_init` is in the render that begins: seen on 4.5 and 5.2 in
    background, and on 4.3 in a window.
    """

    scene_name: str
    switched_on: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def turned_on(cls, scene: bpy.types.Scene, more: Sequence[str] = ()) -> TemporaryPasses:
        """Switches Vector and Z on for the layers that are rendered, and `more` of their properties.

        With motion blur Blender renders no vectors, and the pass is left as it is.
        """
        passes = cls(scene.name)
        wanted = ["use_pass_z"] if scene.render.use_motion_blur else ["use_pass_z", "use_pass_vector"]
        wanted += more
        for layer in scene.view_layers:
            for name in wanted:
                if layer.use and not getattr(layer, name):
                    set_property_retrying(layer, name, True)
                    passes.switched_on.append((layer.name, name))
        return passes

    def restore(self) -> None:
        """Switches off what `turned_on` had switched on."""
        scene = bpy.data.scenes.get(self.scene_name)
        for layer_name, name in self.switched_on:
            layer = scene.view_layers.get(layer_name) if scene is not None else None
            if layer is not None:
                set_property_retrying(layer, name, False)
