"""What a release consists of, built twice: the same bytes, and the checksums of the files."""

from __future__ import annotations

import hashlib
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from blender_nst.cli.blenders.runtime import BlenderRuntime
from blender_nst.cli.packaging import release
from blender_nst.cli.packaging.release import build_release, main


def test_two_builds_are_the_same_bytes_and_the_checksums_are_those_of_the_files(
    blender_runtime: BlenderRuntime, tmp_path: Path
) -> None:
    first, second = (build_release(tmp_path / name, blender_runtime) for name in ("a", "b"))
    names = [path.name for path in first]
    wheel = f"blender_nst-{version('blender-nst')}-py3-none-any.whl"
    assert names == ["blender_nst-0.1.0.zip", wheel, "SHA256SUMS"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == sorted(names)
    checksums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in first[:2]]
    assert first[2].read_text().splitlines() == checksums
    inside = zipfile.ZipFile(first[0]).read(f"wheels/{wheel}")
    assert inside == first[1].read_bytes(), "the zip brings the wheel that is released beside it"


def test_the_command_prints_where_the_zip_lies_and_a_failure_is_one_line(
    blender_runtime: BlenderRuntime,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(release, "ensure_blender", lambda report: blender_runtime)
    monkeypatch.chdir(tmp_path)
    assert main(["built"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.endswith(str(tmp_path / "built" / "blender_nst-0.1.0.zip"))
    (tmp_path / "file").touch()
    assert main(["file/folder"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 1
    assert "cannot be made" in told.err
