"""Operators that stylize frames on disk, show them, and stop."""

# pyright: reportInvalidTypeForm=false
# No `from __future__ import annotations`: Blender reads the annotations as objects.
from dataclasses import replace
from typing import Any

import bpy
from bpy.app.translations import pgettext_rpt

from .. import handlers
from ..capture.frame import CapturedFrame, CaptureError, capture_views
from ..compat.operator_button import with_gray_ones
from ..compat.poll_reason import allowed
from ..compat.user_report import report
from ..output_folder import JOURNAL, VIEWS
from ..properties.animation import own_settings_at
from ..session.active import current_session, running_session, say, stylize_files, wait_for
from ..session.checks.finished_run import FinishedRun, finished_run
from ..session.checks.obstacles import Purpose, obstacles
from ..session.checks.scene_checks import SessionError, absolute_path
from ..session.frame_sources import find_passes, is_there, rendered_files, source_frames, source_pixel_aspect
from ..session.plan import SessionPlan, clear_restart
from ..session.viewing import preview
from .render.overwrite_question import DIALOG_WIDTH, answer_property, apply_answer, draw_question
from .viewing.watch import watch_everywhere


class _BatchOperator:
    """Starts a session, then waits for it in background, or watches it in the window."""

    bl_options = {"REGISTER"}  # noqa: RUF012 - it writes files, which cannot be undone

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Where nothing is in the way."""
        return _nothing_in_the_way(cls, context)

    def _run(self, plan: SessionPlan, frames: list[CapturedFrame]) -> set[str]:
        session = stylize_files(plan, frames)
        if bpy.app.background:
            wait_for(session)
            return {"CANCELLED"} if session.error else {"FINISHED"}
        watch_everywhere()
        return {"FINISHED"}

    def _stylize_sources(self, context: bpy.types.Context, *, resume: bool = False) -> set[str]:
        try:
            frames = source_frames(context.scene)
            total = len({each.frame for each in frames})
            in_views = any(each.view for each in frames)
            plan = SessionPlan.from_scene(context.scene, total=total, in_views=in_views)
            plan = replace(plan, pixel_aspect=source_pixel_aspect(context.scene, frames))
            if frames[0].movie_frame is not None:
                plan = plan.at_times_of_movie()
            if resume:
                plan = replace(plan, restart=False, put_aside=False)
            clear_restart(context.scene)
            own = own_settings_at(context.scene, tuple(plan.animated), (each.frame for each in frames))
            frames = [replace(each, own_settings=own.get(each.frame, {})) for each in frames]
            return self._run(plan, frames)
        except SessionError as error:
            return self._refuse(error)

    def _refuse(self, error: Exception) -> set[str]:
        say(str(error), error=True)
        report(self, "ERROR", str(error))
        return {"CANCELLED"}


class NST_OT_stylize_frames(_BatchOperator, bpy.types.Operator):
    """Stylize frames that are rendered already"""

    bl_idname = "nst.stylize_frames"
    bl_label = "Stylize Rendered Frames"

    answer: answer_property()

    _asked: FinishedRun | None = None

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Asks first, where frames of other settings are finished."""
        self._asked = None if context.scene.nst.restart else finished_run(context.scene)
        if self._asked is None:
            return self.execute(context)
        title = "There Are Finished Frames of Other Settings"
        return context.window_manager.invoke_props_dialog(
            self, width=DIALOG_WIDTH, title=title, confirm_text="Stylize"
        )

    def draw(self, _context: bpy.types.Context) -> None:
        """Draws the question."""
        if self._asked is not None:
            draw_question(self.layout, self, self._asked)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Collects the frames and goes on with what is finished of them; another run's is put aside."""
        if self._asked is not None:
            apply_answer(context.scene, self.answer)
        return self._stylize_sources(context)


class NST_OT_resume(_BatchOperator, bpy.types.Operator):
    """Go on with rendered frames where stylizing them was stopped; what is finished stays as it is"""

    bl_idname = "nst.resume"
    bl_label = "Resume"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where something was begun."""
        if not _nothing_in_the_way(cls, context):
            return False
        try:
            output = absolute_path(context.scene.nst.output_path, "output folder")
            begun = (output / JOURNAL).is_file() or any((output / VIEWS).glob(f"*/{JOURNAL}"))
        except SessionError:
            begun = False
        return allowed(cls, "" if begun else "Nothing was begun in the output folder")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Collects the frames and goes on, whatever Restart says."""
        return self._stylize_sources(context, resume=True)


class NST_OT_stylize_frame(_BatchOperator, bpy.types.Operator):
    """Stylize the current frame alone, for a look at the settings: as it was rendered, or rendered now"""

    bl_idname = "nst.stylize_frame"
    bl_label = "Stylize This Frame"

    draft: bpy.props.BoolProperty(
        name="Draft", description="Take the steps of the draft quality: faster, coarser", default=False
    )
    render: bpy.props.BoolProperty(
        name="Render Again", description="Render the frame even if it is there", default=False
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Takes the Render Result if it is this frame, else the frame's file, else renders it."""
        scene = context.scene
        try:
            plan = SessionPlan.from_scene(scene, total=1).for_still(draft=self.draft)
            frames = [] if self.render else _rendered_frames(scene, plan)
            if frames:
                return self._run(plan, frames)
        except (SessionError, CaptureError) as error:
            return self._refuse(error)
        if scene.camera is None and not any(marker.camera for marker in scene.timeline_markers):
            return self._refuse(SessionError(f"scene {scene.name!r} has no camera to render through"))
        handlers.request_still(plan)
        if bpy.app.background:
            bpy.ops.render.render(scene=scene.name)
            session = current_session()
            return {"FINISHED"} if session is not None and session.engine_state.done else {"CANCELLED"}
        bpy.ops.render.render("INVOKE_DEFAULT", scene=scene.name)
        return {"FINISHED"}


class NST_OT_preview(bpy.types.Operator):
    """Show the styled frame in an Image Editor, while it converges and when it is done"""

    bl_idname = "nst.preview"
    bl_label = "Show Preview"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Opens it."""
        if not preview.open_preview(context):
            self.report({"INFO"}, pgettext_rpt("The preview comes with the next styled frame"))
        return {"FINISHED"}


class NST_OT_open_output(bpy.types.Operator):
    """Open the output folder in the system's file browser"""

    bl_idname = "nst.open_output"
    bl_label = "Open Output Folder"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Opens it, if it is there."""
        try:
            folder = absolute_path(context.scene.nst.output_path, "output folder")
        except SessionError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        if not folder.is_dir():
            text = pgettext_rpt("{}: the folder is made with the first styled frame")
            report(self, "ERROR", text.format(folder))
            return {"CANCELLED"}
        return bpy.ops.wm.path_open(filepath=str(folder))


class NST_OT_cancel(bpy.types.Operator):
    """Stop stylizing; the frames that are finished are kept"""

    bl_idname = "nst.cancel"
    bl_label = "Cancel Stylizing"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only while something is being stylized."""
        session = running_session()
        if session is None or session.engine is None:
            return allowed(cls, "Nothing is being stylized")
        return True

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Asks the engine to stop; asked twice, ends it."""
        session = current_session()
        if session is not None:
            session.cancel()
        return {"FINISHED"}


def _nothing_in_the_way(operator: Any, context: bpy.types.Context) -> bool:
    found = obstacles(context.scene, Purpose.FILES)
    return allowed(operator, found[0].message if found else "")


def _rendered_frames(scene: bpy.types.Scene, plan: SessionPlan) -> list[CapturedFrame]:
    """The views of the current frame as it was rendered: in this Blender's Render Result, or on disk."""
    number = scene.frame_current
    if handlers.shown_frame() == (scene.name, number):
        return capture_views(scene, plan.output)
    scene_output = absolute_path(scene.nst.output_path, "output folder")
    if scene.render.filepath.startswith("//") and not bpy.data.filepath:
        return []
    try:
        frames = rendered_files(scene, number)
    except SessionError:
        return []  # not a file for each view
    if not all(map(is_there, frames)):
        return []
    return [
        replace(each, passes=find_passes(each.content, number, scene_output, each.view)) for each in frames
    ]


_CLASSES = (
    *with_gray_ones((NST_OT_stylize_frames, NST_OT_resume, NST_OT_stylize_frame)),
    NST_OT_preview,
    NST_OT_open_output,
    NST_OT_cancel,
)

register, unregister = bpy.utils.register_classes_factory(_CLASSES)
