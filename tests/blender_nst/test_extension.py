"""The extension as Blender's own tools see it: validated, built, installed, switched on and off."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from blender_in_tests import BlenderInTests

from blender_nst.cli.blender_runtime import BlenderRuntime
from blender_nst.cli.errors import ExtensionError
from blender_nst.cli.extension import build_extension


@pytest.fixture(scope="module")
def archive(blender_runtime: BlenderRuntime, tmp_path_factory: pytest.TempPathFactory) -> Path:
    # build_extension has Blender's validator look at the source and at the zip.
    return build_extension(tmp_path_factory.mktemp("built") / "new", blender_runtime)


def test_the_zip_holds_the_extension_and_nothing_of_the_command_line(archive: Path) -> None:
    names = set(zipfile.ZipFile(archive).namelist())
    assert archive.name == "blender_nst-0.1.0.zip"
    assert {"blender_manifest.toml", "__init__.py", "settings_schema.json", "handlers.py"} <= names
    strangers = {
        name
        for name in names
        if name.startswith(("cli/", "demo_", "headless", "render_job")) or "__pycache__" in name
    }
    assert not strangers


def test_an_output_folder_that_cannot_be_made_is_an_error_on_one_line(
    blender_runtime: BlenderRuntime, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExtensionError, match="cannot be made") as caught:
        build_extension(tmp_path / "file" / "folder", blender_runtime)
    assert "\n" not in str(caught.value)


def test_blender_installs_the_zip_and_switches_it_on_and_off(archive: Path, blender: BlenderInTests) -> None:
    run = blender.run(
        """
        handlers = bpy.app.handlers
        lists = ("render_init", "render_write", "render_complete", "render_cancel")
        def count():
            return sum("nst" in f.__module__ for name in lists for f in getattr(handlers, name))
        bpy.ops.extensions.package_install_files(
            filepath=arguments[0], repo="user_default", enable_on_install=True)
        module = "bl_ext.user_default.blender_nst"
        on = {"module": module in bpy.context.preferences.addons, "enabled": bpy.context.scene.nst.enabled,
              "handlers": count(), "panel": hasattr(bpy.types, "RENDER_PT_nst"),
              "python": bpy.context.preferences.addons[module].preferences.engine_python}
        bpy.ops.wm.read_homefile(use_empty=True)
        after_load = count()
        bpy.ops.preferences.addon_disable(module=module)
        off = {"property": hasattr(bpy.types.Scene, "nst"), "handlers": count(),
               "panel": hasattr(bpy.types, "RENDER_PT_nst")}
        bpy.ops.preferences.addon_enable(module=module)
        finish({"on": on, "after_load": after_load, "off": off, "again": count()})
        """,
        str(archive),
    )
    assert run.result["on"] == {
        "module": True,
        "enabled": False,
        "handlers": 4,
        "panel": True,
        "python": "",
    }
    assert run.result["after_load"] == 4
    assert run.result["off"] == {"property": False, "handlers": 0, "panel": False}
    assert run.result["again"] == 4
    assert "Traceback" not in run.output
