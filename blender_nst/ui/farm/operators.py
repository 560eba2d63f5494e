"""Submits the scene to a farm, and renders frames of it on one."""

# pyright: reportInvalidTypeForm=false
# No `from __future__ import annotations`: Blender reads the annotations as objects.
from pathlib import Path
from typing import Any

import bpy
from bpy.app.translations import pgettext_rpt

from ...capture.farm_frames import FarmFramesError, parse_frames, render_frames
from ...compat.poll_reason import allowed
from ...compat.user_report import report
from ...session.checks.scene_checks import SessionError
from .checks import farm_folder, farm_obstacle
from .flamenco import JOB_FOLDER, FlamencoError, has_addon, submit_by_addon, write_job
from .openjd import BundleError, BundleWriter, bundle_command
from .settings import FarmEngine

_INTERVAL = 0.2
"""Seconds between two looks for the bundle."""


class NST_OT_submit_to_farm(bpy.types.Operator):
    """Make the job that renders and stylizes the scene on a farm"""

    bl_idname = "nst.submit_to_farm"
    bl_label = "Submit to Farm"

    _writer: BundleWriter | None = None
    _timer: Any = None

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Where nothing is in the way."""
        reason = "There is no scene" if context.scene is None else farm_obstacle(context.scene)
        return allowed(cls, reason)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Submits; a bundle is written while one goes on to work."""
        if _engine(context) is FarmEngine.FLAMENCO:
            return self._flamenco(context)
        try:
            self._writer = BundleWriter(bundle_command(context.scene))
        except BundleError as error:
            return self._refuse(error)
        self._folder = farm_folder(context.scene)
        manager = context.window_manager
        self._timer = manager.event_timer_add(_INTERVAL, window=context.window)
        manager.modal_handler_add(self)
        report(self, "INFO", pgettext_rpt("The job is being written"))
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Looks whether the bundle is written."""
        if event.type != "TIMER" or self._writer is None or not self._writer.finished:
            return {"PASS_THROUGH"}
        context.window_manager.event_timer_remove(self._timer)
        return self._told(self._writer)

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator, to load a file or to quit."""
        context.window_manager.event_timer_remove(self._timer)
        if self._writer is not None:
            self._writer.end()

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Submits, and waits for it."""
        if _engine(context) is FarmEngine.FLAMENCO:
            return self._flamenco(context)
        self._folder = farm_folder(context.scene)
        try:
            return self._told(BundleWriter(bundle_command(context.scene)))
        except BundleError as error:
            return self._refuse(error)

    def _flamenco(self, context: bpy.types.Context) -> set[str]:
        try:
            if has_addon():
                return submit_by_addon(context)
            folder = write_job(context.scene)
        except (FlamencoError, SessionError, OSError) as error:
            return self._refuse(error)
        report(
            self,
            "INFO",
            pgettext_rpt("{}: the job is written; README.txt says how to submit it").format(folder),
        )
        return {"FINISHED"}

    def _told(self, writer: BundleWriter) -> set[str]:
        try:
            writer.result()
        except BundleError as error:
            return self._refuse(error)
        report(self, "INFO", pgettext_rpt("{}: the job is written").format(Path(self._folder) / JOB_FOLDER))
        return {"FINISHED"}

    def _refuse(self, error: Exception) -> set[str]:
        report(self, "ERROR", str(error))
        return {"CANCELLED"}


class NST_OT_render_frames(bpy.types.Operator):
    """Render frames on a farm and save them for the style engine, which need not be on this machine"""

    bl_idname = "nst.render_frames"
    bl_label = "Render Frames for a Farm"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    frames: bpy.props.StringProperty(name="Frames", description="As 1-3,9")
    folder: bpy.props.StringProperty(name="Folder", description="Gets the pictures and passes")
    bits: bpy.props.IntProperty(name="Bits", description="Of the pictures, 8 or 16", default=8)

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """In background alone: the scene's output is changed for it."""
        return allowed(cls, "" if bpy.app.background else "Only a farm's Blender without a window does it")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Renders those that are not there yet."""
        if not self.folder.strip() or self.bits not in (8, 16):
            report(self, "ERROR", "name a folder, and 8 or 16 bits")
            return {"CANCELLED"}
        try:
            numbers = parse_frames(self.frames)
            count = render_frames(context.scene, numbers, Path(self.folder), bits=self.bits)
        except FarmFramesError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        report(self, "INFO", f"{count} frames were rendered, {len(numbers) - count} were there")
        return {"FINISHED"}


def _engine(context: bpy.types.Context) -> FarmEngine:
    return FarmEngine[context.scene.nst_farm.engine]


register, unregister = bpy.utils.register_classes_factory((NST_OT_submit_to_farm, NST_OT_render_frames))
