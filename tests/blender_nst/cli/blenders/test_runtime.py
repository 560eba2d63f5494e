"""Finding a Blender. The programs here only answer `--version`: it is the search that is tested."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from blender_nst.cli.blenders import private_install
from blender_nst.cli.blenders.bpy_module import explain_import_failure
from blender_nst.cli.blenders.runtime import (
    ENVIRONMENT_VARIABLE,
    BlenderRuntime,
    RuntimeKind,
    ensure_blender,
    find_blender,
    probe,
)
from blender_nst.cli.errors import BlenderError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs here are shell scripts")


def make_program(path: Path, answer: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{answer}'\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def programs(tmp_path: Path) -> dict[str, Path]:
    return {
        "new": make_program(tmp_path / "new" / "blender", "Blender 5.2.0"),
        "lts": make_program(tmp_path / "lts" / "blender", "Blender 4.2.1 LTS"),
        "old": make_program(tmp_path / "old" / "blender", "Blender 3.6.2"),
        "other": make_program(tmp_path / "other" / "blender", "A grinder, version 7"),
    }


def test_the_named_one_goes_first_then_the_variable_then_the_path(programs: dict[str, Path]) -> None:
    environment = {ENVIRONMENT_VARIABLE: str(programs["lts"]), "PATH": str(programs["new"].parent)}
    named = find_blender(programs["new"], environment=environment)
    assert named == BlenderRuntime(programs["new"], RuntimeKind.EXECUTABLE, (5, 2, 0))
    by_variable = find_blender(environment=environment)
    assert by_variable == BlenderRuntime(programs["lts"], RuntimeKind.EXECUTABLE, (4, 2, 1))
    on_path = find_blender(environment={"PATH": environment["PATH"]})
    assert on_path is not None
    assert on_path.program == programs["new"]


@pytest.mark.parametrize("typed", ["./blender", "blender", "../new/blender"])
def test_a_relative_path_is_found_from_the_folder_and_a_bare_name_on_the_path_too(
    programs: dict[str, Path], monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    monkeypatch.setenv("PATH", str(programs["lts"].parent))
    monkeypatch.chdir(programs["new"].parent)
    assert probe(Path(typed)).version == (5, 2, 0)
    if typed == "blender":
        monkeypatch.chdir(programs["new"].parent.parent)
        assert probe(Path(typed)).version == (4, 2, 1)


@pytest.mark.parametrize(("name", "message"), [("old", "too old"), ("other", "neither Blender nor a Python")])
def test_a_named_program_that_does_not_serve_is_an_error_on_one_line(
    programs: dict[str, Path], name: str, message: str
) -> None:
    with pytest.raises(BlenderError, match=message) as caught:
        find_blender(programs[name])
    assert str(programs[name]) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_old_blender_on_the_path_is_passed_over(programs: dict[str, Path], tmp_path: Path) -> None:
    assert find_blender(environment={"PATH": str(programs["old"].parent)}, cache=tmp_path / "cache") is None


def test_a_missing_program_and_a_python_without_bpy(tmp_path: Path) -> None:
    with pytest.raises(BlenderError, match="there is no such program"):
        probe(tmp_path / "blender")
    with pytest.raises(BlenderError, match="this Python has no bpy module"):
        probe(Path(sys.executable))


def test_a_missing_system_library_is_named() -> None:
    reason = "libXi.so.6: cannot open shared object file: No such file or directory"
    message = explain_import_failure(Path("python"), reason)
    assert "libXi.so.6" in message
    assert "apt install libxi6" in message


def test_an_interrupted_installation_is_not_taken_for_a_blender(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(private_install.RELEASES, sys.version_info[:2], "4.5")
    binaries = tmp_path / "bpy-4.5" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").touch()
    assert private_install.find_installed(tmp_path) is None
    stamp = binaries.parent / private_install.STAMP
    stamp.write_text("{")
    assert private_install.find_installed(tmp_path) is None
    stamp.write_text(json.dumps({"version": [4, 5, 1]}))
    installed = private_install.find_installed(tmp_path)
    assert installed == private_install.InstalledModule(binaries / "python", (4, 5, 1))


@pytest.mark.skipif(sys.platform == "win32", reason="rights of POSIX")
def test_a_blender_that_others_can_replace_is_never_started(tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "bpy-4.5"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    (folder / "installed.json").write_text('{"version": [4, 5, 0]}')
    assert private_install.find_installed(folder.parent, "4.5") is not None
    for each in (folder, folder.parent):
        each.chmod(0o777)
        with pytest.raises(BlenderError, match="everybody may write to it"):
            private_install.find_installed(folder.parent, "4.5")
        with pytest.raises(BlenderError, match="everybody may write to it"):
            private_install.install(print, folder.parent, "4.5")
        each.chmod(0o755)


def test_a_python_without_a_bpy_is_told_to_name_a_blender(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_install, "RELEASES", {})
    with pytest.raises(BlenderError, match="install Blender, or name one with --blender"):
        ensure_blender(environment={"PATH": ""}, cache=tmp_path)


def test_a_cache_that_cannot_be_written_is_an_error_on_one_line(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")
    with pytest.raises(BlenderError, match="Blender cannot be installed there"):
        private_install.install(print, tmp_path / "cache")


def test_the_lock_keeps_a_second_process_out_and_goes_with_a_killed_one(tmp_path: Path) -> None:
    lines: list[str] = []
    lock = tmp_path / "lock"
    script = (
        "import sys, time; from pathlib import Path\n"
        "from blender_nst.cli.blenders.private_install import exclusive\n"
        "with exclusive(Path(sys.argv[1]), print):\n    print('held', flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(lock)], stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline().strip() == b"held"
            with (
                pytest.raises(BlenderError, match="another process holds"),
                private_install.exclusive(lock, lines.append, timeout=0.3),
            ):
                pass
        finally:
            holder.kill()
    assert len(lines) == 1
    with private_install.exclusive(lock, lines.append, timeout=0.3):
        pass
    assert len(lines) == 1


def test_commands_of_both_kinds_pass_the_arguments_after_two_dashes(blender_runtime: BlenderRuntime) -> None:
    for kind in RuntimeKind:
        command = replace(blender_runtime, kind=kind).command(Path("a script.py"), ["job.json"])
        assert command[0] == str(blender_runtime.program)
        assert command[-3:] == ["a script.py", "--", "job.json"]


def test_a_release_is_installed_with_a_python_that_fits_it() -> None:
    here = private_install.PYTHONS | {"9.9": sys.version_info[:2]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(private_install, "PYTHONS", here | {"9.8": (9, 99)})
        assert private_install.python_for("9.9") == Path(sys.executable)
        with pytest.raises(
            BlenderError, match=r"Blender 9\.8 needs Python 9\.99, which is not on this machine"
        ):
            private_install.python_for("9.8")
    with pytest.raises(BlenderError, match=r"Blender 3\.6 has no bpy module to install; there are: 4\.2, "):
        private_install.python_for("3.6")


def test_a_python_of_pyenvs_is_found_and_a_command_that_leads_nowhere_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_install, "PYTHONS", {"9.8": (9, 99)})
    monkeypatch.setenv("PATH", str(tmp_path / "shims"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    broken = make_program(tmp_path / "shims" / "python9.99", "9.99 is not chosen")
    assert broken.exists()
    found = make_program(tmp_path / "pyenv" / "versions" / "9.99.1" / "bin" / "python", "9 99")
    assert private_install.python_for("9.8") == found


def test_a_named_release_is_found_beside_the_usual_one(tmp_path: Path) -> None:
    for release in ("4.2", "5.2"):
        make_program(tmp_path / f"bpy-{release}" / "bin" / "python", "")
        stamp = tmp_path / f"bpy-{release}" / private_install.STAMP
        stamp.write_text(json.dumps({"version": [*map(int, release.split(".")), 3]}))
    for release in ("4.2", "5.2"):
        installed = private_install.install(print, tmp_path, release)
        assert installed.python.parent.parent.name == f"bpy-{release}"
    assert private_install.find_installed(tmp_path, "5.0") is None
