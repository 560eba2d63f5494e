"""`blender-nst metrics`: the table, the JSON, the plot, and what is refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.blender_nst.command_line import Cli
from video.images.image_files import write_png
from video.paintings.painting import Painting, paint


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six frames of a pan, styled frames that blink, and a style."""
    folder = tmp_path_factory.mktemp("metrics files")
    wide = 0.1 + 0.8 * paint(Painting.DABS, 96, 48)
    for number in range(1, 7):
        frame = wide[:, 2 * number : 2 * number + 64]
        write_png(folder / f"content/c_{number:04d}.png", frame)
        write_png(folder / f"styled/s_{number:04d}.png", np.clip(frame + 0.1 * (number % 2), 0.0, 1.0))
    write_png(folder / "style.png", paint(Painting.KNIFE, 64, 48))
    return folder


def test_json_has_every_frame_and_the_means(cli: Cli, files: Path) -> None:
    outcome = cli(
        *("metrics", str(files / "styled"), "--content", str(files / "content")),
        *("--style", str(files / "style.png"), "--device", "cpu", "--json"),
    )
    assert outcome.code == 0, outcome.stderr
    result = json.loads(outcome.stdout)
    assert [frame["number"] for frame in result["frames"]] == [1, 2, 3, 4, 5, 6]
    assert result["frames"][0]["warp_error"] is None
    assert result["all"]["warp_error"] == pytest.approx(0.01, rel=0.2)
    assert result["all"]["long_warp_error"] < 0.005
    assert result["all"]["style"] > 0.0
    assert result["all"]["content"] > 0.0
    for frame in result["frames"]:
        assert 0.0 < frame["local_relu3_1"] <= frame["local_relu3_1_p90"]
        assert frame["outliers"] is not None
        assert frame["fine_chroma"] > 0.0
        assert frame["imprint"] is None, "there are no passes"
    assert result["all"]["outliers_worst_to_first"] is not None


def test_the_output_folder_of_a_run_stands_for_its_frames(cli: Cli, files: Path) -> None:
    folder, frames = (
        cli("metrics", str(styled), "--content", str(files / "content"), "--json")
        for styled in (files, files / "styled")
    )
    assert folder.code == 0, folder.stderr
    assert folder.stdout == frames.stdout


def test_a_person_gets_a_table_and_a_plot(cli: Cli, files: Path, tmp_path: Path) -> None:
    plot = tmp_path / "plot.png"
    outcome = cli(
        *("metrics", str(files / "styled"), "--content", str(files / "content")), "--plot", str(plot)
    )
    assert outcome.code == 0, outcome.stderr
    assert "warp error" in outcome.stderr
    assert "all" in outcome.stderr
    assert "outliers" in outcome.stderr
    assert "imprint" not in outcome.stderr
    assert "style loss" not in outcome.stderr
    assert "local style" not in outcome.stderr
    assert Image.open(plot).width > 500


def test_the_tables_of_all_measures_fit_a_narrow_terminal(
    cli: Cli, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    outcome = cli(
        *("metrics", str(files / "styled"), "--content", str(files / "content")),
        *("--style", str(files / "style.png"), "--device", "cpu"),
    )
    assert outcome.code == 0, outcome.stderr
    rows = outcome.stderr.splitlines()
    for title in ("style loss", "fine chroma", "rendered"):
        assert any(title in row for row in rows), "no heading is broken into two lines"
    assert sum(row.startswith("│ all") for row in rows) == 4


def test_without_matplotlib_a_plot_is_refused_on_one_line_that_names_the_extra(
    cli: Cli, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    measured = ("metrics", str(files / "styled"), "--content", str(files / "content"))
    outcome = cli(*measured, "--plot", str(tmp_path / "plot.png"))
    assert outcome.code == 2
    assert "blender-nst[plot]" in outcome.stderr
    assert len(outcome.stderr.splitlines()) == 1
    assert cli(*measured, "--json").code == 0, "nothing else needs it"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("metrics {files}/styled --content {files}/none", "does not exist"),
        ("metrics {files}/styled --content {files}/content --motion none", "has none"),
        ("metrics {files}/styled --content {files}/content --motion vectors", "no passes"),
        ("metrics {files}/styled --content {files}/content --passes {files}/content", "no numbered EXRs"),
        ("metrics {files}/content/c_####.png --content {files}/styled/s_#####.png", "no file matches"),
    ],
)
def test_bad_input_is_one_line(cli: Cli, files: Path, arguments: str, words: str) -> None:
    outcome = cli(*(part.format(files=files) for part in arguments.split()))
    assert outcome.code == 2
    assert words in outcome.stderr
    assert len([line for line in outcome.stderr.splitlines() if line.startswith("blender-nst: ")]) == 1
