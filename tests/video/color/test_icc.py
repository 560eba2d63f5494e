"""Embedded profiles: to sRGB as littleCMS has it, and back."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.video.made_files.icc_files import (
    ADOBE_RGB,
    DISPLAY_P3,
    SRGB_CURVE,
    gamma_curve,
    make_profile,
    table_curve,
)
from video.color.icc import DisplayProfile, ProfileError, parse_profile
from video.images.image_files import read_picture, write_png

REC_709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
PROFILES = {
    "Display P3": make_profile(DISPLAY_P3, SRGB_CURVE),
    "Adobe RGB": make_profile(ADOBE_RGB, gamma_curve(563 / 256)),
    "table": make_profile(DISPLAY_P3, table_curve(np.linspace(0.0, 1.0, 300) ** 1.8)),
}
RNG = np.random.default_rng(5)
RGB = RNG.integers(0, 256, (16, 20, 3)).astype(np.uint8)


@pytest.mark.parametrize("name", PROFILES)
def test_to_srgb_as_little_cms_does_it(name: str) -> None:
    # Muted colors, which sRGB can show.
    muted = (90 + RGB // 4).astype(np.uint8)
    ours = parse_profile(PROFILES[name]).to_display(muted / np.float32(255.0))
    theirs = ImageCms.profileToProfile(
        Image.fromarray(muted),
        io.BytesIO(PROFILES[name]),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    assert theirs is not None
    assert np.abs(ours - np.asarray(theirs) / 255.0).max() < 0.006


@pytest.mark.parametrize("name", PROFILES)
def test_there_and_back_is_where_it_began(name: str) -> None:
    profile = parse_profile(PROFILES[name])
    shown = RNG.random((50, 3)).astype(np.float32)
    np.testing.assert_allclose(profile.to_display(profile.from_display(shown)), shown, atol=2e-4)


def test_srgb_is_known_under_any_name() -> None:
    assert parse_profile(make_profile(REC_709, SRGB_CURVE)).is_srgb
    assert not parse_profile(PROFILES["Display P3"]).is_srgb


@pytest.mark.parametrize("cut", [0, 100, 130, 200, 240])
def test_a_profile_that_is_cut_short_is_none(cut: int) -> None:
    with pytest.raises(ProfileError):
        parse_profile(PROFILES["Adobe RGB"][:cut])


@pytest.mark.parametrize("kind", ["LAB", "XYZ"])
def test_a_profile_of_another_kind_is_none(kind: Literal["LAB", "XYZ"]) -> None:
    with pytest.raises(ProfileError):
        parse_profile(ImageCms.ImageCmsProfile(ImageCms.createProfile(kind)).tobytes())


def test_any_damage_leaves_colors_or_a_clear_error() -> None:
    refused = 0
    for number in range(300):
        damaged = bytearray(PROFILES[list(PROFILES)[number % 3]])
        for place in RNG.integers(0, 260, 3):
            damaged[place] = RNG.integers(256)
        try:
            profile = parse_profile(bytes(damaged))
        except ProfileError as error:
            refused += 1
            assert "\n" not in str(error)  # noqa: PT017
        else:
            shown = profile.to_display(RGB / np.float32(255.0))
            assert np.isfinite(shown).all()
            assert shown.min() >= 0.0
            assert shown.max() <= 1.0
    assert 0 < refused < 300


def test_profiles_are_parsed_on_several_threads() -> None:
    with ThreadPoolExecutor(4) as threads:
        parsed = list(threads.map(parse_profile, list(PROFILES.values()) * 20))
    assert [profile.data for profile in parsed] == list(PROFILES.values()) * 20


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("name", PROFILES)
def test_a_pictures_profile_is_followed_and_kept(tmp_path: Path, name: str, bits: int) -> None:
    path = tmp_path / "picture.png"
    levels = 2**bits - 1
    pixels = (RNG.integers(0, levels + 1, (16, 20, 3)) / levels).astype(np.float32)
    write_png(path, pixels, bits, profile=PROFILES[name])
    picture = read_picture(path)
    assert picture.original is not None
    assert isinstance(picture.original.space, DisplayProfile)
    np.testing.assert_allclose(picture.original.pixels, pixels, atol=1e-7)
    np.testing.assert_allclose(picture.image, picture.original.space.to_display(pixels), atol=1e-5)
    with Image.open(path) as image:
        assert image.info["icc_profile"] == PROFILES[name]


def test_a_profile_of_deep_pixels_in_a_tiff_is_followed(tmp_path: Path) -> None:
    gray = np.full((8, 8), 30_000, np.uint16)
    path = tmp_path / "gray.tif"
    cv2.imwrite(str(path), cv2.merge([gray] * 3))
    assert read_picture(path).original is None
    Image.fromarray(RGB).save(path, icc_profile=PROFILES["Adobe RGB"])
    picture = read_picture(path)
    assert picture.original is not None
    np.testing.assert_array_equal(picture.original.pixels, RGB / np.float32(255.0))
