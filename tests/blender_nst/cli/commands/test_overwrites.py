"""No command writes over a file that it reads, by whatever name the two are given."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.blender_nst.command_line import Cli
from video.images.image_files import write_png
from video.paintings.painting import Painting, paint

TINY = ["--steps", "1", "--coarsest-size", "64", "--device", "cpu"]
NAMES: dict[str, Callable[[Path], Path]] = {
    "as it is": lambda path: path,
    "another spelling": lambda path: path.parent / "." / ".." / path.parent.name / path.name,
    "a link": lambda path: linked(path, Path.symlink_to),
    "a hard link": lambda path: linked(path, Path.hardlink_to),
}


def linked(path: Path, link: Callable[[Path, Path], object]) -> Path:
    alias = path.with_name(f"alias of {path.name}")
    link(alias, path)
    return alias


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Pictures, frames and a folder with what runs leave behind."""
    wide = paint(Painting.DABS, 96, 48)
    for name in ("photo", "style", "mask", "start", "out/contact_sheet", "out/styled/styled_0001"):
        write_png(tmp_path / f"{name}.png", wide[:, :64])
    for name in ("out/preview", "out/cell", "out/steps=1", "out/sweep", "snapshots/step_00001"):
        write_png(tmp_path / f"{name}.png", wide[:, :64])
    for number in (1, 2):
        write_png(tmp_path / f"frames/f_{number:04}.png", wide[:, number : number + 64])
        write_png(tmp_path / f"masks/m_{number:04}.png", wide[:, number : number + 64])
    return tmp_path


# The command line, what is written over, and the file that is given in the place of `{lost}`.
CASES: dict[str, tuple[str, str]] = {
    "image over its picture": ("image {lost} -s {f}/style.png -o {f}/photo.png", "photo.png"),
    "image over its style": ("image {f}/photo.png -s {lost} -o {f}/style.png", "style.png"),
    "image over a region's style": (
        "image {f}/photo.png -s {f}/style.png --region {f}/mask.png={lost} -o {f}/start.png",
        "start.png",
    ),
    "image over its mask": (
        "image {f}/photo.png -s {f}/style.png --keep {lost} -o {f}/mask.png",
        "mask.png",
    ),
    "image over its start image": (
        "image {f}/photo.png -s {f}/style.png --start-image {lost} -o {f}/start.png",
        "start.png",
    ),
    "image's snapshots over its picture": (
        "image {lost} -s {f}/style.png -o {f}/new.png --snapshot-every 1",
        "snapshots/step_00001.png",
    ),
    "stylize over its style": ("stylize {f}/frames -s {lost} -o {f}/out", "out/contact_sheet.png"),
    "stylize over a styled frame as the style": (
        "stylize {f}/frames -s {lost} -o {f}/out",
        "out/styled/styled_0001.png",
    ),
    "stylize over a mask": (
        "stylize {f}/frames -s {f}/style.png --keep {lost} -o {f}/out",
        "out/contact_sheet.png",
    ),
    "render over its style": ("render {f}/a.blend -s {lost} -o {f}/out", "out/contact_sheet.png"),
    "sweep over its picture": (
        "sweep {lost} -s {f}/style.png --vary steps=1,2 -o {f}/out",
        "out/steps=1.png",
    ),
    "sweep over its style": ("sweep {f}/photo.png -s {lost} --vary steps=1 -o {f}/out", "out/sweep.png"),
    "sweep over a varied style": (
        "sweep {f}/photo.png --vary style={lost} -o {f}/out",
        "out/sweep.png",
    ),
    "metrics over its style": (
        "metrics {f}/frames --content {f}/frames -s {lost} --plot {f}/style.png",
        "style.png",
    ),
    "metrics over a frame": (
        "metrics {f}/frames --content {f}/frames --plot {f}/frames/f_0002.png",
        "frames/f_0002.png",
    ),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", CASES)
def test_an_input_is_never_an_output(cli: Cli, files: Path, case: str, name: str) -> None:
    arguments, lost = CASES[case]
    (files / "a.blend").write_bytes(b"nobody reads this")
    given = files / lost if "{lost}" not in arguments else NAMES[name](files / lost)
    before = {path: path.read_bytes() for path in files.rglob("*.*") if path.is_file()}
    steps = [] if arguments.startswith("metrics") else TINY
    if arguments.startswith("sweep"):
        steps = TINY[2:]
    outcome = cli(*(word.format(f=files, lost=given) for word in arguments.split(" ")), *steps)
    assert outcome.code == 2, outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1
    assert "would be overwritten" in outcome.stderr
    assert {path: path.read_bytes() for path in before} == before


def test_the_frames_of_a_mask_are_inputs_too(cli: Cli, files: Path) -> None:
    (files / "out" / "styled" / "styled_0001.png").unlink()
    os.link(files / "masks" / "m_0002.png", files / "out" / "styled" / "styled_0002.png")
    outcome = cli(
        *("stylize", files / "frames", "-s", files / "style.png", "--keep", files / "masks" / "m_####.png"),
        *("-o", files / "out", *TINY),
    )
    assert outcome.code == 2
    assert "m_0002.png: is an input and would be overwritten" in outcome.stderr


def test_other_names_in_the_same_folder_are_written(cli: Cli, files: Path) -> None:
    before = (files / "photo.png").read_bytes()
    outcome = cli("image", files / "photo.png", "-s", files / "style.png", "-o", files / "new.png", *TINY)
    assert outcome.code == 0, outcome.stderr
    assert (files / "photo.png").read_bytes() == before
    assert (files / "new.png").read_bytes() != before
