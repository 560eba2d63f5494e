"""In Blender: what is caught is logged with its traceback, and the report that the preferences copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.blender_nst.blender_in_tests import PACKAGE, RESULT_MARK, BlenderInTests

_RAISES = """
load().register()
from blender_nst import handlers
from blender_nst.session import active
from blender_nst.ui import report_operator
bpy.ops.wm.open_mainfile(filepath=arguments[0])
scene = bpy.context.scene
scene.frame_end = 1
nst = scene.nst
nst.enabled = True
nst.style_path = arguments[1]
nst.output_path = arguments[2]
nst.steps = 7
scene.render.filepath = arguments[2] + "/own_"

def fail(*_):
    raise ZeroDivisionError("made up")

original = handlers.RenderSession.add_rendered_frame
handlers.RenderSession.add_rendered_frame = fail
bpy.ops.render.render(animation=True)
handlers.RenderSession.add_rendered_frame = original
line, is_error = active.status_line()

report_operator.settings_dicts, settings_dicts = fail, report_operator.settings_dicts
try:
    bpy.ops.nst.copy_report()
    raised = ""
except RuntimeError as error:
    raised = str(error)
report_operator.settings_dicts = settings_dicts
operated = bpy.ops.nst.copy_report()
finish({"line": line, "is_error": is_error, "raised": raised, "operated": list(operated),
        "report": report_operator.make_report(scene)})
"""

_INSTALLED = """
import addon_utils
module = "bl_ext.user_default.blender_nst"
bpy.ops.preferences.addon_enable(module=module)
import importlib, logging
report_operator = importlib.import_module(module + ".ui.report_operator")
logging.getLogger(module + ".ui").info("from a module of the extension")
import threading
thread = threading.Thread(target=lambda: [][0], name="NST reader")
thread.start()
thread.join()
folder = Path(bpy.utils.extension_path_user(module))
chosen = bpy.context.preferences.addons[module].preferences
chosen.device = "cpu"
report = report_operator.make_report(bpy.context.scene)
bpy.ops.preferences.addon_disable(module=module)
logging.getLogger(module + ".ui").info("switched off")
finish({"log": (folder / "extension.log").read_text("utf-8"), "report": report})
"""


@pytest.mark.expected_errors("render handler on_render_write", "operator NST_OT_copy_report")
def test_what_is_caught_is_one_line_with_its_traceback_in_the_log(
    blender: BlenderInTests, blend_file: Path, style_picture: Path, tmp_path: Path
) -> None:
    run = blender.run(_RAISES, str(blend_file), str(style_picture), str(tmp_path / "out"))
    assert run.result["is_error"]
    assert "ZeroDivisionError" in run.result["line"]
    printed = [line for line in run.output.splitlines() if not line.startswith(RESULT_MARK)]
    assert not [line for line in printed if "Traceback" in line]
    assert "ZeroDivisionError" in run.result["raised"]
    assert run.result["operated"] == ["FINISHED"]
    log = (tmp_path / "out" / "extension.log").read_text("utf-8")
    assert log.count(" ERROR ") == 2
    assert log.count("Traceback") == 2
    report = run.result["report"]
    assert "- steps = 7" in report.splitlines()
    assert "Blender: " in report
    assert "ZeroDivisionError" in report
    assert str(tmp_path) not in report


@pytest.mark.expected_errors("thread NST reader")
@pytest.mark.skipif("os.name != 'posix'", reason="links to the source")
def test_the_installed_extension_logs_into_its_own_folder(blender: BlenderInTests, tmp_path: Path) -> None:
    repository = tmp_path / "user" / "extensions" / "user_default"
    repository.mkdir(parents=True)
    (repository / "blender_nst").symlink_to(PACKAGE)
    run = blender.run(_INSTALLED, own_process=True)
    assert "from a module of the extension" in run.result["log"]
    assert "thread NST reader\n    Traceback" in run.result["log"]
    assert "switched off" not in run.result["log"]
    assert "- preferences: device = cpu" in run.result["report"].splitlines()
    assert "from a module of the extension" in run.result["report"]
