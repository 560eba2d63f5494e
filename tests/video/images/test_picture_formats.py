"""The registry of picture formats: what it promises, OpenImageIO can read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenImageIO as oiio
import pytest

from tests.video.made_files.film_files import cineon, film_codes
from tests.video.made_files.picture_corpus import RGB, written
from video.color.color_space import CineonLog
from video.frames.sequence import open_sequence
from video.images.headers.isobmff import HEIF_SUFFIXES
from video.images.image_files import read_picture
from video.images.picture_formats import FORMATS, IMAGE_SUFFIXES

RNG = np.random.default_rng(8)


def test_openimageio_reads_every_format_by_its_suffixes() -> None:
    readable = set(oiio.get_string_attribute("input_format_list").split(","))
    extensions = dict(
        entry.split(":") for entry in oiio.get_string_attribute("extension_list").split(";") if entry
    )
    for kind in FORMATS.values():
        assert kind.name in readable
        known = {f".{extension}" for extension in extensions[kind.name].split(",")}
        assert set(kind.suffixes) <= known


def test_a_suffix_belongs_to_one_format() -> None:
    suffixes = [*HEIF_SUFFIXES, *(suffix for kind in FORMATS.values() for suffix in kind.suffixes)]
    assert len(suffixes) == len(set(suffixes)) == len(IMAGE_SUFFIXES)


@pytest.mark.parametrize("suffix", ["tga", "sgi", "ppm"])
def test_frames_of_other_formats_are_a_sequence(tmp_path: Path, suffix: str) -> None:
    for number in (1, 2):
        written(tmp_path / f"frame_{number:04d}.{suffix}", RGB)
    frames = list(open_sequence(tmp_path))
    assert [frame.number for frame in frames] == [1, 2]
    np.testing.assert_allclose(frames[0].image, RGB / 255.0, atol=1e-6)


def test_film_is_shown_and_led_back_to_its_codes(tmp_path: Path) -> None:
    display = RNG.random((20, 24, 3)).astype(np.float32)
    codes = np.round(film_codes(display)).astype(np.uint32)
    (tmp_path / "film.cin").write_bytes(cineon(codes))
    picture = read_picture(tmp_path / "film.cin")
    np.testing.assert_allclose(picture.image, display, atol=0.005)
    assert picture.original is not None
    assert isinstance(picture.original.space, CineonLog)
    again = picture.original.space.from_display(picture.original.space.to_display(picture.original.pixels))
    np.testing.assert_allclose(again * 1023.0, codes, atol=0.1)
