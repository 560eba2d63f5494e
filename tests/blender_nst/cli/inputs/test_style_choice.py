"""Several styles, regions, kept areas, start image, snapshots and denoising, as options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import OpenEXR
import pytest

from tests.blender_nst.command_line import Cli
from video.frames.cryptomatte import identifier
from video.images.image_files import read_image, write_png
from video.paintings.painting import Painting

Picture = Callable[..., np.ndarray]

TINY = ["--steps", "4", "--coarsest-size", "64", "--device", "cpu"]


@pytest.fixture(scope="module")
def files(picture: Picture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of 48×32 px, frames 1 and 2 of them, and masks: `left` is white in its left half."""
    folder = tmp_path_factory.mktemp("styles")
    write_png(folder / "picture.png", picture(48, 32))
    write_png(folder / "knife.png", picture(48, 32, Painting.KNIFE))
    write_png(folder / "swirls.png", picture(48, 32, Painting.SWIRLS))
    left = np.zeros((32, 48, 3), np.float32)
    left[:, :24] = 1.0
    write_png(folder / "left.png", left)
    write_png(folder / "small.png", left[:20, :20])
    for number in (1, 2):
        write_png(folder / "frames" / f"f_{number:04}.png", picture(52, 32)[:, 2 * number : 2 * number + 48])
        write_png(folder / f"mask_{number:04}.png", left)
    write_png(folder / "short_0001.png", left)
    return folder


@pytest.fixture
def styled(cli: Cli, files: Path, tmp_path: Path) -> Callable[[str], np.ndarray]:
    """Stylizes the picture with options (`{f}` is the folder of the files)."""

    def run(options: str) -> np.ndarray:
        out = tmp_path / "styled.png"
        arguments = (part.format(f=files) for part in options.split())
        outcome = cli("image", files / "picture.png", "--out", out, *TINY, *arguments)
        assert outcome.code == 0, outcome.stderr
        return read_image(out)

    return run


def difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).mean())


def test_weights_lead_from_one_style_to_the_other(styled: Callable[[str], np.ndarray]) -> None:
    knife, swirls = styled("-s {f}/knife.png"), styled("-s {f}/swirls.png")
    nearly = styled("-s {f}/knife.png -s {f}/swirls.png --style-weights 1000,1")
    equal = styled("-s {f}/knife.png -s {f}/swirls.png")
    # Few places take their strokes from the one feature that the weak style has in a thousand.
    assert difference(nearly, knife) < 0.3 * difference(swirls, knife)
    assert difference(nearly, knife) < difference(equal, knife)
    np.testing.assert_array_equal(equal, styled("-s {f}/knife.png -s {f}/swirls.png --style-weights 2,2"))


def test_without_a_general_style_only_the_region_is_stylized(
    styled: Callable[[str], np.ndarray], files: Path
) -> None:
    result, rendered = styled("--region {f}/left.png={f}/knife.png"), read_image(files / "picture.png")
    np.testing.assert_array_equal(result[:, 24:], rendered[:, 24:])
    assert difference(result[:, :24], rendered[:, :24]) > 0.01


@pytest.mark.parametrize("denoise", ["none", "nlm", "bilateral"])
def test_kept_area_is_left_as_rendered(
    styled: Callable[[str], np.ndarray], files: Path, denoise: str
) -> None:
    result = styled(f"-s {{f}}/knife.png --keep {{f}}/left.png --denoise {denoise}")
    rendered = read_image(files / "picture.png")
    np.testing.assert_array_equal(result[:, :24], rendered[:, :24])
    assert difference(result[:, 24:], rendered[:, 24:]) > 0.01


def test_denoising_changes_the_picture_a_little(styled: Callable[[str], np.ndarray]) -> None:
    plain, clean = styled("-s {f}/knife.png"), styled("-s {f}/knife.png --denoise bilateral")
    assert 0.0 < difference(plain, clean) < 0.05


def test_start_image_decides_where_the_optimization_begins(styled: Callable[[str], np.ndarray]) -> None:
    from_content = styled("-s {f}/knife.png")
    assert difference(from_content, styled("-s {f}/knife.png --start-image {f}/swirls.png")) > 0.01
    np.testing.assert_array_equal(from_content, styled("-s {f}/knife.png --start-image {f}/picture.png"))


def test_snapshots_lie_beside_the_picture(styled: Callable[[str], np.ndarray], tmp_path: Path) -> None:
    styled("-s {f}/knife.png --snapshot-every 2")
    assert sorted(path.name for path in (tmp_path / "snapshots").iterdir()) == [
        "losses.csv",
        "losses.jsonl",
        "step_00002.png",
        "step_00004.png",
        "strip.png",
    ]


@pytest.mark.parametrize("mask", ["left.png", "mask_####.png", "mask_%04d.png"])
def test_regions_of_a_sequence(cli: Cli, files: Path, tmp_path: Path, mask: str) -> None:
    region = f"{files / mask}={files / 'knife.png'}"
    wanted = ["--snapshot-every", "1", "--warm-steps", "1", "--no-movie", "--no-contact-sheet", *TINY]
    outcome = cli("stylize", files / "frames", "--region", region, "--out", tmp_path, *wanted)
    assert outcome.code == 0, outcome.stderr
    for number in (1, 2):
        result = read_image(tmp_path / "styled" / f"styled_{number:04}.png")
        rendered = read_image(files / "frames" / f"f_{number:04}.png")
        np.testing.assert_array_equal(result[:, 24:], rendered[:, 24:])
        assert difference(result[:, :24], rendered[:, :24]) > 0.005
        assert (tmp_path / "snapshots" / f"frame_{number:04}" / "strip.png").is_file()


def test_parts_of_a_sequence_with_passes(cli: Cli, files: Path, tmp_path: Path) -> None:
    """The left half of each frame is the cube, which is left as rendered."""
    cube = np.full((32, 48), identifier("Cube"), np.uint32).view(np.float32)
    left = (np.arange(48) < 24).astype(np.float32) * np.ones((32, 1), np.float32)
    (tmp_path / "passes").mkdir()
    for number in (1, 2):
        channels = {"ViewLayer.CryptoObject00.r": cube, "ViewLayer.CryptoObject00.g": left}
        exr = OpenEXR.File({"type": OpenEXR.scanlineimage}, channels)
        exr.write(str(tmp_path / "passes" / f"passes_{number:04}.exr"))
    options = ["--passes", tmp_path / "passes", "--keep", "object:Cube", "--style", files / "knife.png"]
    wanted = ["--warm-steps", "1", "--no-movie", "--no-contact-sheet", *TINY]
    outcome = cli("stylize", files / "frames", *options, "--out", tmp_path, *wanted)
    assert outcome.code == 0, outcome.stderr
    for number in (1, 2):
        result = read_image(tmp_path / "styled" / f"styled_{number:04}.png")
        rendered = read_image(files / "frames" / f"f_{number:04}.png")
        np.testing.assert_array_equal(result[:, :24], rendered[:, :24])
        assert difference(result[:, 24:], rendered[:, 24:]) > 0.005


IMAGE = "image {f}/picture.png --out {out}/a.png"
SEQUENCE = "stylize {f}/frames --out {out}"
REFUSALS = {
    "no style": (IMAGE, "no style: name a picture with --style"),
    "no style for a chunk": ("chunk {f}/frames --frames 1 --out {out}", "no style: name a picture with"),
    "no scene": ("render {f}/scene.blend --out {out}", "there is no such .blend file"),
    "too many weights": (f"{IMAGE} -s {{f}}/knife.png --style-weights 1,2", "2 weights for 1 styles"),
    "weight of nothing": (f"{IMAGE} -s {{f}}/knife.png --style-weights 0", "'0' is no positive number"),
    "weight no number": (f"{IMAGE} -s {{f}}/knife.png --style-weights a", "'a' is no positive number"),
    "infinite weight": (f"{IMAGE} -s {{f}}/knife.png --style-weights inf", "'inf' is no positive number"),
    "weights that overflow": (
        f"{IMAGE} -s {{f}}/knife.png -s {{f}}/swirls.png --style-weights 1e308,1e308",
        "'1e308' is no positive number",
    ),
    "no equals sign": (f"{IMAGE} --region {{f}}/left.png", "write it as MASK=STYLE"),
    "no mask": (f"{IMAGE} --region ={{f}}/knife.png", "write it as MASK=STYLE"),
    "no name of a part": (f"{IMAGE} --region object:={{f}}/knife.png", "the name of the object is missing"),
    "part without passes": (f"{IMAGE} --region object:Cube={{f}}/knife.png", "frame 1: has no passes"),
    "collection of frames": (f"{IMAGE} --region collection:A={{f}}/knife.png", "name the objects"),
    "two masks that keep": (f"{IMAGE} -s {{f}}/knife.png --keep a.png --keep b.png", "join them into one"),
    "mask missing": (f"{IMAGE} --region {{f}}/no.png={{f}}/knife.png", "no.png: does not exist"),
    "region's style missing": (f"{IMAGE} --region {{f}}/left.png={{f}}/no.png", "no.png: does not exist"),
    "mask too small": (f"{IMAGE} --region {{f}}/small.png={{f}}/knife.png", "small.png is 20×20 px"),
    "pattern for one picture": (f"{IMAGE} --region {{f}}/mask_####.png={{f}}/knife.png", "is a pattern"),
    "kept too small": (f"{IMAGE} -s {{f}}/knife.png --keep {{f}}/small.png", "small.png is 20×20 px"),
    "start too small": (
        f"{IMAGE} -s {{f}}/knife.png --start-image {{f}}/small.png",
        "small.png is 20×20 px but the picture is 48×32 px",
    ),
    "start missing": (f"{IMAGE} -s {{f}}/knife.png --start-image {{f}}/no.png", "no.png: does not exist"),
    "mask of a frame missing": (
        f"{SEQUENCE} --region {{f}}/short_####.png={{f}}/knife.png",
        "is missing for the frames 2",
    ),
    "sequence's mask too small": (f"{SEQUENCE} -s {{f}}/knife.png --keep {{f}}/small.png", "is 20×20 px"),
    "sequence's start too small": (
        f"{SEQUENCE} -s {{f}}/knife.png --start-image {{f}}/small.png",
        "is 20×20 px",
    ),
    "no mask matches": (f"{SEQUENCE} --region {{f}}/no_####.png={{f}}/knife.png", "no file matches"),
}


@pytest.mark.parametrize(("arguments", "words"), REFUSALS.values(), ids=REFUSALS)
def test_bad_input_is_one_line_and_nothing_is_written(
    cli: Cli, files: Path, tmp_path: Path, arguments: str, words: str
) -> None:
    out = tmp_path / "out"
    outcome = cli(*(part.format(f=files, out=out) for part in arguments.split()))
    assert outcome.code == 2
    (line,) = outcome.stderr.splitlines()
    assert words in line
    assert not out.exists()
