"""What docs/formats.md says of formats is so: each claim is read right, and the table is made of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.video import format_table
from tests.video.format_claims import Claim, claims
from video.images.headers.isobmff import HEIF_SUFFIXES
from video.images.image_files import read_header, read_picture
from video.images.picture_formats import FORMATS
from video.settings import FrameFormat, MovieCodec

CLAIMS = claims()


@pytest.mark.parametrize(
    "claim", CLAIMS, ids=[f"{number}-{claim.format}-{claim.what}" for number, claim in enumerate(CLAIMS)]
)
def test_it_is_read_as_claimed(tmp_path: Path, claim: Claim) -> None:
    if not claim.available():
        pytest.skip("this installation has no library for it")
    path = tmp_path / f"picture{claim.suffix}"
    path.write_bytes(claim.make(path))
    header, image = read_header(path), read_picture(path).image
    truth = claim.shown
    if truth.shape[2] < 3:
        truth = np.concatenate([truth[..., :1].repeat(3, axis=2), truth[..., 1:]], axis=2)
    assert image.dtype == np.float32
    assert image.shape == truth.shape
    assert header == (truth.shape[1], truth.shape[0], truth.shape[2] == 4)
    seen = np.ones(truth.shape[:2], bool) if truth.shape[2] == 3 else truth[..., 3] > 0.0
    assert np.abs(image - truth)[seen][:, :3].max() * 255.0 <= claim.within
    np.testing.assert_allclose(image[..., 3:], truth[..., 3:], atol=1.0 / 255.0)


def test_every_format_that_is_read_is_claimed() -> None:
    proven = {claim.suffix for claim in CLAIMS}
    for kind in FORMATS.values():
        assert not kind.suffixes or proven & set(kind.suffixes), kind.name
    assert proven & set(HEIF_SUFFIXES)


@pytest.mark.parametrize(
    ("path", "made", "table"),
    [
        (format_table.DOCUMENT, format_table.document, format_table.table),
        (format_table.README, format_table.readme, format_table.short_table),
    ],
    ids=["docs", "README"],
)
def test_the_tables_are_made_of_the_claims(
    path: Path, made: Callable[[], str], table: Callable[[], str]
) -> None:
    text = path.read_text("utf-8")
    assert made() == text, "run python -m tests.video.format_table"
    assert table() in text


def test_the_short_table_has_every_format() -> None:
    short = format_table.short_table()
    assert all(claim.format in short for claim in CLAIMS)
    assert all(kind.label in short for kind in (*FrameFormat, *MovieCodec))
