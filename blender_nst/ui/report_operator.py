"""The buttons for when something is wrong: the newest log, and a text for a bug report.

The text has versions, the device, changed settings and the ends of the logs.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import bpy  # pyright: ignore[reportMissingImports]
from bpy.app.translations import pgettext_rpt

from .. import addon
from ..compat.poll_reason import allowed
from ..diagnostics.report import BugReport, package_versions, report_text, system_facts
from ..engine.check import LOG_NAME as CHECK_LOG
from ..engine.check import engine_check
from ..engine.installer import LOG_NAME as INSTALL_LOG
from ..engine.options import EnginePythonError, data_folder, engine_python, preferences
from ..output_folder import ENGINE_LOG, EXTENSION_LOG
from ..properties.scene import settings_dicts
from ..properties.schema import SECTIONS, described_settings
from ..session.active import current_session

_PREFERENCES = ("device", "use_memory_limit", "memory_limit", "after_render")
"""Preferences that a report names; the others are paths."""


class NST_OT_open_log(bpy.types.Operator):
    """Open the engine's newest log in the system's text viewer"""

    bl_idname = "nst.open_log"
    bl_label = "Open the Log"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only where there is one."""
        return allowed(cls, "" if _log() is not None else "There is no log yet")

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Opens it."""
        log = _log()
        return bpy.ops.wm.path_open(filepath=str(log)) if log is not None else {"CANCELLED"}


class NST_OT_copy_report(bpy.types.Operator):
    """Copy versions, changed settings and the ends of the logs for a bug report, without private paths"""

    bl_idname = "nst.copy_report"
    bl_label = "Copy Report"
    bl_options = {"INTERNAL"}  # noqa: RUF012

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Puts the report on the clipboard."""
        context.window_manager.clipboard = make_report(context.scene)
        done = "The report is on the clipboard: look it over, then paste it into a bug report"
        self.report({"INFO"}, pgettext_rpt(done))
        return {"FINISHED"}


def make_report(scene: bpy.types.Scene) -> str:
    """The report's text, in Markdown; the settings are the scene's."""
    facts = {
        "Blender NST": _manifest_version(),
        "Blender": f"{bpy.app.version_string} ({bpy.app.build_platform.decode('utf-8', 'replace')})",
        **system_facts(),
        "Render engine": scene.render.engine,
        **_engine_facts(),
    }
    return report_text(BugReport(facts, _changed_settings(scene) | _changed_preferences(), _logs()))


def _manifest_version() -> str:
    with (addon.FOLDER / "blender_manifest.toml").open("rb") as file:
        return tomllib.load(file)["version"]


def _engine_facts() -> dict[str, str]:
    """What the last check of the engine has found, and the packages that are installed beside its Python."""
    facts = {f"Engine: {title}": value for title, value in engine_check().facts.items()}
    if engine_check().error:
        facts["Engine"] = engine_check().error
    try:
        environment = Path(engine_python()).parent.parent
    except EnginePythonError as error:
        return facts | {"Engine": str(error)}
    folders = [*environment.glob("lib/python3*/site-packages"), environment / "Lib" / "site-packages"]
    versions = package_versions(folder for folder in folders if folder.is_dir())
    return facts | {"Engine packages": ", ".join(f"{name} {version}" for name, version in versions.items())}


def _changed_settings(scene: bpy.types.Scene) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for group, given in zip(SECTIONS, settings_dicts(scene), strict=True):
        for entry in described_settings(group):
            if given[entry["name"]] != entry["default"]:
                values[entry["name"]] = given[entry["name"]]
    return values


def _changed_preferences() -> dict[str, Any]:
    chosen = preferences()
    if chosen is None:
        return {}
    properties = chosen.bl_rna.properties
    values = {name: getattr(chosen, name) for name in _PREFERENCES}
    return {
        f"preferences: {name}": value for name, value in values.items() if value != properties[name].default
    }


def _logs() -> dict[str, Path]:
    session, folder = current_session(), data_folder(create=False)
    logs: dict[str, Path] = {}
    if session is not None:
        logs = {f"{name} of the render": session.plan.output / name for name in (EXTENSION_LOG, ENGINE_LOG)}
    if folder is not None:
        logs |= {name: folder / name for name in (EXTENSION_LOG, CHECK_LOG, INSTALL_LOG)}
    return logs


def _log() -> Path | None:
    """The newest of the logs: of the last session, of the check, of the installation."""
    session, folder = current_session(), data_folder(create=False)
    logs = [] if session is None else [session.plan.output / ENGINE_LOG]
    if folder is not None:
        logs += [folder / CHECK_LOG, folder / INSTALL_LOG]
    written = [log for log in logs if log.is_file()]
    return max(written, key=lambda log: log.stat().st_mtime) if written else None


register, unregister = bpy.utils.register_classes_factory((NST_OT_open_log, NST_OT_copy_report))
