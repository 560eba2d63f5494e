"""The extension as Blender's own tools see it: validated, built, installed, switched on and off."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

import compositor
from blender_nst.cli.blenders.runtime import BlenderRuntime
from blender_nst.cli.errors import ExtensionError
from blender_nst.cli.packaging.engine_wheel import build_engine_wheel
from blender_nst.cli.packaging.extension import build_extension
from tests.blender_nst.blender_in_tests import BlenderInTests


@pytest.fixture(scope="module")
def archive(blender_runtime: BlenderRuntime, tmp_path_factory: pytest.TempPathFactory) -> Path:
    # build_extension has Blender's validator look at the source and at the zip.
    return build_extension(tmp_path_factory.mktemp("built") / "new", blender_runtime)


def test_the_zip_holds_the_extension_and_nothing_of_the_command_line(archive: Path) -> None:
    names = set(zipfile.ZipFile(archive).namelist())
    assert archive.name == "blender_nst-0.1.0.zip"
    assert {"blender_manifest.toml", "__init__.py", "settings_schema.json", "handlers.py"} <= names
    strangers = {
        name for name in names if name.startswith(("cli/", "demo/", "headless/")) or "__pycache__" in name
    }
    assert not strangers
    assert {"engine/locks/engine.txt", "engine/locks/uv.txt", "ui/farm/render_and_stylize.js"} <= names


def test_the_zip_holds_the_engines_wheel_and_pip_takes_it(archive: Path, tmp_path: Path) -> None:
    (name,) = (each for each in zipfile.ZipFile(archive).namelist() if each.endswith(".whl"))
    assert name == f"wheels/blender_nst-{version('blender-nst')}-py3-none-any.whl"
    wheel = Path(zipfile.ZipFile(archive).extract(name, tmp_path))
    target = tmp_path / "installed"
    command = ["install", "--quiet", "--no-deps", "--no-index", "--target", str(target), str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *command], check=True, timeout=120)
    checkout = Path(compositor.__file__).parent
    for file in ("networks/weights.py", "data/vgg16.safetensors"):
        assert (target / "compositor" / file).read_bytes() == (checkout / file).read_bytes()
    assert (target / "blender_nst" / "cli" / "app.py").is_file()
    assert (target / "blender_nst" / "ui" / "farm" / "render_and_stylize.js").is_file()
    assert (target / "blender_nst" / "engine" / "locks" / "bpy-4.5.txt").is_file()
    (about,) = target.glob("*.dist-info")
    assert "Requires-Dist: torch" in (about / "METADATA").read_text()
    assert {path.name for path in (about / "licenses").iterdir()} == {"LICENSE", "NOTICE"}


def test_the_same_sources_give_the_same_wheel(tmp_path: Path) -> None:
    first, second = (build_engine_wheel(tmp_path / name) for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()


def test_the_same_sources_give_the_same_zip(
    archive: Path, blender_runtime: BlenderRuntime, tmp_path: Path
) -> None:
    """At another time, in another time zone, with other rights of new files."""
    touched = Path(compositor.__file__).parent.parent / "blender_nst" / "__init__.py"
    before, mask = touched.stat(), os.umask(0o077)
    try:
        os.utime(touched, (1_000_000_000, 1_000_000_000))
        again = build_extension(tmp_path / "again", blender_runtime)
    finally:
        os.umask(mask)
        os.utime(touched, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert again.read_bytes() == archive.read_bytes()
    with zipfile.ZipFile(again) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == sorted(opened.namelist())
    assert [path.name for path in again.parent.iterdir()] == [archive.name]


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
        lists = ("render_init", "render_post", "render_write", "render_complete", "render_cancel")
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
        own_process=True,
    )
    hooked = run.result["on"].pop("handlers")
    assert hooked >= 4
    assert run.result["on"] == {"module": True, "enabled": False, "panel": True, "python": ""}
    assert run.result["after_load"] == hooked
    assert run.result["off"] == {"property": False, "handlers": 0, "panel": False}
    assert run.result["again"] == hooked
    assert "Traceback" not in run.output
