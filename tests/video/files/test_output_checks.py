"""Outputs are never written over inputs, through links, or into what is no file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from video.errors import FileError
from video.files.atomic import temporary_name, write_atomically
from video.files.output_checks import check_output_file, check_output_folder, check_run_keeps, is_same

Alias = Callable[[Path, Path], object]
ALIASES: dict[str, Alias] = {
    "the same name": lambda file, alias: None,
    "a hard link": os.link,
    "a link": lambda file, alias: alias.symlink_to(file),
}
RUN_FILES = (
    *("styled/styled_0001.png", "styled/styled_-0003.exr", "styled.mp4", "contact_sheet.png", "preview.png"),
    *("journal.json", ".journal/optimized_00_000001.npy", "debug/motion_0001.png"),
    *("snapshots/frame_0001/strip.png", "blender-nst.log", "engine.log.1"),
)
RENDERED_FILES = ("content/content_0001.png", "passes/passes_0001.exr", "composited/composited_0001.png")


@pytest.mark.parametrize("name", ALIASES)
@pytest.mark.parametrize("result", RUN_FILES)
def test_a_run_never_replaces_its_input(tmp_path: Path, result: str, name: str) -> None:
    out = tmp_path / "out"
    source = out / result
    source.parent.mkdir(parents=True)
    source.write_bytes(b"an input")
    given = tmp_path / "given"
    ALIASES[name](source, given)
    given = given if given.exists() else source.parent / ".." / source.parent.name / source.name
    with pytest.raises(FileError, match="would be overwritten"):
        check_run_keeps([tmp_path / "none", given], out)


@pytest.mark.parametrize("result", RENDERED_FILES)
def test_what_a_render_leaves_may_be_stylized_again_and_not_rendered_over(
    tmp_path: Path, result: str
) -> None:
    source = tmp_path / result
    source.parent.mkdir(parents=True)
    source.write_bytes(b"an input")
    check_run_keeps([source], tmp_path)
    with pytest.raises(FileError, match="would be overwritten"):
        check_run_keeps([source], tmp_path, rendering=True)


def test_what_a_run_leaves_alone_may_be_an_input(tmp_path: Path) -> None:
    (tmp_path / "styled").mkdir()
    for name in ("painting.png", "styled/painting.png", "journal.png"):
        (tmp_path / name).write_bytes(b"an input")
        check_run_keeps([tmp_path / name], tmp_path, rendering=True)


def test_a_file_is_never_an_input_and_can_be_written_when_the_work_is_done(tmp_path: Path) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"an input")
    (tmp_path / "link.png").symlink_to(picture)
    os.link(picture, tmp_path / "hard.png")
    for name in ("picture.png", "link.png", "hard.png", "new/../picture.png"):
        (tmp_path / "new").mkdir(exist_ok=True)
        with pytest.raises(FileError, match="would be overwritten"):
            check_output_file(tmp_path / name, [picture])
    # Taken by the file system, but not with what is added to it while the file is written.
    with pytest.raises(FileError, match="too long"):
        check_output_file(tmp_path / f"{'n' * 245}.png", [])
    os.mkfifo(tmp_path / "pipe.png")
    for name in ("new", "pipe.png"):
        with pytest.raises(FileError, match="is no file"):
            check_output_file(tmp_path / name, [])
    check_output_file(tmp_path / "styled.png", [picture])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("hard.png", "link.png", "new", "picture.png", "pipe.png")
    ]


def test_nothing_is_written_through_a_link_or_into_a_pipe(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("of somebody else")
    plants: dict[str, Callable[[Path], object]] = {
        "styled": lambda path: path.symlink_to(elsewhere),
        ".journal": lambda path: path.symlink_to(elsewhere),
        "passes": os.mkfifo,
        "debug": Path.touch,
        "snapshots/frame_0001": lambda path: path.symlink_to(elsewhere),
        "blender-nst.log": lambda path: path.symlink_to(elsewhere / "file"),
        "engine.log": os.mkfifo,
        "blender.log": lambda path: path.symlink_to(tmp_path / "not there"),
        "journal.json": os.mkfifo,
        "contact_sheet.png": Path.mkdir,
    }
    for name, plant in plants.items():
        out = tmp_path / f"out {name.replace('/', ' ')}"
        (out / name).parent.mkdir(parents=True)
        check_output_folder(out)
        plant(out / name)
        with pytest.raises(FileError, match="remove it") as caught:
            check_output_folder(out)
        assert caught.value.path == out / name
    assert [path.name for path in elsewhere.iterdir()] == ["file"]
    # The folder itself may be a link: the user has named it.
    (tmp_path / "link").symlink_to(elsewhere)
    check_output_folder(tmp_path / "link")


@pytest.mark.parametrize("there", [True, False], ids=["a file", "nothing"])
def test_a_link_under_a_temporary_name_is_not_followed(tmp_path: Path, there: bool) -> None:
    """Neither by what writes files nor by what tries out whether they can be written."""
    victim, path = tmp_path / "victim", tmp_path / "out" / "styled.png"
    path.parent.mkdir()
    if there:
        victim.write_text("of somebody else")
        os.utime(victim, (1, 1))
    uses: tuple[tuple[Path, Callable[[], object]], ...] = (
        (temporary_name(path), lambda: write_atomically(path, lambda file: file.write_text("ours"))),
        (temporary_name(path), lambda: check_output_file(path, [])),
        (path.parent / f".blender-nst.{os.getpid()}.tmp", lambda: check_output_folder(path.parent)),
    )
    for name, use in uses:
        name.symlink_to(victim)
        use()
        assert victim.exists() == there
        assert not os.path.lexists(name)
    assert path.read_text() == "ours"
    if there:
        assert (victim.read_text(), victim.stat().st_mtime) == ("of somebody else", 1.0)


def test_a_folder_or_a_pipe_under_a_temporary_name_is_one_line_or_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "styled.png"
    temporary_name(path).mkdir()
    for use in (
        lambda: write_atomically(path, lambda file: file.write_text("ours")),
        lambda: check_output_file(path, []),
    ):
        with pytest.raises(FileError, match="cannot be written"):
            use()
    assert not path.exists()
    temporary_name(path).rmdir()
    os.mkfifo(temporary_name(path))
    check_output_file(path, [])
    os.mkfifo(temporary_name(path))
    write_atomically(path, lambda file: file.write_text("ours"))
    assert path.read_text() == "ours"


def test_two_names_of_one_folder_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert is_same(tmp_path / "a", tmp_path / "b" / "." / ".." / "a")
    assert not is_same(tmp_path / "a", tmp_path)
    assert not is_same(tmp_path / "none", tmp_path / "none")
