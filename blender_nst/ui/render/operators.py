"""Rendering with style from the window: what is in the way is asked about before the first frame."""

# pyright: reportInvalidTypeForm=false
# No `from __future__ import annotations`: Blender reads the annotations as objects.
from typing import Any

import bpy
from bpy.app.handlers import persistent
from bpy.app.translations import pgettext_iface

from ...compat.operator_button import with_gray_ones
from ...compat.poll_reason import allowed
from ...compat.render_kind import RenderKind
from ...session.checks.finished_run import FinishedRun, finished_run
from ...session.checks.obstacles import Obstacle, Purpose, obstacles
from ...session.checks.refused_render import RefusedRender, allow_unstyled, take_question
from ...state import state_of
from ..frame_operators import NST_OT_stylize_frame, NST_OT_stylize_frames
from ..viewing.quick_look import NST_OT_quick_look
from .overwrite_question import DIALOG_WIDTH, answer_property, apply_answer, draw_lines, draw_question

ASK_INTERVAL = 0.2
"""Seconds between two looks for a render that was stopped."""


class NST_OT_render(bpy.types.Operator):
    """Render the animation and stylize its frames; what is in the way is asked about before the first one"""

    bl_idname = "nst.render"
    bl_label = "Render Stylized Animation"

    animation: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    from_key: bpy.props.BoolProperty(
        description="Leave a render with nothing in its way to Blender's own key",
        options={"HIDDEN", "SKIP_SAVE"},
    )
    answer: answer_property()

    _asked: FinishedRun | None = None

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not while something is being rendered."""
        if context.scene is None or bpy.app.is_job_running("RENDER"):
            return allowed(cls, "A render is going on")
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Renders, or asks first."""
        nst = context.scene.nst
        if self.from_key and not (nst.enabled and (self.animation or nst.stills)):
            return {"PASS_THROUGH"}
        found = obstacles(context.scene, self._purpose)
        self._asked = None if found or not self.animation or nst.restart else finished_run(context.scene)
        if found:
            return self._ask(context, "This Render Would Not Be Stylized", "Render Without Style")
        if self._asked is not None:
            return self._ask(context, "There Are Finished Frames of Other Settings", "Render")
        return {"PASS_THROUGH"} if self.from_key else self._render(context)

    def draw(self, context: bpy.types.Context) -> None:
        """Draws what is in the way now, with the buttons that remove it."""
        found = obstacles(context.scene, self._purpose)
        for obstacle in found:
            draw_obstacle(self.layout, obstacle)
        if not found and self._asked is not None:
            draw_question(self.layout, self, self._asked)
        elif not found:
            draw_lines(self.layout, "Nothing is in the way now: the frames will be stylized", "CHECKMARK")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Renders: without a style, if that is what was confirmed."""
        if self._asked is not None:
            apply_answer(context.scene, self.answer)
        elif obstacles(context.scene, self._purpose):
            allow_unstyled()
        return self._render(context)

    @property
    def _purpose(self) -> Purpose:
        return Purpose.ANIMATION if self.animation else Purpose.STILL

    def _ask(self, context: bpy.types.Context, title: str, confirm: str) -> set[str]:
        return context.window_manager.invoke_props_dialog(
            self, width=DIALOG_WIDTH, title=pgettext_iface(title), confirm_text=pgettext_iface(confirm)
        )

    def _render(self, context: bpy.types.Context) -> set[str]:
        context.scene.nst.enabled = True
        if bpy.app.background:
            return bpy.ops.render.render(animation=self.animation, scene=context.scene.name)
        bpy.ops.render.render("INVOKE_DEFAULT", animation=self.animation, use_viewport=True)
        return {"FINISHED"}


class NST_OT_choose_output(bpy.types.Operator):
    """Choose the folder for the styled frames"""

    bl_idname = "nst.choose_output"
    bl_label = "Choose Output Folder"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}  # noqa: RUF012

    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Opens the file browser."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Takes the folder, relative to the file where that is saved."""
        if not self.directory:
            return {"CANCELLED"}
        path = bpy.path.relpath(self.directory) if bpy.data.filepath else self.directory
        context.scene.nst.output_path = path
        return {"FINISHED"}


class NST_MT_render(bpy.types.Menu):
    """In the Render menu; its words are found by the search (F3)"""

    bl_label = "Neural Style Painting"

    def draw(self, _context: bpy.types.Context) -> None:
        """Draws what can be stylized."""
        layout = self.layout
        layout.operator_context = "INVOKE_DEFAULT"
        layout.operator(NST_OT_quick_look.bl_idname, icon="HIDE_OFF")
        layout.operator(NST_OT_render.bl_idname, icon="RENDER_ANIMATION")
        layout.operator(NST_OT_stylize_frames.bl_idname, icon="SEQUENCE")
        layout.operator(NST_OT_stylize_frame.bl_idname, icon="IMAGE_DATA")


class AddonKeys:
    """The keys that this extension has added, to be taken back."""

    def __init__(self) -> None:
        self.items: list[tuple[Any, Any]] = []


def draw_obstacle(layout: Any, obstacle: Obstacle) -> None:
    """Draws an obstacle's line in a dialog, with the buttons that remove it."""
    draw_lines(layout, obstacle.message, "ERROR")
    draw_ways_out(layout, obstacle)


def draw_ways_out(layout: Any, obstacle: Obstacle) -> None:
    """Draws the buttons that remove an obstacle."""
    column = layout.column()
    column.operator_context = "INVOKE_DEFAULT"
    for way in obstacle.ways_out:
        button = column.operator(way.operator, text=way.label)
        for name, value in way.properties.items():
            setattr(button, name, value)


def _draw_in_render_menu(menu: Any, _context: bpy.types.Context) -> None:
    menu.layout.separator()
    menu.layout.menu(NST_MT_render.__name__, icon="BRUSH_DATA")


class EventTimer:
    """A timer whose events let the operator of a render that was stopped find out that it is over."""

    def __init__(self) -> None:
        self.timer: bpy.types.Timer | None = None

    def start(self, window: bpy.types.Window) -> None:
        """Begins to send events to a window."""
        if self.timer is None:
            self.timer = bpy.context.window_manager.event_timer_add(0.5 * ASK_INTERVAL, window=window)

    def end(self) -> None:
        """Ends it."""
        if self.timer is not None:
            bpy.context.window_manager.event_timer_remove(self.timer)
            self.timer = None


def _is_rendering(window: bpy.types.Window) -> bool:
    return any(operator.bl_idname == "RENDER_OT_render" for operator in window.modal_operators)


@persistent
def ask_on_timer() -> float:
    """Asks about a render that was stopped; returns seconds until the next call."""
    timer = state_of(EventTimer)
    if state_of(RefusedRender).question is None or bpy.app.is_job_running("RENDER"):
        return ASK_INTERVAL
    windows = list(bpy.context.window_manager.windows)
    busy = next((each for each in windows if _is_rendering(each)), None)
    if busy is not None:
        # It would take the first key that is meant for the dialog.
        timer.start(busy)
        return ASK_INTERVAL
    timer.end()
    question = take_question()
    if question is not None:
        name, kind = question
        window = next((each for each in windows if each.scene.name == name), windows[0])
        with bpy.context.temp_override(window=window):
            bpy.ops.nst.render("INVOKE_DEFAULT", animation=kind is RenderKind.ANIMATION)
    return ASK_INTERVAL


_CLASSES = (*with_gray_ones((NST_OT_render,)), NST_OT_choose_output, NST_MT_render)
_register, _unregister = bpy.utils.register_classes_factory(_CLASSES)


def register() -> None:
    """Registers the operators, puts them into the Render menu, and goes before Blender's own keys."""
    _register()
    bpy.types.TOPBAR_MT_render.append(_draw_in_render_menu)
    if bpy.app.background:
        return
    bpy.app.timers.register(ask_on_timer, persistent=True)
    keymap = bpy.context.window_manager.keyconfigs.addon.keymaps.new(name="Screen", space_type="EMPTY")
    for animation in (False, True):
        item = keymap.keymap_items.new(NST_OT_render.bl_idname, "F12", "PRESS", ctrl=animation)
        item.properties.animation, item.properties.from_key = animation, True
        state_of(AddonKeys).items.append((keymap, item))


def unregister() -> None:
    """Takes everything back."""
    for keymap, item in state_of(AddonKeys).items:
        keymap.keymap_items.remove(item)
    state_of(EventTimer).end()
    if bpy.app.timers.is_registered(ask_on_timer):
        bpy.app.timers.unregister(ask_on_timer)
    bpy.types.TOPBAR_MT_render.remove(_draw_in_render_menu)
    _unregister()
