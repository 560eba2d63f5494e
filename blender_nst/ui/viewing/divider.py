"""The line between the rendered and the styled picture in the Image Editor, which the mouse moves.

Blender draws the styled picture; the part of the rendered one is drawn over it, and the line is a gizmo.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import bpy
import gpu
from gpu_extras.batch import batch_for_shader

from ...session.viewing.preview import IMAGE_NAME, divided_image
from ...state import state_of

REACH = 8.0
"""Pixels beside the line, at an interface scale of 1, within which the mouse takes it."""

_LINE = (1.0, 1.0, 1.0, 0.9)
_TAKEN = (1.0, 0.65, 0.2, 1.0)
_EDGE = (0.0, 0.0, 0.0, 0.5)
_GRIP = 5.0
"""Half the width of the line's grip, in pixels at an interface scale of 1."""


class Box(NamedTuple):
    """Where the picture is in a region, in pixels from its lower left corner."""

    left: float
    bottom: float
    right: float
    top: float

    def at(self, share: float) -> float:
        """The x of a share of the width."""
        return self.left + share * (self.right - self.left)


class DividerState:
    """The handler that Blender has been given, and what the mouse does with the line.

    Attributes:
        taken: it is at the line that is drawn next.
        dragged: it moves the line, in which time Blender draws no gizmo.
    """

    def __init__(self) -> None:
        self.handle: Any = None
        self.taken = self.dragged = False


class NST_GT_divider(bpy.types.Gizmo):
    """The line itself."""

    bl_idname = "NST_GT_divider"
    __slots__ = ("before",)

    def setup(self) -> None:
        """Nothing was dragged."""
        self.before = 0.5

    def draw(self, _context: bpy.types.Context) -> None:
        """Draws nothing: gizmos are drawn before the picture that covers them, see `draw_divided`."""
        state_of(DividerState).taken = bool(self.is_highlight)

    def test_select(self, context: bpy.types.Context, location: Any) -> int:
        """Whether the mouse is at the line: 0, or -1 if not."""
        box = picture_box(context.region)
        reach = REACH * context.preferences.system.ui_scale
        beside = abs(location[0] - box.at(context.window_manager.nst_divider))
        return 0 if beside <= reach and box.bottom <= location[1] <= box.top else -1

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """The mouse takes the line."""
        self.before = context.window_manager.nst_divider
        state_of(DividerState).dragged = True
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event, _tweak: set[str]) -> set[str]:
        """The line follows the mouse."""
        box = picture_box(context.region)
        share = (event.mouse_region_x - box.left) / max(1.0, box.right - box.left)
        context.window_manager.nst_divider = min(max(share, 0.0), 1.0)
        return {"RUNNING_MODAL"}

    def exit(self, context: bpy.types.Context, cancel: bool) -> None:
        """The line stays, or goes back where the drag was cancelled."""
        state_of(DividerState).dragged = False
        if cancel:
            context.window_manager.nst_divider = self.before
        if context.area is not None:
            context.area.tag_redraw()  # the line is not taken any more, and the mouse may be elsewhere


class NST_GGT_divider(bpy.types.GizmoGroup):
    """Shows the line where the preview is divided."""

    bl_idname = "NST_GGT_divider"
    bl_label = "Neural Style Divider"
    bl_space_type = "IMAGE_EDITOR"
    bl_region_type = "WINDOW"
    bl_options = {"PERSISTENT", "SHOW_MODAL_ALL"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only in an editor that shows a divided preview."""
        return _divided_in(context.space_data) is not None

    def setup(self, context: bpy.types.Context) -> None:
        """Makes the line."""
        self.gizmos.new(NST_GT_divider.bl_idname)


def picture_box(region: bpy.types.Region) -> Box:
    """Where the editor's picture is in its region."""
    view = region.view2d
    return Box(*view.view_to_region(0.0, 0.0, clip=False), *view.view_to_region(1.0, 1.0, clip=False))


def draw_divided() -> None:
    """Draws the rendered picture's part over the styled one. Called by Blender for each Image Editor."""
    context = bpy.context
    image = _divided_in(context.space_data)
    if image is None:
        return
    box, share = picture_box(context.region), context.window_manager.nst_divider
    part = box._replace(right=box.at(share))
    if image.depth in (32, 64, 128):
        # Of what is transparent nothing of the styled picture may be seen.
        _rectangle(part, (*context.preferences.themes[0].user_interface.transparent_checker_primary, 1.0))
    shader = _picture_shader()
    batch = batch_for_shader(
        shader,
        "TRI_STRIP",
        {"pos": _corners(part), "texCoord": ((0.0, 0.0), (share, 0.0), (0.0, 1.0), (share, 1.0))},
    )
    gpu.state.blend_set("ALPHA" if image.alpha_mode == "STRAIGHT" else "ALPHA_PREMULT")
    shader.bind()
    shader.uniform_sampler("image", gpu.texture.from_image(image))
    batch.draw(shader)
    _draw_line(box, box.at(share), context.preferences.system.ui_scale)


def _draw_line(box: Box, x: float, scale: float) -> None:
    """Draws the line, and a grip in its middle."""
    middle, grip = 0.5 * (box.bottom + box.top), _GRIP * scale
    divider = state_of(DividerState)
    color = _TAKEN if divider.taken or divider.dragged else _LINE
    # Another editor has a line of its own, and one without gizmos is never taken.
    divider.taken = False
    gpu.state.blend_set("ALPHA")
    _rectangle(Box(x - 1.5 * scale, box.bottom, x + 1.5 * scale, box.top), _EDGE)
    _rectangle(Box(x - 0.5 * scale, box.bottom, x + 0.5 * scale, box.top), color)
    _rectangle(Box(x - grip, middle - 3.0 * grip, x + grip, middle + 3.0 * grip), color)
    gpu.state.blend_set("NONE")


def _divided_in(space: Any) -> bpy.types.Image | None:
    """The rendered picture to be drawn in an Image Editor; None where that shows no divided preview."""
    shown = getattr(space, "image", None)
    return divided_image() if shown is not None and shown.name == IMAGE_NAME else None


def _picture_shader() -> gpu.types.GPUShader:
    """What draws a scene-linear texture, as an image's is, where Blender's interface is drawn."""
    try:
        return gpu.shader.from_builtin("IMAGE_SCENE_LINEAR_TO_REC709_SRGB")
    except ValueError:
        return gpu.shader.from_builtin("IMAGE")  # before Blender 5.0 what it is drawn into converts


def _rectangle(box: Box, color: tuple[float, ...]) -> None:
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    batch = batch_for_shader(shader, "TRI_STRIP", {"pos": _corners(box)})
    shader.bind()
    shader.uniform_float("color", color)
    batch.draw(shader)


def _corners(box: Box) -> tuple[tuple[float, float], ...]:
    """Of two triangles beside each other."""
    return (box.left, box.bottom), (box.right, box.bottom), (box.left, box.top), (box.right, box.top)


_register, _unregister = bpy.utils.register_classes_factory((NST_GT_divider, NST_GGT_divider))


def register() -> None:
    """Registers the gizmo, and hooks the drawing where there is a window."""
    _register()
    if not bpy.app.background:
        state_of(DividerState).handle = bpy.types.SpaceImageEditor.draw_handler_add(
            draw_divided, (), "WINDOW", "POST_PIXEL"
        )


def unregister() -> None:
    """Takes both back."""
    handler = state_of(DividerState)
    if handler.handle is not None:
        bpy.types.SpaceImageEditor.draw_handler_remove(handler.handle, "WINDOW")
        handler.handle = None
    _unregister()
