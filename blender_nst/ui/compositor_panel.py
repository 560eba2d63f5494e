"""The panel of the compositor: the node, the second pass, and the operator that runs it in the window."""

# pyright: reportInvalidTypeForm=false
# No `from __future__ import annotations`: Blender reads the annotations as objects.
from pathlib import Path

import bpy
from bpy.app.handlers import persistent
from bpy.app.translations import pgettext_rpt

from ..compat.compositor_trees import tree_of
from ..compat.operator_button import draw_operator, with_gray_ones
from ..compat.poll_reason import allowed
from ..compat.set_property import set_property_retrying
from ..compat.user_report import report
from ..compositing.node import NST_OT_add_to_compositor
from ..compositing.second_pass import (
    CompositeError,
    CompositePass,
    is_composited_already,
    styled_frames,
)
from ..handlers import current_session
from ..output_folder import COMPOSITED
from ..session.session import State
from ..state import state_of
from .panel_base import MAIN_PANEL, RenderPanel

_TWICE = (
    "The frames had been through the compositor before they were stylized, and have its effects twice; switch"
    " Stylize Before Compositor on and render again"
)


class CompositorState:
    """What the second pass and the render have changed for a while."""

    def __init__(self) -> None:
        self.compositing = False
        """Whether the second pass runs in the window."""
        self.switched_off: list[str] = []
        """The scenes whose compositor is off for the render that goes on."""


class NSTCompositing(bpy.types.PropertyGroup):
    """`Scene.nst_compositing`: how the styled frames and the scene's compositor go together."""

    before: bpy.props.BoolProperty(
        name="Stylize Before Compositor",
        description="Animation renders that are stylized leave the compositor out, so that its tree can run"
        " over the styled frames afterwards, with Composite Styled Frames",
        default=False,
        options=set(),
    )


class NST_OT_composite(bpy.types.Operator):
    """Run the scene's compositor over the styled frames, without rendering the scene again"""

    bl_idname = "nst.composite"
    bl_label = "Composite Styled Frames"
    bl_options = {"REGISTER"}  # noqa: RUF012

    _pass: CompositePass | None = None
    _timer: bpy.types.Timer | None = None
    _waiting: list[int]
    _done: int

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Where there is a compositor tree, and nothing is being rendered or composited."""
        session, reason = current_session(), ""
        if session is not None and session.state is State.RENDERING:
            reason = "A render is going on"
        elif context.scene is None or tree_of(context.scene) is None:
            reason = "The scene has no compositor tree"
        elif state_of(CompositorState).compositing:
            reason = "Styled frames are being composited"
        return allowed(cls, reason)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Composites a frame at each tick of a timer, so that Escape is heard in between."""
        if not self._begin(context):
            return {"CANCELLED"}
        manager = context.window_manager
        self._timer = manager.event_timer_add(0.01, window=context.window)
        manager.progress_begin(0, len(self._waiting))
        manager.modal_handler_add(self)
        self._tell(context)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Composites all frames at once, for scripts."""
        if not self._begin(context):
            return {"CANCELLED"}
        try:
            while self._waiting:
                self._composite_next()
        except CompositeError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        finally:
            self._end()
        self._report_end()
        return {"FINISHED"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """One frame for each tick; Escape keeps what is done."""
        if event.type == "ESC":
            text = pgettext_rpt("Cancelled; {} composited frames are kept")
            self.report({"INFO"}, text.format(self._done))
            self._leave(context)
            return {"CANCELLED"}
        if event.type != "TIMER":
            return {"RUNNING_MODAL"}  # nothing may change the scene under the pass's hands
        try:
            self._composite_next()
        except (CompositeError, ReferenceError) as error:
            report(self, "ERROR", str(error))
            self._leave(context)
            return {"CANCELLED"}
        if self._waiting:
            self._tell(context)
            return {"RUNNING_MODAL"}
        self._leave(context)
        self._report_end()
        return {"FINISHED"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator: another file is opened, or the window closes."""
        self._leave(context)

    def _begin(self, context: bpy.types.Context) -> bool:
        scene = context.scene
        path = scene.nst.output_path
        if not path or (path.startswith("//") and not bpy.data.filepath):
            text = "The output folder is not chosen, or beside a .blend that is not saved"
            self.report({"ERROR"}, pgettext_rpt(text))
            return False
        self._output = Path(bpy.path.abspath(path))
        try:
            self._waiting = styled_frames(scene, self._output)
            self._pass = CompositePass(scene, self._output, self._waiting[0])
        except CompositeError as error:
            report(self, "ERROR", str(error))
            return False
        state_of(CompositorState).compositing = True
        self._twice = is_composited_already(self._output, self._waiting[0])
        self._done = 0
        self._missing = len(range(scene.frame_start, scene.frame_end + 1, scene.frame_step)) - len(
            self._waiting
        )
        return True

    def _composite_next(self) -> None:
        if self._pass is not None:
            self._pass.composite(self._waiting[0])
            del self._waiting[0]
            self._done += 1

    def _tell(self, context: bpy.types.Context) -> None:
        total = self._done + len(self._waiting)
        context.window_manager.progress_update(self._done)
        context.workspace.status_text_set(
            pgettext_rpt("Compositing styled frame {}, {} of {} · Esc: stop").format(
                self._waiting[0], self._done + 1, total
            )
        )

    def _report_end(self) -> None:
        folder = self._output / COMPOSITED
        report(self, "INFO", pgettext_rpt("{} frames composited into {}").format(self._done, folder))
        if self._missing:
            report(self, "INFO", pgettext_rpt("{} frames are not styled").format(self._missing))
        if self._twice:
            self.report({"WARNING"}, pgettext_rpt(_TWICE))

    def _leave(self, context: bpy.types.Context) -> None:
        manager = context.window_manager
        if self._timer is not None:
            manager.event_timer_remove(self._timer)
            self._timer = None
            manager.progress_end()
            if context.workspace is not None:
                context.workspace.status_text_set(None)
        self._end()

    def _end(self) -> None:
        state_of(CompositorState).compositing = False
        if self._pass is not None:
            self._pass.remove()
            self._pass = None


class RENDER_PT_nst_compositor(RenderPanel, bpy.types.Panel):
    """Styled frames in the scene's compositor."""

    bl_label = "Compositor"
    bl_parent_id = MAIN_PANEL

    def draw(self, context: bpy.types.Context) -> None:
        """Draws the two ways: styled frames in the tree, and the tree over styled frames."""
        layout = self.layout
        layout.operator(NST_OT_add_to_compositor.bl_idname, icon="NODETREE")
        layout.separator()
        layout.prop(context.scene.nst_compositing, "before")
        draw_operator(layout, context, NST_OT_composite, icon="RENDER_ANIMATION")


@persistent
def on_render_init(scene: bpy.types.Scene, _depsgraph: object = None) -> None:
    """Leaves the compositor out of a render that is stylized before it."""
    if scene.nst.enabled and scene.nst_compositing.before and scene.render.use_compositing:
        set_property_retrying(scene.render, "use_compositing", False)
        state_of(CompositorState).switched_off.append(scene.name)


@persistent
def on_render_end(_scene: bpy.types.Scene, _depsgraph: object = None) -> None:
    """The compositor is as it was."""
    switched_off = state_of(CompositorState).switched_off
    while switched_off:
        scene = bpy.data.scenes.get(switched_off.pop())
        if scene is not None:
            set_property_retrying(scene.render, "use_compositing", True)


_CLASSES = (NSTCompositing, *with_gray_ones((NST_OT_composite,)), RENDER_PT_nst_compositor)
_HANDLERS = (
    ("render_init", on_render_init),
    ("render_complete", on_render_end),
    ("render_cancel", on_render_end),
)


_register, _unregister = bpy.utils.register_classes_factory(_CLASSES)


def register() -> None:
    """Registers the operator and the panel, adds `Scene.nst_compositing`, and hooks the handlers."""
    _register()
    bpy.types.Scene.nst_compositing = bpy.props.PointerProperty(type=NSTCompositing)
    for name, handler in _HANDLERS:
        getattr(bpy.app.handlers, name).append(handler)


def unregister() -> None:
    """Takes everything back."""
    on_render_end(None)
    for name, handler in _HANDLERS:
        registered = getattr(bpy.app.handlers, name)
        if handler in registered:
            registered.remove(handler)
    del bpy.types.Scene.nst_compositing
    _unregister()
