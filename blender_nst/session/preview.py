"""Shows the styled frame in an Image Editor, while it is optimized and when it is done.

One image datablock is reused, and changed on the main thread alone. It is a picture on disk, so that the file
that is open gets nothing but its path.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any

import bpy

from ..output_folder import STYLED
from ..state import state_of
from .session import RenderSession

IMAGE_NAME = "Neural Style"


class Side(Enum):
    """What the preview shows."""

    STYLED = ("Styled", "The styled frame")
    RENDERED = ("Rendered", "The frame as it was rendered")


class PreviewState:
    """The pictures of the frame that is shown, and the .blend that was open when it was made."""

    def __init__(self) -> None:
        self.styled: Path | None = None
        self.rendered: Path | None = None
        self.blend = ""
        self.wanted = False


def follow_new_session() -> None:
    """A session begins: its frames are shown from now on, as long as this file is open."""
    shown = state_of(PreviewState)
    shown.styled = shown.rendered = None
    shown.blend = bpy.data.filepath


def update(session: RenderSession) -> None:
    """Shows the latest picture of a session in the preview. On the main thread."""
    engine, shown = session.engine_state, state_of(PreviewState)
    if engine.previewed is None or shown.blend != bpy.data.filepath:
        return
    shown.styled = engine.previewed
    number = engine.progress.frame if engine.progress is not None else None
    if engine.done and engine.previewed.name.startswith(STYLED):
        number = engine.done[-1]
    # A movie's picture has no file of its own.
    matching = [
        each.content for each in session.captured if each.frame == number and each.movie_frame is None
    ]
    shown.rendered = matching[0] if matching else None
    show(bpy.context.window_manager)


def show(window_manager: bpy.types.WindowManager) -> None:
    """Puts the chosen side into the image, and draws the editors that show it."""
    side, shown = Side[window_manager.nst_preview_side], state_of(PreviewState)
    path = shown.rendered if side is Side.RENDERED else shown.styled
    if path is None or not path.is_file():
        return
    image = bpy.data.images.get(IMAGE_NAME)
    if image is None or image.library is not None:
        image = bpy.data.images.load(str(path))
        image.name = IMAGE_NAME
    elif bpy.path.abspath(image.filepath) != str(path):
        image.filepath = str(path)  # this reads the file too
    else:
        image.reload()
    for editor, area in image_editors(window_manager):
        if shown.wanted and (editor.image is None or editor.image.type == "RENDER_RESULT"):
            editor.image = image
        if editor.image == image:
            area.tag_redraw()


def open_preview(context: bpy.types.Context) -> bool:
    """Shows the preview in an image editor that is open, or in one that Blender opens as for a render.

    Returns:
        Whether an editor shows it now; otherwise it will, with the first picture.
    """
    state_of(PreviewState).wanted = True
    manager = context.window_manager
    if not any(_is_free(editor) for editor, _ in image_editors(manager)):
        bpy.ops.render.view_show("INVOKE_DEFAULT")
    show(manager)
    image = bpy.data.images.get(IMAGE_NAME)
    return image is not None and any(editor.image == image for editor, _ in image_editors(manager))


def available() -> bool:
    """Whether there is a picture to compare with the rendered one."""
    shown = state_of(PreviewState)
    return shown.styled is not None and shown.rendered is not None


def image_editors(window_manager: bpy.types.WindowManager) -> list[tuple[Any, bpy.types.Area]]:
    """Every open image editor, with its area."""
    return [
        (area.spaces.active, area)
        for window in window_manager.windows
        for area in window.screen.areas
        if area.type == "IMAGE_EDITOR"
    ]


def _is_free(editor: Any) -> bool:
    image = editor.image
    return image is None or image.type == "RENDER_RESULT" or image.name == IMAGE_NAME


def register() -> None:
    """Adds the switch between the two sides, which belongs to the window and to no file."""
    bpy.types.WindowManager.nst_preview_side = bpy.props.EnumProperty(
        name="Preview",
        description="Compare the styled frame with the rendered one",
        items=[(each.name, *each.value) for each in Side],
        update=lambda self, _context: show(self),
        options={"SKIP_SAVE"},
    )


def unregister() -> None:
    """Removes it."""
    del bpy.types.WindowManager.nst_preview_side
