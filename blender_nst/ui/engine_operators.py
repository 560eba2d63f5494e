"""The buttons of the engine in the preferences: they install, check and remove it."""

# pyright: reportInvalidTypeForm=false
# No `from __future__ import annotations`: Blender reads the annotations as objects.
import logging
from contextlib import suppress
from pathlib import Path

import bpy

from ..diagnostics.guard import report
from ..engine.check import LOG_NAME as CHECK_LOG
from ..engine.check import engine_check
from ..engine.environment import InstallError, environment_python, remove_environment
from ..engine.installation import OFFLINE, install_plan, installation
from ..engine.installer import LOG_NAME as INSTALL_LOG
from ..engine.installer import Installer, InstallState
from ..engine.options import EnginePythonError, data_folder, engine_options, preferences
from ..output_folder import ENGINE_LOG
from ..session.active import current_session

logger = logging.getLogger(__name__)


class NST_OT_engine_install(bpy.types.Operator):
    """Install the style engine and PyTorch into the extension's own folder, never into Blender's Python"""

    bl_idname = "nst.engine_install"
    bl_label = "Install the Engine"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    repair: bpy.props.BoolProperty(
        name="Repair",
        description="Remove what is there and install anew",
        options={"HIDDEN", "SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """With a network that Blender may use, or without one from a folder."""
        if installation().running:
            return False
        chosen = preferences()
        if chosen is None or not (bpy.app.online_access or chosen.wheel_folder.strip()):
            cls.poll_message_set(OFFLINE)
            return False
        return True

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Starts the installation; without a window it waits for its end."""
        try:
            plan = install_plan()
            if self.repair:
                remove_environment(plan.folder)
        except InstallError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        installer = installation().installer = Installer(plan)
        if not bpy.app.background:
            bpy.app.timers.register(_watch, persistent=True)
            return {"FINISHED"}
        installer.join()
        if installer.state is InstallState.DONE:
            return {"FINISHED"}
        report(self, "ERROR", installer.error or "the installation was cancelled")
        return {"CANCELLED"}


class NST_OT_engine_install_cancel(bpy.types.Operator):
    """Stop the installation; what was fetched is kept for the next attempt"""

    bl_idname = "nst.engine_install_cancel"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only while one is running."""
        return installation().running

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Ends the running command."""
        installer = installation().installer
        if installer is not None:
            installer.cancel()
        return {"FINISHED"}


class NST_OT_engine_remove(bpy.types.Operator):
    """Remove the installed engine from the disk; networks that were fetched stay in the cache"""

    bl_idname = "nst.engine_remove"
    bl_label = "Uninstall the Engine"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only where there is one."""
        folder = data_folder(create=False)
        return not installation().running and folder is not None and environment_python(folder) is not None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Asks first."""
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Removes the environment."""
        folder = data_folder(create=False)
        try:
            if folder is not None:
                remove_environment(folder)
        except InstallError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        engine_check().forget()
        installation().installer = None
        return {"FINISHED"}


class NST_OT_engine_check(bpy.types.Operator):
    """Start the engine, and ask it what it runs on"""

    bl_idname = "nst.engine_check"
    bl_label = "Check the Engine"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """One at a time."""
        return not engine_check().running and not installation().running

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Asks; without a window it waits for the answer."""
        folder = data_folder()
        try:
            engine_check().start(engine_options(), folder if folder is not None else Path(bpy.app.tempdir))
        except EnginePythonError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        if not bpy.app.background:
            bpy.app.timers.register(_watch, persistent=True)
            return {"FINISHED"}
        check = engine_check()
        while check.running:
            check.drain(wait=0.5)
        return {"CANCELLED"} if check.error else {"FINISHED"}


class NST_OT_open_log(bpy.types.Operator):
    """Open the engine's newest log in the system's text viewer"""

    bl_idname = "nst.open_log"
    bl_label = "Open the Log"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only where there is one."""
        return _log() is not None

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Opens it."""
        log = _log()
        return bpy.ops.wm.path_open(filepath=str(log)) if log is not None else {"CANCELLED"}


class NST_OT_clear_cache(bpy.types.Operator):
    """Remove the networks that were fetched into the named folder; they are fetched again when needed"""

    bl_idname = "nst.clear_cache"
    bl_label = "Clear the Cache"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only a folder that was named: PyTorch's own may be shared."""
        chosen = preferences()
        if chosen is None or not chosen.cache_folder.strip():
            cls.poll_message_set("Name a folder first: PyTorch's own cache is shared with other programs")
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Asks first."""
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Removes PyTorch's weights files there, and nothing else."""
        folder = Path(bpy.path.abspath(preferences().cache_folder)) / "hub" / "checkpoints"
        freed = 0
        for path in folder.glob("*.pth") if folder.is_dir() else ():
            size = path.stat().st_size
            try:
                path.unlink()
            except OSError as error:
                report(self, "ERROR", f"{path}: cannot be removed: {error.strerror}")
                return {"CANCELLED"}
            freed += size
        report(self, "INFO", f"{freed / 1e6:.0f} MB removed")
        return {"FINISHED"}


def _watch() -> float | None:
    """Timer: brings an installation and a check up to date, until they have ended."""
    try:
        return _watch_once()
    except Exception:
        logger.exception("timer of the preferences")
        return None


def _watch_once() -> float | None:
    installer = installation().installer
    was_running = installation().running
    if installer is not None:
        installer.drain()
    if was_running and installer is not None and installer.state is InstallState.DONE:
        with suppress(RuntimeError):
            bpy.ops.nst.engine_check()
    engine_check().drain()
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "PREFERENCES":
                area.tag_redraw()
    return 0.2 if installation().running or engine_check().running else None


def _log() -> Path | None:
    """The newest of the logs: of the last session, of the check, of the installation."""
    session, folder = current_session(), data_folder(create=False)
    logs = [] if session is None else [session.plan.output / ENGINE_LOG]
    if folder is not None:
        logs += [folder / CHECK_LOG, folder / INSTALL_LOG]
    written = [log for log in logs if log.is_file()]
    return max(written, key=lambda log: log.stat().st_mtime) if written else None


_CLASSES = (
    NST_OT_engine_install,
    NST_OT_engine_install_cancel,
    NST_OT_engine_remove,
    NST_OT_engine_check,
    NST_OT_open_log,
    NST_OT_clear_cache,
)


_register, _unregister = bpy.utils.register_classes_factory(_CLASSES)


def register() -> None:
    """Registers the operators."""
    _register()


def unregister() -> None:
    """Removes them; a running installation ends."""
    if bpy.app.timers.is_registered(_watch):
        bpy.app.timers.unregister(_watch)
    engine_check().forget()
    installer = installation().installer
    if installer is not None:
        installer.cancel()
        installer.join(10.0)
    _unregister()
