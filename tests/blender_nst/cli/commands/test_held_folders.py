"""Commands whose output folder another run holds, or another computer: one line, nothing changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.blender_nst.command_line import Cli
from tests.blender_nst.held_folder import held_folder
from video.files import folder_lock
from video.files.output_folder import CONTENT, LOCK
from video.images.image_files import write_png
from video.paintings.painting import Painting, paint


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_lock, "PATIENCE", 0.3)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    write_png(tmp_path / "style.png", paint(Painting.KNIFE, 64, 48))
    write_png(tmp_path / "frames" / "f_0001.png", paint(Painting.DABS, 64, 48))
    (tmp_path / "scene.blend").write_bytes(b"BLENDER")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "blender.log").write_text("of the other run")
    return tmp_path


def command(files: Path, kind: str) -> list[object]:
    source = {"stylize": files / "frames", "render": files / "scene.blend"}[kind]
    return [kind, source, "--style", files / "style.png", "--out", files / "out", "--device", "cpu"]


@pytest.mark.parametrize(("kind", "held"), [("stylize", "."), ("render", "."), ("render", CONTENT)])
def test_another_run_on_this_computer(
    cli: Cli, files: Path, child_environment: dict[str, str], kind: str, held: str
) -> None:
    with held_folder(files / "out" / held, child_environment):
        outcome = cli(*command(files, kind))
    assert outcome.code == 2
    line = outcome.stderr.splitlines()[-1]
    assert line.startswith(f"blender-nst: {files / 'out'}")
    assert "another run is at work" in line
    assert (files / "out" / "blender.log").read_text() == "of the other run"
    assert not (files / "out" / "styled").exists()


@pytest.mark.parametrize("kind", ["stylize", "render"])
def test_a_run_on_another_computer_is_named(cli: Cli, files: Path, kind: str) -> None:
    lock = files / "out" / LOCK
    lock.write_text(
        json.dumps({"host": "node7", "boot": "b", "pid": 5, "since": "2026-03-01 10:12:00 +0100"})
    )
    before = lock.read_bytes()
    outcome = cli(*command(files, kind))
    assert outcome.code == 2
    line = outcome.stderr.splitlines()[-1]
    assert all(word in line for word in ("node7", "2026-03-01 10:12:00 +0100", f"remove {lock}"))
    assert lock.read_bytes() == before
