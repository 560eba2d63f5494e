"""The buttons of the engine in the preferences: they install, check, measure and remove it."""

# pyright: reportInvalidTypeForm=false
# No `from __future__ import annotations`: Blender reads the annotations as objects.
from pathlib import Path

import bpy

from ...compat.poll_reason import allowed
from ...compat.user_report import report
from ...engine.benchmark import TIMEOUT as BENCHMARK_TIMEOUT
from ...engine.benchmark import benchmark
from ...engine.check import engine_check
from ...engine.environment import InstallError, environment_python, remove_environment
from ...engine.installation import OFFLINE, STARTED_OFFLINE, install_plan, installation
from ...engine.installer import Installer, InstallState
from ...engine.options import EnginePythonError, data_folder, engine_options, look_again, preferences
from ...session.active import running_session
from .timer import begin_measuring, keep_measured, stop_watching, watch_engine


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
        if not _is_free(cls):
            return False
        chosen = preferences()
        if chosen is None or not (bpy.app.online_access or chosen.wheel_folder.strip()):
            return allowed(cls, STARTED_OFFLINE if bpy.app.online_access_override else OFFLINE)
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Asks before a whole engine is removed."""
        if not self.repair:
            return self.execute(context)
        return context.window_manager.invoke_confirm(
            self,
            event,
            title="Repair the Engine",
            message="The installed engine is removed and fetched anew",
            confirm_text="Repair",
        )

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Starts the installation; without a window it waits for its end."""
        try:
            plan = install_plan()
            if self.repair:
                remove_environment(plan.folder)
        except InstallError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        engine_check().forget()
        installer = installation().installer = Installer(plan)
        if not bpy.app.background:
            watch_engine()
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
        if not installation().running:
            return allowed(cls, "Nothing is being installed")
        return True

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
        """Only where there is one, and nobody works with it."""
        if not _is_free(cls):
            return False
        folder = data_folder(create=False)
        if folder is None or environment_python(folder) is None:
            return allowed(cls, "No engine is installed here")
        return True

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
        if engine_check().running or benchmark().running or installation().running:
            return allowed(cls, "The engine is being installed or checked")
        return True

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Asks; without a window it waits for the answer."""
        folder = data_folder()
        look_again()
        try:
            engine_check().start(engine_options(), folder if folder is not None else Path(bpy.app.tempdir))
        except EnginePythonError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        if not bpy.app.background:
            watch_engine()
            return {"FINISHED"}
        check = engine_check()
        while check.running:
            check.drain(wait=0.5)
        if check.error:
            return {"CANCELLED"}
        if begin_measuring():
            keep_measured(wait=BENCHMARK_TIMEOUT)
        return {"FINISHED"}


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
            return allowed(cls, "Name a folder first: PyTorch's own cache is shared with other programs")
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


def _is_free(operator: type[bpy.types.Operator]) -> bool:
    """Whether the engine may be replaced; says why not."""
    if installation().running:
        return allowed(operator, "The engine is being installed")
    if running_session() is not None:
        return allowed(operator, "Frames are being stylized")
    return True


_CLASSES = (
    NST_OT_engine_install,
    NST_OT_engine_install_cancel,
    NST_OT_engine_remove,
    NST_OT_engine_check,
    NST_OT_clear_cache,
)


_register, _unregister = bpy.utils.register_classes_factory(_CLASSES)


def register() -> None:
    """Registers the operators."""
    _register()


def unregister() -> None:
    """Removes them; a running installation ends."""
    stop_watching()
    engine_check().forget()
    benchmark().stop()
    installer = installation().installer
    if installer is not None:
        installer.cancel()
        installer.join(10.0)
    _unregister()
