"""The picture in EXRs of other programs: among layers, among parts that have names alone, among views."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import OpenEXR
import pytest

from video.errors import FileError
from video.images.exr import exr_header, left_out_views, read_channels, read_color

RNG = np.random.default_rng(12)
HEIGHT, WIDTH = 12, 18
LIGHT = RNG.random((HEIGHT, WIDTH, 4)).astype(np.float32)
Channels = Mapping[str, np.ndarray]


def colors(names: str | Sequence[str], values: np.ndarray = LIGHT) -> dict[str, np.ndarray]:
    """Channels of these names: those of the picture, or of another one."""
    return {name: np.ascontiguousarray(values[..., place]) for place, name in enumerate(names)}


def other(names: str | Sequence[str]) -> dict[str, np.ndarray]:
    return colors(names, RNG.random(LIGHT.shape).astype(np.float32))


def write(path: Path, *parts: tuple[str, Channels], views: Sequence[str] = (), **header: object) -> Path:
    """An EXR of named parts, or of one without a name."""
    made = []
    for number, (name, channels) in enumerate(parts):
        values = {"type": OpenEXR.scanlineimage} | header
        if views:
            values["view"] = views[number]
        made.append(OpenEXR.Part(values, dict(channels), name))
    if len(parts) == 1:
        OpenEXR.File({"type": OpenEXR.scanlineimage} | header, dict(parts[0][1])).write(str(path))
    else:
        OpenEXR.File(made).write(str(path))
    return path


@pytest.mark.parametrize("beauty", ["beauty", "Beauty", "BEAUTY", "rgba", "RGBA", "C", "Ci", "FinalImage"])
@pytest.mark.parametrize("first", [False, True])
def test_parts_are_told_apart_by_their_names_alone(tmp_path: Path, beauty: str, first: bool) -> None:
    parts = [("albedo", other("RGB")), ("N", other("XYZ")), ("depth", other("Z"))]
    parts.insert(0 if first else 2, (beauty, colors("RGBA")))
    np.testing.assert_array_equal(read_color(write(tmp_path / "a.exr", *parts)), LIGHT)
    channels = read_channels(tmp_path / "a.exr")
    np.testing.assert_array_equal(channels["albedo.R"], parts[1 if first else 0][1]["R"])
    np.testing.assert_array_equal(channels["depth.Z"], dict(parts)["depth"]["Z"])


def test_parts_with_data_alone_beside_one_picture(tmp_path: Path) -> None:
    parts = [("depth", other("Z")), ("shot 12", colors("RGBA")), ("uv", other("UV"))]
    np.testing.assert_array_equal(read_color(write(tmp_path / "a.exr", *parts)), LIGHT)


def test_several_pictures_and_none_that_is_the_one_are_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.exr", ("albedo", other("RGB")), ("specular", other("RGB")))
    for read in (read_color, exr_header):
        with pytest.raises(FileError, match=r"several pictures \(albedo, specular\)"):
            read(path)


@pytest.mark.parametrize(
    "names",
    [
        ("Ci.r", "Ci.g", "Ci.b", "a"),
        ("Red", "Green", "Blue", "Alpha"),
        ("RED", "GREEN", "BLUE", "ALPHA"),
        ("red", "green", "blue", "alpha"),
        ("r", "g", "b", "a"),
        ("beauty.red", "beauty.green", "beauty.blue", "beauty.alpha"),
        ("rgba.R", "rgba.G", "rgba.B", "rgba.A"),
        ("MasterBeauty.beauty.R", "MasterBeauty.beauty.G", "MasterBeauty.beauty.B", "A"),
        ("ViewLayer.Combined.R", "ViewLayer.Combined.G", "ViewLayer.Combined.B", "ViewLayer.Combined.A"),
    ],
)
def test_names_of_channels_of_many_renderers(tmp_path: Path, names: tuple[str, ...]) -> None:
    others = other([f"albedo.{each}" for each in "RGB"]) | other([f"Oi.{each}" for each in "rgb"])
    path = write(tmp_path / "a.exr", ("", colors(names) | others | other("Z")))
    np.testing.assert_array_equal(read_color(path), LIGHT)
    np.testing.assert_array_equal(read_color(write(path, ("", colors(names[:3]) | others))), LIGHT[..., :3])


def test_the_picture_without_a_layer_goes_before_any_layer(tmp_path: Path) -> None:
    path = write(tmp_path / "a.exr", ("", other([f"beauty.{each}" for each in "RGBA"]) | colors("RGBA")))
    np.testing.assert_array_equal(read_color(path), LIGHT)


def test_the_first_view_of_a_stereo_picture_in_one_part(tmp_path: Path) -> None:
    # The first view's channels have no view in their names (OpenEXR, "Multi-View OpenEXR").
    right = other(["right.R", "right.G", "right.B", "right.A"])
    path = write(tmp_path / "a.exr", ("", colors("RGBA") | right), multiView=["left", "right"])
    np.testing.assert_array_equal(read_color(path), LIGHT)
    layers = colors([f"V.Combined.{each}" for each in "RGBA"]) | other(
        [f"V.Combined.right.{each}" for each in "RGBA"]
    )
    path = write(tmp_path / "b.exr", ("", layers), multiView=["left", "right"])
    np.testing.assert_array_equal(read_color(path), LIGHT)
    named = colors([f"V.Combined.left.{each}" for each in "RGBA"]) | other(
        [f"V.Combined.right.{each}" for each in "RGBA"]
    )
    path = write(tmp_path / "c.exr", ("", named), multiView=["left", "right"])
    np.testing.assert_array_equal(read_color(path), LIGHT)


def test_the_first_view_where_its_name_comes_last(tmp_path: Path) -> None:
    flat = colors([f"{each}.left" for each in "RGBA"]) | other([f"{each}.right" for each in "RGBA"])
    path = write(tmp_path / "a.exr", ("", flat), multiView=["left", "right"])
    np.testing.assert_array_equal(read_color(path), LIGHT)


@pytest.mark.parametrize("layer", ["", "rgba."])
def test_the_first_view_of_a_stereo_picture_in_parts(tmp_path: Path, layer: str) -> None:
    parts = [(f"{layer}left", colors("RGBA")), (f"{layer}right", other("RGBA"))]
    path = write(tmp_path / "a.exr", *parts, views=["left", "right"])
    np.testing.assert_array_equal(read_color(path), LIGHT)


def test_the_views_that_are_left_out_are_named(tmp_path: Path) -> None:
    right = other([f"right.{each}" for each in "RGBA"])
    both = write(tmp_path / "a.exr", ("", colors("RGBA") | right), multiView=["left", "right"])
    said = left_out_views(both)
    assert said is not None
    assert {"left", "right"} <= set(re.findall(r"\w+", said))
    parts = [(f"{view}", colors("RGBA")) for view in ("left", "right")]
    assert left_out_views(write(tmp_path / "b.exr", *parts, views=["left", "right"])) is not None
    assert left_out_views(write(tmp_path / "c.exr", ("", colors("RGBA")), multiView=["left"])) is None
    assert left_out_views(write(tmp_path / "d.exr", ("", colors("RGBA")))) is None
    (tmp_path / "e.png").write_bytes(b"no EXR")
    assert left_out_views(tmp_path / "e.png") is None


def test_luminance_with_color_differences_is_no_gray(tmp_path: Path) -> None:
    path = write(tmp_path / "a.exr", ("", other(["Y", "RY", "BY"])))
    with pytest.raises(FileError, match="no R, G, B"):
        read_color(path)


def test_only_what_is_wanted_is_decoded(tmp_path: Path) -> None:
    path = write(tmp_path / "a.exr", ("", colors("RGBA") | other([f"pass{each:03d}.R" for each in range(4)])))
    found = read_channels(path, lambda places: [name for name in places if name in ("A", "R", "pass002.R")])
    assert set(found) == {"A", "R", "pass002.R"}
    np.testing.assert_array_equal(found["A"], LIGHT[..., 3])


@pytest.mark.parametrize(
    "names",
    [
        *(("Z",), ("ViewLayer.Depth.Z",), ("ViewLayer.IndexOB.X",), ("depth.V",)),
        *(tuple(f"ViewLayer.CryptoObject00.{each}" for each in "RGBA"), ("uCryptoMaterial01.r",)),
        *(tuple(f"ViewLayer.{layer}" for layer in ("Vector.X", "Vector.Y", "Depth.Z", "Normal.X")),),
        *(("R", "G"), ("ViewLayer.Combined.R", "ViewLayer.Combined.G"), tuple(f"normal.{c}" for c in "RGB")),
    ],
)
def test_measures_alone_are_no_picture(tmp_path: Path, names: tuple[str, ...]) -> None:
    path = write(tmp_path / "a.exr", ("", dict.fromkeys(names, np.full((6, 8), 0.5, np.float32))))
    # From the header: a sequence is refused before its first frame.
    for read in (read_color, exr_header):
        with pytest.raises(FileError, match=r"has no R, G, B channels, nor a Combined pass"):
            read(path)


@pytest.mark.parametrize("names", [("Y",), ("R",), ("A",), ("matte.V",), ("ViewLayer.Mist.M",)])
def test_another_channel_that_is_alone_is_gray(tmp_path: Path, names: tuple[str, ...]) -> None:
    path = write(tmp_path / "a.exr", ("", dict.fromkeys(names, np.full((6, 8), 0.5, np.float32))))
    np.testing.assert_array_equal(read_color(path), np.full((6, 8, 3), 0.5, np.float32))
