"""Framing: what a render region leaves out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from video.frames.framing import framed
from video.frames.sequence import SourceFrame

HEIGHT, WIDTH = 8, 64


def frame_with_note(folder: Path, **noted: object) -> SourceFrame:
    passes = folder / "passes_0001.exr"
    passes.with_suffix(".json").write_text(json.dumps(noted), "utf-8")
    image = np.random.default_rng(1).random((HEIGHT, WIDTH, 3), dtype=np.float32)
    return SourceFrame(1, image, passes)


def test_what_is_outside_of_a_render_region_is_kept(tmp_path: Path) -> None:
    frame = framed(frame_with_note(tmp_path, border=[10, 2, 30, 5]))
    assert frame.keep is not None
    expected = np.ones((HEIGHT, WIDTH), np.float32)
    expected[2:5, 10:30] = 0.0
    np.testing.assert_array_equal(frame.keep, expected)


def test_it_adds_to_what_is_kept_anyway(tmp_path: Path) -> None:
    frame = frame_with_note(tmp_path, border=[0, 0, WIDTH, 4])
    keep = np.zeros((HEIGHT, WIDTH), np.float32)
    keep[:, :5] = 0.5
    both = framed(SourceFrame(1, frame.image, frame.passes, keep=keep))
    assert both.keep is not None
    assert (both.keep[4:] == 1.0).all()
    assert (both.keep[:4, :5] == 0.5).all()
    assert (both.keep[:4, 5:] == 0.0).all()


@pytest.mark.parametrize("border", [None, [1, 2, 3], "all", [0.5, 0, 1, 1], [True, 0, 1, 1], {"left": 0}])
def test_a_note_that_is_no_region_is_none(tmp_path: Path, border: object) -> None:
    assert framed(frame_with_note(tmp_path, border=border)).keep is None
