"""Masks from Cryptomatte passes, on files made by code; `test_scene_regions.py` has Blender's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest

from video.errors import FileError, FrameError
from video.frames.cryptomatte import (
    MatteKind,
    MatteRegion,
    MatteSequence,
    identifier,
    murmur3_32,
    read_mattes,
    with_mattes,
)
from video.frames.sequence import SourceFrame

SIZE = (4, 6)
CUBE, BALL = "Cube", 'Ball ä"x'


def as_float(identity: int) -> np.float32:
    return np.array([identity], np.uint32).view(np.float32)[0]


def write_mattes(
    path: Path, ranks: list[tuple[int, np.ndarray]], *, layer: str = "View.Layer", manifest: str | None = None
) -> Path:
    """An EXR of object mattes, each rank one identifier with its coverage."""
    channels: dict[str, np.ndarray] = {f"{layer}.Combined.R": np.zeros(SIZE, np.float32)}
    for place, (identity, coverage) in enumerate(ranks):
        first, second = ("r", "g") if place % 2 == 0 else ("b", "a")
        prefix = f"{layer}.CryptoObject{place // 2:02d}."
        channels[prefix + first] = np.full(SIZE, as_float(identity), np.float32)
        channels[prefix + second] = coverage.astype(np.float32)
    header: dict[str, Any] = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    if manifest is not None:
        header |= {"cryptomatte/0a/name": f"{layer}.CryptoObject", "cryptomatte/0a/manifest": manifest}
    OpenEXR.File(header, channels).write(str(path))
    return path


@pytest.mark.parametrize(
    ("text", "expected"),
    # The hash's published test vectors with the seed 0; the two longer names as Blender 4.5 hashed them.
    [("", 0), ("test", 0xBA6BD213), ("Hello, world!", 0xC0363E43), (CUBE, 0xA8FCE865), (BALL, 0x6FEA35E8)],
)
def test_the_hash_is_murmurs(text: str, expected: int) -> None:
    assert murmur3_32(text.encode()) == expected


def test_an_identifier_is_never_a_denormal_or_infinite() -> None:
    names = [f"object {number}" for number in range(2000)]
    floats = np.array([identifier(name) for name in names], np.uint32).view(np.float32)
    assert np.isfinite(floats).all()
    assert (np.abs(floats) >= np.finfo(np.float32).tiny).all()
    changed = [name for name in names if identifier(name) != murmur3_32(name.encode())]
    assert changed, "about one in 128 needs it"


def test_coverage_is_summed_over_the_ranks_and_over_the_names(tmp_path: Path) -> None:
    ramp = np.tile(np.linspace(0.0, 1.0, SIZE[1]), (SIZE[0], 1))
    path = write_mattes(
        tmp_path / "a.exr",
        [(identifier(CUBE), 0.5 * ramp), (identifier(BALL), 1.0 - ramp), (identifier(CUBE), 0.25 * ramp)],
    )
    mattes = read_mattes(path, MatteKind.OBJECT)
    np.testing.assert_allclose(mattes.coverage([CUBE]), 0.75 * ramp, atol=1e-6)
    np.testing.assert_allclose(mattes.coverage([CUBE, BALL]), 1.0 - 0.25 * ramp, atol=1e-6)
    assert not mattes.coverage(["nobody"]).any()


def test_a_pixel_that_is_covered_but_for_rounding_is_covered(tmp_path: Path) -> None:
    path = write_mattes(tmp_path / "a.exr", [(identifier(CUBE), np.full(SIZE, 0.9999))])
    assert (read_mattes(path, MatteKind.OBJECT).coverage([CUBE]) == 1.0).all()


def test_the_files_manifest_goes_before_the_hash(tmp_path: Path) -> None:
    path = write_mattes(
        tmp_path / "a.exr", [(0x3F000001, np.ones(SIZE))], manifest=json.dumps({CUBE: "3f000001"})
    )
    assert (read_mattes(path, MatteKind.OBJECT).coverage([CUBE]) == 1.0).all()


@pytest.mark.parametrize("manifest", ['{"Ball ä"x":"6fea35e8"}', "[]", '{"Ball": 3}', None])
def test_a_manifest_that_is_none_is_done_without(tmp_path: Path, manifest: str | None) -> None:
    path = write_mattes(tmp_path / "a.exr", [(identifier(BALL), np.ones(SIZE))], manifest=manifest)
    assert (read_mattes(path, MatteKind.OBJECT).coverage([BALL]) == 1.0).all()


def test_where_regions_overlap_the_earlier_one_goes_first(tmp_path: Path) -> None:
    half = np.full(SIZE, 0.5)
    path = write_mattes(tmp_path / "a.exr", [(identifier(CUBE), half), (identifier(BALL), half)])
    frame = SourceFrame(7, np.zeros((*SIZE, 3), np.float32), path)
    regions = [
        MatteRegion(MatteKind.OBJECT, (CUBE,), "cube"),
        MatteRegion(MatteKind.OBJECT, (CUBE, BALL), "both"),
        MatteRegion(MatteKind.OBJECT, (BALL,), None),
    ]
    (masked,) = MatteSequence([frame], regions)
    assert masked.number == 7
    np.testing.assert_allclose(masked.masks["cube"], 0.5)
    np.testing.assert_allclose(masked.masks["both"], 0.5)
    assert masked.keep is not None
    assert not masked.keep.any()
    assert with_mattes(frame, regions[:1]).keep is None
    assert with_mattes(frame, []) is frame


def test_what_is_missing_is_told_with_the_frame(tmp_path: Path) -> None:
    image = np.zeros((*SIZE, 3), np.float32)
    objects = [MatteRegion(MatteKind.OBJECT, (CUBE,), "cube")]
    materials = [MatteRegion(MatteKind.MATERIAL, ("Gold",), "gold")]
    path = write_mattes(tmp_path / "a.exr", [(identifier(CUBE), np.ones(SIZE))])
    with pytest.raises(FileError, match="no Cryptomatte of materials"):
        read_mattes(path, MatteKind.MATERIAL)
    for frame, regions, message in (
        (SourceFrame(3, image), objects, "has no passes"),
        (SourceFrame(3, image, tmp_path / "none.exr"), objects, "does not exist"),
        (SourceFrame(3, image, path), materials, "Cryptomatte Material"),
        (SourceFrame(3, np.zeros((2, 2, 3), np.float32), path), objects, "another size"),
    ):
        with pytest.raises(FrameError, match=message) as caught:
            with_mattes(frame, regions)
        assert caught.value.frame == 3
