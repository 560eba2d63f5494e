"""The engine in the preferences: its state, and the buttons that install, check and remove it."""

# pyright: reportInvalidTypeForm=false
# No `from __future__ import annotations`: Blender reads the annotations as objects.
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Any

import bpy  # pyright: ignore[reportMissingImports]

from .activity import current_session
from .engine_check import LOG_NAME as CHECK_LOG
from .engine_check import engine_check
from .engine_install import LOG_NAME as INSTALL_LOG
from .engine_install import (
    TORCH_FOR_CPU,
    TORCH_FOR_GPU,
    Installer,
    InstallError,
    InstallPlan,
    InstallState,
    engine_wheel,
    environment_python,
    has_nvidia_gpu,
    host_python,
    remove_environment,
)
from .engine_options import EnginePythonError, data_folder, engine_options, preferences
from .render_session import LOG_NAME as ENGINE_LOG
from .wrapped_text import draw_wrapped

_OFFLINE = (
    "Blender's online access is off: allow it in Preferences > System > Network, or name a folder of wheels"
)


class _Installation:
    """The installation that is on its way, or the last one."""

    def __init__(self) -> None:
        self.installer: Installer | None = None

    @property
    def running(self) -> bool:
        """Whether one is on its way."""
        return self.installer is not None and self.installer.state is InstallState.RUNNING


_installation = _Installation()


def installing() -> bool:
    """Whether an installation is on its way."""
    return _installation.running


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
        if _installation.running:
            return False
        chosen = preferences()
        if chosen is None or not (bpy.app.online_access or chosen.wheel_folder.strip()):
            cls.poll_message_set(_OFFLINE)
            return False
        return True

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Starts the installation; without a window it waits for its end."""
        try:
            plan = install_plan()
            if self.repair:
                remove_environment(plan.folder)
        except InstallError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        installer = _installation.installer = Installer(plan)
        if not bpy.app.background:
            bpy.app.timers.register(_watch, persistent=True)
            return {"FINISHED"}
        installer.join()
        if installer.state is InstallState.DONE:
            return {"FINISHED"}
        self.report({"ERROR"}, installer.error or "the installation was cancelled")
        return {"CANCELLED"}


class NST_OT_engine_install_cancel(bpy.types.Operator):
    """Stop the installation; what was fetched is kept for the next attempt"""

    bl_idname = "nst.engine_install_cancel"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only while one is on its way."""
        return _installation.running

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Ends the running command."""
        if _installation.installer is not None:
            _installation.installer.cancel()
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
        return not _installation.running and folder is not None and environment_python(folder) is not None

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
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        engine_check.forget()
        _installation.installer = None
        return {"FINISHED"}


class NST_OT_engine_check(bpy.types.Operator):
    """Start the engine, and ask it what it runs on"""

    bl_idname = "nst.engine_check"
    bl_label = "Check the Engine"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """One at a time."""
        return not engine_check.running and not _installation.running

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Asks; without a window it waits for the answer."""
        folder = data_folder()
        try:
            engine_check.start(engine_options(), folder if folder is not None else Path(bpy.app.tempdir))
        except EnginePythonError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        if not bpy.app.background:
            bpy.app.timers.register(_watch, persistent=True)
            return {"FINISHED"}
        while engine_check.running:
            engine_check.drain(wait=0.5)
        return {"CANCELLED"} if engine_check.error else {"FINISHED"}


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
                self.report({"ERROR"}, f"{path}: cannot be removed: {error.strerror}")
                return {"CANCELLED"}
            freed += size
        self.report({"INFO"}, f"{freed / 1e6:.0f} MB removed")
        return {"FINISHED"}


def install_plan() -> InstallPlan:
    """What the preferences and this machine ask for; raises InstallError where it cannot begin."""
    chosen, folder = preferences(), data_folder()
    if folder is None:
        raise InstallError("the extension has no folder of its own: install it as an extension")
    wheels = chosen.wheel_folder.strip()
    wheel_folder = Path(bpy.path.abspath(wheels)) if wheels else None
    if wheel_folder is not None and not wheel_folder.is_dir():
        raise InstallError(f"{wheel_folder}: the folder of wheels is not there")
    return InstallPlan(
        host_python(), folder, engine_wheel(Path(__file__).parent), torch_requirement(chosen), wheel_folder
    )


def torch_requirement(chosen: Any) -> tuple[str, ...]:
    """What pip is given for PyTorch: the preference, or by whether there is an NVIDIA GPU."""
    try:
        named = tuple(shlex.split(chosen.torch_packages))
    except ValueError:
        raise InstallError(f"{chosen.torch_packages}: a quote in the PyTorch preference has no end") from None
    return named or (TORCH_FOR_GPU if has_nvidia_gpu() else TORCH_FOR_CPU)


def draw_engine(layout: bpy.types.UILayout, context: bpy.types.Context, chosen: Any) -> None:
    """Draws what the engine is, what it does just now, and the buttons."""
    box = layout.box()
    installer = _installation.installer
    if installer is not None and installer.state is InstallState.RUNNING:
        _draw_running(box, installer)
        return
    _draw_state(box, context)
    if installer is not None and installer.state is InstallState.FAILED:
        draw_wrapped(box, context, installer.error, "ERROR")
    elif installer is not None and installer.state is InstallState.CANCELLED:
        box.label(text="The installation was cancelled; the next one goes on from there", icon="INFO")
    folder = data_folder(create=False)
    installed = folder is not None and environment_python(folder) is not None
    row = box.row()
    title = "Repair" if installed else "Install the Engine"
    if installer is not None and installer.state is not InstallState.DONE and not installed:
        title = "Try Again"
    install = row.operator(NST_OT_engine_install.bl_idname, text=title, icon="IMPORT")
    install.repair = installed
    if installed:
        row.operator(NST_OT_engine_remove.bl_idname, text="Uninstall", icon="TRASH")
    row.operator(NST_OT_engine_check.bl_idname, text="Check", icon="FILE_REFRESH")
    row.operator(NST_OT_open_log.bl_idname, text="Log", icon="TEXT")
    if not installed and not bpy.app.online_access and not chosen.wheel_folder.strip():
        draw_wrapped(box, context, _OFFLINE, "INTERNET_OFFLINE")
    options = box.column()
    options.use_property_split = True
    options.use_property_decorate = False
    options.prop(chosen, "wheel_folder")
    options.prop(chosen, "torch_packages")


def draw_cache(layout: bpy.types.UILayout, chosen: Any) -> None:
    """Draws the cache's folder, with the button that clears it."""
    row = layout.row(align=True)
    row.prop(chosen, "cache_folder")
    row.operator(NST_OT_clear_cache.bl_idname, text="", icon="TRASH")


def _draw_running(box: bpy.types.UILayout, installer: Installer) -> None:
    box.label(text=installer.title or "Installing the engine", icon="IMPORT")
    box.progress(factor=installer.share, text=f"{100.0 * installer.share:.0f} %")
    box.label(text=_short(installer.last_line))
    box.operator(NST_OT_engine_install_cancel.bl_idname, icon="X")


def _draw_state(box: bpy.types.UILayout, context: bpy.types.Context) -> None:
    try:
        python = engine_options().python
    except EnginePythonError as error:
        draw_wrapped(box, context, str(error)[:1].upper() + str(error)[1:], "ERROR")
        return
    if engine_check.running:
        box.label(text="The engine is starting", icon="TIME")
    elif engine_check.error:
        draw_wrapped(box, context, engine_check.error, "ERROR")
    elif engine_check.facts:
        grid = box.grid_flow(columns=2, row_major=True, even_columns=False)
        for name, value in engine_check.facts.items():
            grid.label(text=name)
            grid.label(text=value)
    else:
        box.label(text="The engine is installed", icon="CHECKMARK")
    box.label(text=_short(python), icon="FILE_SCRIPT")


def _short(text: str, length: int = 96) -> str:
    return text if len(text) <= length else f"{text[: length // 3]}…{text[-length * 2 // 3 :]}"


def _watch() -> float | None:
    """Timer: shows how far things are, until they are over."""
    installer = _installation.installer
    was_running = _installation.running
    if installer is not None:
        installer.drain()
    if was_running and installer is not None and installer.state is InstallState.DONE:
        with suppress(RuntimeError):
            bpy.ops.nst.engine_check()
    engine_check.drain()
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "PREFERENCES":
                area.tag_redraw()
    return 0.2 if _installation.running or engine_check.running else None


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


def register() -> None:
    """Registers the operators."""
    for each in _CLASSES:
        bpy.utils.register_class(each)


def unregister() -> None:
    """Removes them; an installation that is on its way ends."""
    if bpy.app.timers.is_registered(_watch):
        bpy.app.timers.unregister(_watch)
    engine_check.forget()
    if _installation.installer is not None:
        _installation.installer.cancel()
        _installation.installer.join(10.0)
        _installation.installer = None
    for each in reversed(_CLASSES):
        bpy.utils.unregister_class(each)
