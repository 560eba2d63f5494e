"""Enables the render passes that carry motion, depth and regions, for the time of one render."""

from __future__ import annotations

from collections.abc import Sequence

import bpy

from ..compat.set_property import set_property_retrying


class TemporaryPasses:
    """Passes of a scene's view layers: `enable` them when its render begins, `restore` them when it ends.

    The two are called from two render handlers, so that no `with` block can hold them. A pass that is enabled
    in `render_init` is in the render that begins: seen on 4.5 and 5.2 in background, and on 4.3 in a window.
    """

    def __init__(self, scene: bpy.types.Scene, more: Sequence[str] = ()) -> None:
        """Vector and Z are wanted, and `more` properties of view layers.

        With motion blur Blender renders no vectors, and that pass is left as it is.
        """
        # By name: the scene may be gone when the render ends.
        self._scene_name = scene.name
        self._wanted = ["use_pass_z", *([] if scene.render.use_motion_blur else ["use_pass_vector"]), *more]
        self._enabled: list[tuple[str, str]] = []

    def enable(self) -> None:
        """Enables what is wanted and is not enabled, in the view layers that are rendered."""
        scene = bpy.data.scenes.get(self._scene_name)
        for layer in scene.view_layers if scene is not None else ():
            for name in self._wanted:
                if layer.use and not getattr(layer, name):
                    set_property_retrying(layer, name, True)
                    self._enabled.append((layer.name, name))

    def restore(self) -> None:
        """Disables what `enable` has enabled."""
        scene = bpy.data.scenes.get(self._scene_name)
        while self._enabled:
            layer_name, name = self._enabled.pop()
            layer = scene.view_layers.get(layer_name) if scene is not None else None
            if layer is not None:
                set_property_retrying(layer, name, False)
