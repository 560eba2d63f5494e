"""`blender-nst sweep`: the grid, what lies on disk, going on after an end, and how bad input is refused."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from blender_nst.cli.commands.sweep_axes import parse_axes, span_grid
from blender_nst.cli.inputs.style_choice import StyleChoice
from compositor.settings import Pooling, StyleSettings
from tests.blender_nst.command_line import Cli
from video.images.image_files import image_size, read_image, write_png
from video.paintings.painting import Painting
from video.protocol.json_lines import decode_event
from video.protocol.messages import Done, FrameDone, Progress

Picture = Callable[..., np.ndarray]

TINY = ["--steps", "2", "--coarsest-size", "64", "--device", "cpu"]


@pytest.fixture(scope="module")
def files(picture: Picture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sweep")
    write_png(folder / "picture.png", picture(48, 32))
    write_png(folder / "knife.png", picture(48, 32, Painting.KNIFE))
    write_png(folder / "swirls.png", picture(48, 32, Painting.SWIRLS))
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".log")


def test_grid_has_a_column_for_the_first_axis_and_rows_for_the_others() -> None:
    axes = parse_axes(
        ["content_weight=1e-2,1,100", "pooling=max,average", "style-layers=relu1_1,relu1_1+relu2_1"]
    )
    grid = span_grid(axes, StyleSettings(steps=7), StyleChoice((Path("a.png"),), (1.0,)))
    assert [len(row) for row in grid] == [3, 3, 3, 3]
    assert [cell.settings.content_weight for cell in grid[0]] == [0.01, 1.0, 100.0]
    assert [row[0].settings.pooling for row in grid] == [Pooling.MAX] * 2 + [Pooling.AVERAGE] * 2
    assert grid[1][2].settings.style_layers == ("relu1_1", "relu2_1")
    assert grid[1][2].labels == {
        "content_weight": "100",
        "pooling": "max",
        "style_layers": "relu1_1+relu2_1",
    }
    assert all(cell.settings.steps == 7 for row in grid for cell in row)


def test_names_are_readable_and_never_the_same() -> None:
    axes = parse_axes(["style=a/x.png,b/x.png,a b.png,a-b.png", "content_layers=relu4_2:0.5"])
    grid = span_grid(axes, StyleSettings(), StyleChoice((), ()))
    assert [cell.name for cell in grid[0]] == [
        "style=a-x.png,content_layers=relu4_2-0.5",
        "style=b-x.png,content_layers=relu4_2-0.5",
        "style=a-b.png,content_layers=relu4_2-0.5",
        "style=a-b.png,content_layers=relu4_2-0.5-2",
    ]


def test_a_long_name_is_cut_and_stays_its_own() -> None:
    layers = [f"relu{block}_1:0.{digit}" for block in range(1, 6) for digit in range(1, 9)]
    axes = parse_axes([f"style_layers={'+'.join(layers)},{'+'.join(layers[:-1])}"])
    (row,) = span_grid(axes, StyleSettings(), StyleChoice((), ()))
    assert row[0].name != row[1].name
    assert all(len(cell.name) <= 160 for cell in row)


@pytest.fixture
def swept(cli: Cli, files: Path, tmp_path: Path) -> Callable[..., Path]:
    """Runs a sweep that succeeds and gives its folder."""

    def sweep(*arguments: object) -> Path:
        style = ["--style", files / "knife.png", "--out", tmp_path / "out"]
        outcome = cli("sweep", files / "picture.png", *style, *TINY, *arguments)
        assert outcome.code == 0, outcome.stderr
        return tmp_path / "out"

    return sweep


def test_sweep_leaves_pictures_records_table_and_sheet(swept: Callable[..., Path]) -> None:
    out = swept("--vary", "content_weight=0.01,100", "--vary", "style_layers=relu1_1,relu1_1+relu2_1")
    cells = [
        f"content_weight={weight},style_layers={layers}"
        for layers in ("relu1_1", "relu1_1+relu2_1")
        for weight in ("0.01", "100")
    ]
    assert names(out) == sorted([*(f"{cell}.png" for cell in cells), "sweep.csv", "sweep.json", "sweep.png"])
    assert len({(out / f"{cell}.png").read_bytes() for cell in cells}) == 4
    records = json.loads((out / "sweep.json").read_text())["cells"]
    assert [record["name"] for record in records] == cells
    assert records[1]["settings"]["content_weight"] == 100.0
    assert records[3]["settings"]["style_layers"] == ["relu1_1", "relu2_1"]
    assert records[0]["seconds"] > 0.0
    assert {"content", "style", "tv", "total"} <= records[0]["losses"].keys()
    with (out / "sweep.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert [(row["content_weight"], row["style_layers"]) for row in rows] == [
        ("0.01", "relu1_1"),
        ("100", "relu1_1"),
        ("0.01", "relu1_1+relu2_1"),
        ("100", "relu1_1+relu2_1"),
    ]
    assert float(rows[0]["style_loss"]) == pytest.approx(records[0]["losses"]["style"])
    assert image_size(out / "sweep.png")[0] > 2 * 120


def test_the_style_picture_can_be_varied(swept: Callable[..., Path], files: Path) -> None:
    out = swept("--vary", f"style={files / 'knife.png'},{files / 'swirls.png'}")
    assert names(out) == ["style=knife.png", "style=swirls.png", "sweep.csv", "sweep.json", "sweep.png"]
    assert np.abs(read_image(out / "style=knife.png") - read_image(out / "style=swirls.png")).max() > 0.01


def test_finished_cells_are_not_made_again(swept: Callable[..., Path]) -> None:
    out = swept("--vary", "content_weight=1,2")
    kept, lost = out / "content_weight=1.png", out / "content_weight=2.png"
    before, again = kept.stat().st_mtime_ns, lost.read_bytes()
    lost.unlink()
    swept("--vary", "content_weight=1,2,3")
    assert kept.stat().st_mtime_ns == before
    assert lost.read_bytes() == again
    assert len(json.loads((out / "sweep.json").read_text())["cells"]) == 3
    swept("--vary", "content_weight=3,4")
    assert kept.stat().st_mtime_ns == before
    records = json.loads((out / "sweep.json").read_text())
    assert [record["name"] for record in records["cells"]] == ["content_weight=3", "content_weight=4"]
    assert [record["name"] for record in records["earlier"]] == ["content_weight=1", "content_weight=2"]


@pytest.mark.parametrize("change", [["--seed", "3"], ["--denoise", "nlm"], ["--style", "{files}/swirls.png"]])
def test_other_settings_or_inputs_make_the_cells_anew(
    swept: Callable[..., Path], files: Path, change: list[str]
) -> None:
    path = swept("--vary", "content_weight=1") / "content_weight=1.png"
    before = path.stat().st_mtime_ns
    swept("--vary", "content_weight=1", *(part.format(files=files) for part in change))
    assert path.stat().st_mtime_ns != before


def test_damaged_records_are_no_obstacle(swept: Callable[..., Path]) -> None:
    out = swept("--vary", "content_weight=1")
    (out / "sweep.json").write_text('{"cells": [')
    swept("--vary", "content_weight=1")
    assert len(json.loads((out / "sweep.json").read_text())["cells"]) == 1


def test_events_tell_every_cell_whether_it_was_made_or_there(cli: Cli, files: Path, tmp_path: Path) -> None:
    arguments = ["--style", files / "knife.png", "--out", tmp_path, "--vary", "content_weight=1,2", *TINY]
    for steps in ([1, 1, 2, 2], []):
        outcome = cli("sweep", files / "picture.png", *arguments, "--json")
        events = [decode_event(line) for line in outcome.stdout.splitlines()]
        assert [event.frame for event in events if isinstance(event, Progress)] == steps
        assert [event.frame for event in events if isinstance(event, FrameDone)] == [1, 2]
        assert isinstance(events[-1], Done)
        assert events[-1].contact_sheet == str(tmp_path / "sweep.png")


def test_snapshots_of_each_cell_have_a_folder(swept: Callable[..., Path]) -> None:
    out = swept("--vary", "pooling=max,average", "--snapshot-every", "1")
    assert names(out / "snapshots") == ["pooling=average", "pooling=max"]
    assert "step_00002.png" in names(out / "snapshots" / "pooling=max")


REFUSALS = {
    "nothing varied": ("--style {files}/knife.png", "--vary style_weight=5,15,50"),
    "no style": ("--vary steps=1", "no style: name a picture with --style"),
    "unknown setting": (
        "--style {files}/knife.png --vary foo=1",
        "there is no setting 'foo'; there are: style,",
    ),
    "no values": ("--style {files}/knife.png --vary steps", "write it as NAME=VALUE,VALUE"),
    "an empty value": ("--style {files}/knife.png --vary steps=1,,2", "write it as NAME=VALUE,VALUE"),
    "no number": (
        "--style {files}/knife.png --vary steps=1,many",
        "steps is 'many': expected a whole number",
    ),
    "out of range": ("--style {files}/knife.png --vary strength=0,2", "strength is 2.0: it must be between"),
    "no choice": ("--style {files}/knife.png --vary pooling=median", "expected one of average, max"),
    "no layer": ("--style {files}/knife.png --vary style_layers=relu1_1,relu9_9", "no layer 'relu9_9'"),
    "value twice": ("--style {files}/knife.png --vary steps=5,5", "5 is there twice"),
    "axis twice": ("--style {files}/knife.png --vary steps=1 --vary steps=2", "--vary steps is there twice"),
    "style missing": ("--vary style={files}/knife.png,no.png", "no.png: does not exist"),
    "weights of varied styles": ("--style-weights 1 --vary style={files}/knife.png", "--style-weights means"),
}


@pytest.mark.parametrize(("arguments", "words"), REFUSALS.values(), ids=REFUSALS)
def test_bad_input_is_one_line_and_nothing_is_written(
    cli: Cli, files: Path, tmp_path: Path, arguments: str, words: str
) -> None:
    given = (part.format(files=files) for part in arguments.split())
    outcome = cli("sweep", files / "picture.png", "--out", tmp_path / "out", *TINY, *given)
    assert outcome.code == 2
    (line,) = outcome.stderr.splitlines()
    assert words in line
    assert not (tmp_path / "out").exists()
