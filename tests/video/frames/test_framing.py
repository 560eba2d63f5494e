"""Framing: what a render region leaves out, and the margins of a panorama."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from video.frames.framing import (
    cropped,
    framed,
    passes_with_margin,
    with_margin,
    without_margin,
)
from video.frames.render_passes import Camera, Passes
from video.frames.sequence import SourceFrame
from video.settings import Panorama

HEIGHT, WIDTH = 8, 64


def frame_with_note(folder: Path, **noted: object) -> SourceFrame:
    passes = folder / "passes_0001.exr"
    passes.with_suffix(".json").write_text(json.dumps({"size": [WIDTH, HEIGHT]} | noted), "utf-8")
    image = np.random.default_rng(1).random((HEIGHT, WIDTH, 3), dtype=np.float32)
    return SourceFrame(1, image, passes)


def test_what_is_outside_of_a_render_region_is_kept(tmp_path: Path) -> None:
    frame = framed(frame_with_note(tmp_path, border=[10, 2, 30, 5]), Panorama.AUTO)
    assert frame.keep is not None
    expected = np.ones((HEIGHT, WIDTH), np.float32)
    expected[2:5, 10:30] = 0.0
    np.testing.assert_array_equal(frame.keep, expected)
    assert frame.margin == 0


def test_it_adds_to_what_is_kept_anyway(tmp_path: Path) -> None:
    frame = frame_with_note(tmp_path, border=[0, 0, WIDTH, 4])
    keep = np.zeros((HEIGHT, WIDTH), np.float32)
    keep[:, :5] = 0.5
    both = framed(SourceFrame(1, frame.image, frame.passes, keep=keep), Panorama.AUTO)
    assert both.keep is not None
    assert (both.keep[4:] == 1.0).all()
    assert (both.keep[:4, :5] == 0.5).all()
    assert (both.keep[:4, 5:] == 0.0).all()


@pytest.mark.parametrize("size", [None, [2 * WIDTH, 2 * HEIGHT], [HEIGHT, WIDTH], "all"])
def test_a_region_of_a_picture_of_another_size_is_none(tmp_path: Path, size: object) -> None:
    assert framed(frame_with_note(tmp_path, border=[10, 2, 30, 5], size=size), Panorama.AUTO).keep is None


@pytest.mark.parametrize("border", [None, [1, 2, 3], "all", [0.5, 0, 1, 1], [True, 0, 1, 1], {"left": 0}])
def test_a_note_that_is_no_region_is_none(tmp_path: Path, border: object) -> None:
    assert framed(frame_with_note(tmp_path, border=border), Panorama.AUTO).keep is None


@pytest.mark.parametrize(
    ("choice", "noted", "has_margin"),
    [
        (Panorama.AUTO, True, True),
        (Panorama.AUTO, False, False),
        (Panorama.AUTO, "yes", False),
        (Panorama.ALWAYS, False, True),
        (Panorama.NEVER, True, False),
    ],
)
def test_which_frames_get_margins(tmp_path: Path, choice: Panorama, noted: object, has_margin: bool) -> None:
    source = frame_with_note(tmp_path, panorama=noted)
    frame = framed(source, choice)
    assert (frame.margin > 0) == has_margin
    assert frame.image.shape[1] == WIDTH + 2 * frame.margin
    np.testing.assert_array_equal(without_margin(frame).image, source.image)


def test_a_frame_whose_note_is_damaged_is_no_panorama(tmp_path: Path) -> None:
    source = frame_with_note(tmp_path, panorama=True)
    assert source.passes is not None
    source.passes.with_suffix(".json").write_text("{", "utf-8")
    assert framed(source, Panorama.AUTO).margin == 0


def test_margins_show_the_other_side() -> None:
    columns = np.tile(np.arange(10, dtype=np.float32), (2, 1))
    assert with_margin(columns, 3)[0].tolist() == [7, 8, 9, *range(10), 0, 1, 2]
    np.testing.assert_array_equal(cropped(with_margin(columns, 3), 3), columns)


def test_masks_and_passes_have_them_too(tmp_path: Path) -> None:
    mask = np.random.default_rng(2).random((HEIGHT, WIDTH), dtype=np.float32)
    source = frame_with_note(tmp_path)
    frame = framed(SourceFrame(1, source.image, masks={"sky": mask}, keep=mask), Panorama.ALWAYS)
    np.testing.assert_array_equal(frame.masks["sky"], with_margin(mask, frame.margin))
    np.testing.assert_array_equal(frame.keep, with_margin(mask, frame.margin))
    camera = Camera("Camera", np.eye(4), None)
    passes = passes_with_margin(Passes(depth=mask, index=mask, camera=camera), frame.margin)
    assert passes.camera is not None
    assert passes.camera.margin == pytest.approx(frame.margin / frame.image.shape[1])
    np.testing.assert_array_equal(passes.depth, with_margin(mask, frame.margin))
    np.testing.assert_array_equal(passes.index, with_margin(mask, frame.margin))


def test_what_crosses_the_edge_moves_the_short_way() -> None:
    vector = np.zeros((2, WIDTH, 4), np.float32)
    # Two columns to the left, over the edge: Blender's difference of columns is a width too long.
    vector[0, 1] = [WIDTH - 2.0, 3.0, -(WIDTH - 1.5), -4.0]
    vector[1, 20] = [5.0, 60.0, -7.0, 61.0]
    moved = passes_with_margin(Passes(vector=vector), 8).vector
    assert moved is not None
    assert moved[0, 1 + 8].tolist() == [-2.0, 3.0, 1.5, -4.0]
    assert moved[1, 20 + 8].tolist() == [5.0, 60.0, -7.0, 61.0]
    assert vector[0, 1, 0] == WIDTH - 2.0, "the passes themselves stay"
