"""A network whose features overflow: no picture is written, and the frame is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from compositor.networks.weights import EMBEDDED
from tests.blender_nst.command_line import Cli
from video.images.image_files import write_png
from video.paintings.painting import Painting, paint

TINY = ["--coarsest-size", "64", "--device", "cpu"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames, a style, and the embedded network with weights that are finite and far too large."""
    folder = tmp_path_factory.mktemp("divergence")
    wide = paint(Painting.DABS, 96, 48)
    for number in (3, 4):
        write_png(folder / f"frames/f_{number:04}.png", wide[:, number : number + 64])
    write_png(folder / "style.png", paint(Painting.KNIFE, 64, 48))
    huge = {name: 1e9 * tensor.float() for name, tensor in load_file(EMBEDDED).items()}
    assert all(tensor.isfinite().all() for tensor in huge.values())
    save_file({name: tensor.to(torch.float32) for name, tensor in huge.items()}, folder / "huge.safetensors")
    return folder


def written(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*.*") if path.suffix in (".png", ".mp4")]


def test_a_picture_is_named_and_not_written(cli: Cli, files: Path, tmp_path: Path) -> None:
    outcome = cli(
        *("image", files / "style.png", "-s", files / "style.png", "-o", tmp_path / "a.png", *TINY),
        *("--network", files / "huge.safetensors", "--steps", "2"),
    )
    assert outcome.code == 2
    last = outcome.stderr.splitlines()[-1]
    assert f"{files / 'style.png'}: at step 1 the loss" in last
    assert written(tmp_path) == []


def test_a_frame_is_named_and_not_written(cli: Cli, files: Path, tmp_path: Path) -> None:
    outcome = cli(
        *("stylize", files / "frames", "-s", files / "style.png", "-o", tmp_path, *TINY, "--json"),
        *("--network", files / "huge.safetensors", "--steps", "2"),
    )
    assert outcome.code == 2
    failed = json.loads(outcome.stdout.splitlines()[-1])
    assert (failed["event"], failed["frame"]) == ("failed", 3)
    assert failed["error"].startswith("frame 3: at step 1 the loss")
    assert written(tmp_path) == []


def test_a_cell_of_a_sweep_is_named(cli: Cli, files: Path, tmp_path: Path) -> None:
    outcome = cli(
        *("sweep", files / "style.png", "-s", files / "style.png", "-o", tmp_path, *TINY),
        *("--network", files / "huge.safetensors", "--vary", "steps=1,2"),
    )
    assert outcome.code == 2
    assert "steps=1: at step 1 the loss" in outcome.stderr.splitlines()[-1]
    assert written(tmp_path) == []
