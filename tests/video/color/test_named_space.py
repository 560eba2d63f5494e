"""Color spaces that a file names: followed, and led back to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest

from tests.video.icc_files import DISPLAY_P3, SRGB_CURVE, make_profile
from video.color.icc import parse_profile
from video.color.named_space import NamedColorSpace, named_space
from video.images.image_files import read_picture

RNG = np.random.default_rng(6)
# H.273: the primaries P3 D65 and Rec. 709, sRGB's curve, RGB, full range.
DISPLAY_P3_CODES, SRGB_CODES = (12, 13, 0, 1), (1, 13, 0, 1)


def write_named(path: Path, pixels: np.ndarray, codes: tuple[int, int, int, int]) -> Path:
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], 3, "uint16")
    spec.attribute("CICP", "int[4]", codes)
    output = oiio.ImageOutput.create(str(path))
    assert output is not None
    assert output.open(str(path), spec)
    assert output.write_image(pixels)
    assert output.close()
    return path


def test_a_png_that_names_display_p3_is_shown_as_one_with_its_profile(tmp_path: Path) -> None:
    pixels = RNG.integers(0, 65536, (16, 20, 3)).astype(np.uint16)
    picture = read_picture(write_named(tmp_path / "a.png", pixels, DISPLAY_P3_CODES))
    assert picture.original is not None
    assert isinstance(picture.original.space, NamedColorSpace)
    values = (pixels / 65535.0).astype(np.float32)
    np.testing.assert_allclose(picture.original.pixels, values, atol=1e-6)
    profile = parse_profile(make_profile(DISPLAY_P3, SRGB_CURVE))
    np.testing.assert_allclose(picture.image, profile.to_display(values), atol=2e-3)


def test_a_png_that_names_srgb_is_plain(tmp_path: Path) -> None:
    pixels = RNG.integers(0, 65536, (16, 20, 3)).astype(np.uint16)
    assert read_picture(write_named(tmp_path / "a.png", pixels, SRGB_CODES)).original is None


def test_there_and_back_is_where_it_began() -> None:
    space = named_space("srgb_p3d65_scene")
    assert space is not None
    shown = RNG.random((50, 3)).astype(np.float32)
    np.testing.assert_allclose(space.to_display(space.from_display(shown)), shown, atol=1e-4)


@pytest.mark.parametrize("name", ["", "srgb_rec709_scene", "g22_rec709_scene", "pq_rec2020_display", "words"])
def test_other_names_are_taken_for_srgb(name: str) -> None:
    assert named_space(name) is None
