"""Shows the styled frame in an Image Editor, while it is optimized and when it is done.

One image datablock is reused, and changed on the main thread alone. It is a picture on disk, so that the file
that is open gets nothing but its path. Divided, the rendered picture is drawn over a part of it, from a
datablock of its own (`ui.viewing.divider`).
"""

from __future__ import annotations

from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any

import bpy

from ...capture.frame import CaptureError, save_as_displayed
from ...output_folder import STYLED
from ...state import state_of
from ..session import RenderSession

IMAGE_NAME = "Neural Style"
RENDERED_NAME = ".Neural Style rendered"
"""Hidden from the user's lists by its dot; without a user it is not saved."""

DIVIDER = "nst_divider"
"""The window manager's property with the divider's place."""

_SCENE_LINEAR = (".exr", ".hdr")
"""Files that are shown through the scene's view transform; all others hold what a display shows."""
_COLOR_SPACES = {True: ("Linear Rec.709", "Linear"), False: ("sRGB",)}
"""Of these files' colors, by whether they are scene-linear; Blender's versions differ in the name."""


class Side(Enum):
    """What the preview shows."""

    STYLED = ("Styled", "The styled frame")
    RENDERED = ("Rendered", "The frame as it was rendered")
    DIVIDED = (
        "Divided",
        "The rendered frame on the left of a line, the styled one on its right; drag the line",
    )


class PreviewState:
    """The pictures of the frame that is shown, and the .blend that was open when it was made.

    `wanted` if the next picture takes the place of the Render Result, or of none, in the Image Editors.
    """

    def __init__(self) -> None:
        self.styled: Path | None = None
        self.rendered: Path | None = None
        self.blend = ""
        self.wanted = False
        self.divided: tuple[Path, int] | None = None
        """The rendered picture that `RENDERED_NAME` holds for the scene's display, and its file's time."""


def follow_new_session() -> None:
    """A session begins: its frames are shown from now on, as long as this file is open."""
    _begin()
    state_of(PreviewState).wanted = True


def show_of_look(styled: Path, rendered: Path) -> None:
    """Shows a picture of a quick look. On the main thread."""
    shown = state_of(PreviewState)
    if shown.rendered != rendered:
        _begin()
    shown.styled, shown.rendered = styled, rendered
    show(bpy.context.window_manager)


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
    image = _load(IMAGE_NAME, path)
    if side is Side.DIVIDED and shown.rendered is not None:
        _load_divided(shown.rendered)
    raised = False
    for editor, area, window in image_editors(window_manager):
        if shown.wanted and (editor.image is None or editor.image.type == "RENDER_RESULT"):
            editor.image = image
            raised = raised or window.screen.is_temporary
        if editor.image == image:
            area.tag_redraw()
    if raised:
        _raise_render_window(window_manager)
    shown.wanted = False


def open_preview(context: bpy.types.Context) -> bool:
    """Shows the preview in an image editor that is open, or in one that Blender opens as for a render.

    Returns:
        Whether an editor shows it now; otherwise it will, with the first picture.
    """
    state_of(PreviewState).wanted = True
    manager = context.window_manager
    if not any(_is_free(editor) for editor, _, _ in image_editors(manager)):
        _open_render_window(context)
    if state_of(PreviewState).styled is not None:
        show(manager)
    image = bpy.data.images.get(IMAGE_NAME)
    return image is not None and any(editor.image == image for editor, _, _ in image_editors(manager))


def available() -> bool:
    """Whether there is a picture to compare with the rendered one."""
    shown = state_of(PreviewState)
    return shown.styled is not None and shown.rendered is not None


def divided_image() -> bpy.types.Image | None:
    """The rendered picture, where the preview is divided and it is known."""
    shown = state_of(PreviewState)
    if bpy.context.window_manager.nst_preview_side != Side.DIVIDED.name or not available():
        return None
    image = bpy.data.images.get(RENDERED_NAME)
    return image if image is not None and shown.divided is not None else None


def image_editors(
    window_manager: bpy.types.WindowManager,
) -> list[tuple[Any, bpy.types.Area, bpy.types.Window]]:
    """Every open image editor, with its area and window."""
    return [
        (area.spaces.active, area, window)
        for window in window_manager.windows
        for area in window.screen.areas
        if area.type == "IMAGE_EDITOR"
    ]


def _begin() -> None:
    shown = state_of(PreviewState)
    shown.styled = shown.rendered = shown.divided = None
    shown.blend = bpy.data.filepath


def _load(name: str, path: Path) -> bpy.types.Image:
    """The datablock of this name with the picture in a file, as that is now."""
    image = bpy.data.images.get(name)
    if image is None or image.library is not None:
        image = bpy.data.images.load(str(path))
        image.name = name
    elif bpy.path.abspath(image.filepath) != str(path):
        image.filepath = str(path)  # this reads the file too
    else:
        image.reload()
    _interpret(image, scene_linear=path.suffix.lower() in _SCENE_LINEAR)
    return image


def _interpret(image: bpy.types.Image, *, scene_linear: bool) -> None:
    """Has the picture shown as its file means it: one datablock holds files of both kinds, in turns."""
    if image.use_view_as_render != scene_linear:
        image.use_view_as_render = scene_linear
    names = _COLOR_SPACES[scene_linear]
    if image.colorspace_settings.name not in names:
        for name in names:
            with suppress(TypeError):  # not one of this Blender's color spaces
                image.colorspace_settings.name = name
                return


def _load_divided(rendered: Path) -> None:
    """Loads the rendered picture as the scene's display shows it, to be drawn over the styled one."""
    shown, path = state_of(PreviewState), rendered
    try:
        version = rendered, rendered.stat().st_mtime_ns
        if version == shown.divided:
            return
        if rendered.suffix.lower() in _SCENE_LINEAR:
            path = Path(bpy.app.tempdir) / "nst_rendered.png"
            save_as_displayed(bpy.context.scene, _load(RENDERED_NAME, rendered).name, path)
        _load(RENDERED_NAME, path)
        shown.divided = version
    except (OSError, CaptureError):
        shown.divided = None


def _open_render_window(context: bpy.types.Context) -> None:
    """Opens an Image Editor as a render does; in a window where renders leave the interface as it is."""
    view = context.preferences.view
    display = view.render_display_type
    try:
        if display == "NONE":
            view.render_display_type = "WINDOW"
        bpy.ops.render.view_show("INVOKE_DEFAULT")
    finally:
        if view.render_display_type != display:
            view.render_display_type = display


def _raise_render_window(window_manager: bpy.types.WindowManager) -> None:
    """Brings the window that a render has opened before the others."""
    main = next((each for each in window_manager.windows if not each.screen.is_temporary), None)
    if main is not None:
        with bpy.context.temp_override(window=main), suppress(RuntimeError):
            # From a window that is no render's, Blender raises the one that is.
            bpy.ops.render.view_show("INVOKE_DEFAULT")


def _is_free(editor: Any) -> bool:
    image = editor.image
    return image is None or image.type == "RENDER_RESULT" or image.name == IMAGE_NAME


def register() -> None:
    """Adds the switch between the sides and the divider's place, which belong to no file."""
    bpy.types.WindowManager.nst_preview_side = bpy.props.EnumProperty(
        name="Preview",
        description="Compare the styled frame with the rendered one",
        items=[(each.name, *each.value) for each in Side],
        update=lambda self, _context: show(self),
        options={"SKIP_SAVE"},
    )
    divider = bpy.props.FloatProperty(
        name="Divider",
        description="Where the line between the rendered and the styled frame is, from left to right",
        default=0.5,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        update=lambda self, _context: _draw_again(self),
        options={"SKIP_SAVE"},
    )
    setattr(bpy.types.WindowManager, DIVIDER, divider)


def _draw_again(window_manager: bpy.types.WindowManager) -> None:
    for _, area, _ in image_editors(window_manager):
        area.tag_redraw()


def unregister() -> None:
    """Removes them."""
    delattr(bpy.types.WindowManager, DIVIDER)
    del bpy.types.WindowManager.nst_preview_side
