"""Measures of a sequence whose styled frames move perfectly, flicker, or cut."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, StyleSettings
from tests.video.made_files.exr_files import vector_channels, write_exr
from tests.video.moving_pictures import waves
from video.errors import FrameError, SequenceError
from video.frames.sequence import SourceFrame
from video.motion.motion_source import MotionFinder
from video.paintings.painting import Painting, paint
from video.reports.frame_measure import LONG_TERM
from video.reports.sequence_metrics import measure
from video.reports.sequence_summary import means, summary
from video.settings import MotionSource

HEIGHT, WIDTH = 64, 96


def pan(count: int) -> list[SourceFrame]:
    return [
        SourceFrame(number, 0.2 + 0.6 * waves(HEIGHT, WIDTH, 2.0 * number)) for number in range(1, count + 1)
    ]


def finder() -> MotionFinder:
    return MotionFinder(MotionSource.DIS)


def test_a_picture_that_moves_along_has_no_flicker_and_one_that_blinks_its_square() -> None:
    contents = pan(LONG_TERM + 2)
    blinking = [SourceFrame(each.number, each.image + 0.1 * (each.number % 2)) for each in contents]
    steady, flickering = (measure(styled, contents, finder(), None) for styled in (contents, blinking))
    assert steady[0].warp_error is None
    for ours, theirs in zip(steady[1:], flickering[1:], strict=True):
        assert ours.warp_error == pytest.approx(0.0, abs=3e-4)
        assert theirs.warp_error == pytest.approx(0.01, abs=5e-4)
    long_term = [each.long_warp_error for each in flickering]
    assert long_term[:LONG_TERM] == [None] * LONG_TERM
    # Four frames apart the blinking is in step.
    assert long_term[LONG_TERM] == pytest.approx(0.0, abs=1e-3)


def test_nothing_is_measured_across_a_cut() -> None:
    contents = pan(2) + [SourceFrame(n, 0.3 * waves(HEIGHT, WIDTH, 500.0 + n)[::-1]) for n in (3, 4)]
    measured = measure(contents, contents, finder(), None)
    assert [each.warp_error is None for each in measured] == [True, False, True, False]


def test_losses_are_the_engines() -> None:
    contents, style = pan(2), waves(HEIGHT, WIDTH, 90.0)
    engine = StyleEngine(StyleSettings(device=DeviceChoice.CPU), style)
    measured = measure(contents, contents, finder(), engine)
    assert measured[0].content == pytest.approx(0.0, abs=1e-6)
    assert measured[1].style == pytest.approx(engine.style_error(contents[1].image))
    overall = means(measured)
    assert overall["style"] == pytest.approx(np.mean([each.style or 0.0 for each in measured]))
    assert overall["long_warp_error"] is None


def test_other_frames_or_sizes_are_refused() -> None:
    contents = pan(2)
    with pytest.raises(SequenceError, match="frame 5"):
        measure([SourceFrame(5, contents[0].image)], contents[:1], finder(), None)
    small = [SourceFrame(1, contents[0].image[:40])]
    with pytest.raises(FrameError, match="another size"):
        measure(small, contents[:1], finder(), None)


def moving_box(folder: Path, count: int) -> list[SourceFrame]:
    """A gray box that moves by 6 px a frame before a wall that stands still, with depth and vectors."""
    wall = 0.4 + 0.2 * waves(HEIGHT, WIDTH)
    frames = []
    for number in range(1, count + 1):
        box = slice(6 * number, 6 * number + 40)
        image, depth = wall.copy(), np.full((HEIGHT, WIDTH), 9.0, np.float32)
        vector = np.zeros((HEIGHT, WIDTH, 4), np.float32)
        image[8:56, box], depth[8:56, box] = 0.5, 3.0
        # Position before less position, and position less position after.
        vector[8:56, box, 0] = vector[8:56, box, 2] = -6.0
        path = folder / f"passes_{number:04d}.exr"
        write_exr(path, vector_channels(vector) | {"ViewLayer.Depth.Z": depth})
        frames.append(SourceFrame(number, image, path))
    return frames


def test_passes_show_edges_and_former_silhouettes(tmp_path: Path) -> None:
    contents = moving_box(tmp_path, 6)
    plain = [replace(each, image=np.full_like(each.image, 0.5)) for each in contents]
    marked = []
    for each in plain:
        image = each.image.copy()
        # Where the left side of the box was in the frame before lies a line.
        image[8:56, 6 * (each.number - 1)] = 0.8
        marked.append(replace(each, image=image))
    vectors = MotionFinder(MotionSource.VECTORS)
    clean, lined = (measure(styled, contents, vectors, None) for styled in (plain, marked))
    assert clean[0].imprint is None
    for each, other in zip(clean[1:], lined[1:], strict=True):
        assert each.imprint == pytest.approx(1.0)
        assert other.imprint is not None
        assert other.imprint > 2.0
        assert each.edge_noise == 0.0
    alone = measure(plain, [replace(each, passes=None) for each in contents], finder(), None)
    assert [each.edge_noise for each in alone] == [None] * 6
    without_vectors = measure(marked, contents, finder(), None)
    assert [each.imprint for each in without_vectors] == [None] * 6
    assert without_vectors[3].edge_noise == lined[3].edge_noise


def test_what_the_first_frame_did_not_show_is_measured_apart(tmp_path: Path) -> None:
    contents = moving_box(tmp_path, 10)
    painting = paint(Painting.SWIRLS, WIDTH, HEIGHT)
    revealed = np.zeros((HEIGHT, WIDTH), bool)
    revealed[8:56, 6:56] = True
    # The painting everywhere, but for what the box has moved away from.
    image = np.where(revealed[..., None], np.float32(0.5), painting)
    styled = [replace(each, image=painting if each.number < 10 else image) for each in contents]
    engine = StyleEngine(StyleSettings(device=DeviceChoice.CPU), painting)
    measured = measure(styled, contents, MotionFinder(MotionSource.VECTORS), engine)
    assert measured[0].revealed_style is None
    last = measured[-1]
    assert last.revealed_style is not None
    assert last.rest_style is not None
    for layer, found in last.revealed_style.items():
        assert found.mean > 1.5 * last.rest_style[layer].mean
    ratio = summary(measured[-1:])["revealed_to_rest_relu3_1"]
    assert ratio == pytest.approx(last.revealed_style["relu3_1"].mean / last.rest_style["relu3_1"].mean)
    assert measured[0].high_frequency == pytest.approx((1.0, 1.0))


def test_noise_is_relative_to_the_first_frame_and_light_to_the_render() -> None:
    contents = [SourceFrame(n, np.full((HEIGHT, WIDTH, 3), 0.9 - 0.1 * n, np.float32)) for n in range(1, 5)]
    styled = [replace(each, image=0.2 + 0.5 * each.image) for each in contents]
    for each, count in zip(styled, (4, 8, 16, 0), strict=True):
        each.image.reshape(-1, 3)[5 * WIDTH + 3 : 5 * WIDTH + 3 + 4 * count : 4] += 0.3
    measured = measure(styled, contents, finder(), None)
    found = summary(measured)
    assert measured[1].outliers == pytest.approx(8 / (HEIGHT * WIDTH))
    assert found["outliers_worst_to_first"] == pytest.approx(4.0)
    assert found["outliers_mean_to_first"] == pytest.approx(2.0)
    assert found["edge_noise_worst_to_first"] is None
    assert found["light_slope"] == pytest.approx(0.5, abs=0.01)
    assert found["light_correlation"] == pytest.approx(1.0, abs=0.01)
    clean = summary(measure(contents, contents, finder(), None))
    assert clean["outliers_worst_to_first"] == 0.0
    assert clean["light_slope"] == pytest.approx(1.0)
