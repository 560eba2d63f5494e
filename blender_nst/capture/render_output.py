"""Where a render's own files go, for the time of a render of which only the captured frames count."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..compat.compositor_trees import tree_of


def write_into(scene: bpy.types.Scene, scratch: Path) -> None:
    """Leads everything that the render itself would write away from the user's files.

    Blender always writes an animation's frames. Those go to a scratch folder, quickly; the captured ones are
    the frames that count. File Output nodes are muted, in every scene and node group.
    """
    render = scene.render
    render.filepath = str(scratch / "frame_####")
    render.use_file_extension = True
    render.use_overwrite = True  # Blender calls no handler for a frame that it skips
    render.use_placeholder = False
    if hasattr(render.image_settings, "media_type"):
        render.image_settings.media_type = "IMAGE"
    render.image_settings.file_format = "JPEG"
    trees = [tree for each in bpy.data.scenes if (tree := tree_of(each)) is not None]
    for tree in [*trees, *bpy.data.node_groups]:
        for node in tree.nodes:
            if node.bl_idname == "CompositorNodeOutputFile":
                node.mute = True
