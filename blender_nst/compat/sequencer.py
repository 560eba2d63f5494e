"""Whether a scene's frames come from its sequencer, in every supported Blender."""

from __future__ import annotations

import bpy


def uses_sequencer(scene: bpy.types.Scene) -> bool:
    """Whether the scene's sequencer makes its frames, which then need no camera."""
    editor = scene.sequence_editor
    if editor is None or not scene.render.use_sequencer:
        return False
    # 5.0 renamed sequences to strips.
    return len(editor.strips if hasattr(editor, "strips") else editor.sequences) > 0
