"""The names in the output folder: the ones that older runs have, and defined once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from video.files import output_folder

ROOT = Path(__file__).parents[3]
DEFINITIONS = {ROOT / "video/files/output_folder.py", ROOT / "blender_nst/output_folder.py"}
NAMES = {
    "journal.json",
    ".journal",
    "captured.json",
    "contact_sheet.png",
    "preview.png",
    "engine.log",
    "blender.log",
}


@pytest.mark.parametrize(("frame", "name"), [(7, "0007"), (-3, "-0003"), (123_456, "123456"), (0, "0000")])
def test_files_are_numbered_as_blender_numbers_them(frame: int, name: str) -> None:
    path = output_folder.numbered_file(Path("out"), output_folder.CONTENT, frame, ".png")
    assert path == Path("out") / "content" / f"content_{name}.png"


def test_the_names_are_those_of_older_runs() -> None:
    assert output_folder.pattern(output_folder.STYLED, ".exr") == "styled/styled_####.exr"
    assert output_folder.movie(output_folder.STYLED, ".mp4") == "styled.mp4"
    assert output_folder.DEBUG_MOTION == "debug/motion_####.png"
    constants = {value for value in vars(output_folder).values() if isinstance(value, str)}
    assert constants >= NAMES


def test_an_input_is_found_among_the_outputs_which_are_not_looked_at_without_one(tmp_path: Path) -> None:
    def outputs(looked_at: list[Path]) -> Iterator[Path]:
        for number in range(3):
            looked_at.append(tmp_path / f"{number}.png")
            yield looked_at[-1]

    looked_at: list[Path] = []
    (tmp_path / "1.png").write_bytes(b"picture")
    (tmp_path / "style.png").hardlink_to(tmp_path / "1.png")
    assert output_folder.overwritten_input([], outputs(looked_at)) is None
    assert not looked_at, "a panel asks with every drawing, and a folder may hold thousands of frames"
    styles = iter([tmp_path / "gone.png", tmp_path / "style.png"])
    assert output_folder.overwritten_input(styles, outputs(looked_at)) == tmp_path / "style.png"
    assert len(looked_at) == 3


def test_no_other_module_spells_a_name() -> None:
    for package in ("blender_nst", "compositor", "video"):
        for path in (ROOT / package).rglob("*.py"):
            if path in DEFINITIONS:
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                assert not (isinstance(node, ast.Constant) and node.value in NAMES), f"{path}:{node.lineno}"
