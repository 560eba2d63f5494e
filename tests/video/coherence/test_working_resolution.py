"""Working resolution: sequences that are stylized at a smaller size, and their frames at full size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, Optimizer, StyleSettings
from tests.video.disks import Disk, flat, gradient
from tests.video.moving_pictures import rendered, waves
from video.coherence.working_resolution import FullSize, at_full_size, downscale, moved_detail
from video.driver.sequence_driver import SequenceDriver
from video.errors import JournalError
from video.frames.render_passes import Passes
from video.frames.sequence import SourceFrame
from video.images.image_files import read_image
from video.images.picture import quantize
from video.motion.motion_source import MotionFinder
from video.motion.motion_vectors import vector_motion
from video.motion.reliability import reliability
from video.paintings.painting import Painting
from video.results import FrameResult, RunCallbacks, SequenceResult
from video.settings import FrameFormat, MotionSource, SequenceSettings

Picture = Callable[..., np.ndarray]

HEIGHT, WIDTH = 72, 96
FULL, SMALL = (HEIGHT, WIDTH), (36, 48)
STYLE = StyleSettings(
    steps=4,
    coarsest_size=32,
    device=DeviceChoice.CPU,
    optimizer=Optimizer.ADAM,
    working_size=48,
)
SEQUENCE = SequenceSettings(warm_steps=2, movie=False, contact_sheet=False)


def moved(right: float, down: float) -> Passes:
    """Passes of a surface that moves evenly, by so many pixels a frame."""
    vector = np.array([-right, down, -right, down], np.float32)
    return Passes(vector=np.broadcast_to(vector, (*FULL, 4)).copy())


def test_a_frame_that_is_no_larger_is_left_alone() -> None:
    frame = rendered(waves(*FULL), 1, moved(3.0, 1.0))
    assert downscale(frame, FULL) is frame


@pytest.mark.parametrize("size", [SMALL, (24, 32), (31, 41)])
def test_motion_vectors_get_shorter_with_the_picture(size: tuple[int, int]) -> None:
    frames = [rendered(waves(*FULL, n * 4.0, n * -2.0), n, moved(4.0, -2.0)) for n in (1, 2)]
    small = [downscale(frame, size) for frame in frames]
    motion = vector_motion(*small)
    assert motion.backward.shape == (*size, 2)
    expected = np.array([-4.0 * size[1] / WIDTH, 2.0 * size[0] / HEIGHT])
    assert np.allclose(motion.backward, expected, atol=1e-5)
    assert np.allclose(motion.forward, -expected, atol=1e-5)
    assert small[0].full is frames[0]


def test_where_surfaces_meet_nothing_is_mixed() -> None:
    vector, depth, index = (
        np.zeros((*FULL, 4), np.float32),
        np.full(FULL, 1e10, np.float32),
        np.zeros(FULL, np.float32),
    )
    # Its edges lie inside of small pixels.
    body = slice(21, 53), slice(31, 67)
    vector[body], depth[body], index[body] = 8.0, 5.0, 7.0
    passes = downscale(rendered(waves(*FULL), 1, Passes(vector, depth, index)), SMALL).passes
    assert passes is not None
    assert passes.vector is not None
    assert passes.depth is not None
    assert passes.index is not None
    assert set(np.unique(passes.depth)) == {np.float32(5.0), np.float32(1e10)}
    assert set(np.unique(passes.index)) == {0.0, 7.0}
    assert set(np.unique(passes.vector)) == {0.0, 4.0}
    # All of one pixel are of one surface.
    assert np.array_equal(passes.index > 0.0, passes.depth < 1e9)
    assert np.array_equal(passes.index > 0.0, passes.vector[..., 0] > 0.0)


def test_passes_of_another_size_are_still_refused() -> None:
    other = Passes(vector=np.zeros((20, 30, 4), np.float32))
    small = downscale(rendered(waves(*FULL), 1, other), SMALL)
    assert small.passes is not None
    assert small.passes.vector is not None
    assert small.passes.vector.shape == (20, 30, 4)


def test_at_full_size_the_renders_own_vectors_say_what_is_static() -> None:
    picture = waves(*FULL)
    vector = np.zeros((*FULL, 4), np.float32)
    vector[:, 41:] = 2.0
    frames = [rendered(picture, n, Passes(vector=vector)) for n in (1, 2)]
    small = [downscale(frame, SMALL) for frame in frames]
    motion = vector_motion(*small)
    full = at_full_size(motion, np.ones(SMALL, np.float32), *small)
    assert full is not None
    assert np.array_equal(full.static_mask[0], np.arange(WIDTH) < 41)
    assert np.array_equal(full.backward, vector_motion(*frames).backward)
    # And what is believed.
    assert np.array_equal(full.reliability, reliability(vector_motion(*frames), *frames))
    assert full.reliability.shape == FULL
    assert at_full_size(vector_motion(*frames), np.ones(FULL, np.float32), *frames) is None


def test_at_full_size_a_flow_is_upscaled() -> None:
    frames = [rendered(waves(*FULL, n * 4.0), n) for n in (1, 2)]
    small = [downscale(frame, SMALL) for frame in frames]
    motion = MotionFinder(MotionSource.DIS).between(*small)
    full = at_full_size(motion, np.ones(SMALL, np.float32), *small)
    assert full is not None
    middle = full.backward[20:-20, 20:-20]
    assert abs(float(np.median(middle[..., 0])) + 4.0) < 0.5
    assert abs(float(np.median(middle[..., 1]))) < 0.5


def test_what_was_enlarged_moves_and_where_still_stays_to_the_last_bit() -> None:
    detailed = waves(*FULL)
    backward = np.zeros((*FULL, 2), np.float32)
    backward[:, 48:, 0] = -3.0
    still = np.zeros(FULL, bool)
    still[:, :30] = True
    detail = moved_detail(detailed, FullSize(backward, np.full(FULL, 0.5, np.float32), still))
    assert np.array_equal(detail.target[still], detailed[still])
    assert np.allclose(detail.target[:, 60:], detailed[:, 57:-3], atol=1e-5)
    assert np.array_equal(detail.reliability, np.where(still, np.float32(1.0), np.float32(0.5)))


def test_what_was_enlarged_moves_by_surface_up_to_the_silhouettes() -> None:
    disk, green, paper = Disk(40.3, 34.6, right=3.5, down=1.25), flat(0.2, 0.6, 0.3), flat(0.9, 0.9, 0.7)
    shot = [downscale(disk.frame(number, flat(0.8, 0.2, 0.1), gradient()), SMALL) for number in (1, 2)]
    motion = vector_motion(*shot)
    assert motion.exact
    full = at_full_size(motion, reliability(motion, *shot), *shot)
    assert full is not None
    detail = moved_detail(disk.at(1).over(green, paper), full)
    known = (disk.at(1).share == 0.0) | (disk.at(2).share == 1.0)
    np.testing.assert_allclose(detail.target[known], disk.at(2).over(green, paper)[known], atol=0.04)
    assert detail.reliability[disk.at(2).share == 1.0].min() > 0.95


@pytest.fixture(scope="module")
def engine(picture: Picture) -> StyleEngine:
    return StyleEngine(STYLE, picture(80, 60, Painting.KNIFE))


@pytest.fixture
def frames(picture: Picture) -> list[SourceFrame]:
    """A square moves over still ground; its edges are not those of the small pixels."""
    ground, square = picture(WIDTH, HEIGHT), picture(40, 30, Painting.DABS)
    made: list[SourceFrame] = []
    for number in range(4):
        image = ground.copy()
        image[21:47, 11 + 7 * number : 40 + 7 * number] = square[:26, :29]
        made.append(SourceFrame(number + 1, quantize(image)))
    return made


def run(
    engine: StyleEngine,
    frames: list[SourceFrame],
    output: Path,
    settings: SequenceSettings = SEQUENCE,
    callbacks: RunCallbacks | None = None,
) -> SequenceResult:
    return SequenceDriver(engine, settings, output, callbacks or RunCallbacks()).run(frames)


def test_static_pixels_are_the_same_in_every_frame(
    engine: StyleEngine, frames: list[SourceFrame], tmp_path: Path
) -> None:
    told: list[str] = []
    result = run(engine, frames, tmp_path, callbacks=RunCallbacks(planned=told.append))
    assert len(told) == 1
    device = engine.device.type.upper()
    assert told[0].startswith(f"96×72, optimized at 48×36 and upsampled, on {device}, about ")
    styled = [read_image(each.path) for each in result.frames]
    for (before, now), (first, second) in zip(pairwise(frames), pairwise(styled), strict=True):
        still = (before.image == now.image).all(axis=2)
        assert 0.5 < still.mean() < 0.99
        assert np.array_equal(first[still], second[still])
        assert (first != second).any()
    assert styled[0].shape == (HEIGHT, WIDTH, 3)
    assert all(each.report.scales[-1] == SMALL for each in result.frames)
    assert [each.report.steps for each in result.frames] == [4, 2, 2, 2]


@pytest.mark.parametrize(
    ("passes", "form"), [(1, FrameFormat.PNG), (2, FrameFormat.PNG), (1, FrameFormat.EXR)]
)
def test_a_run_that_was_stopped_ends_with_the_same_bytes(
    engine: StyleEngine, frames: list[SourceFrame], tmp_path: Path, passes: int, form: FrameFormat
) -> None:
    settings = replace(SEQUENCE, pass_count=passes, output_format=form)
    whole = run(engine, frames, tmp_path / "whole", settings)
    done: list[FrameResult] = []
    stopping = RunCallbacks(frame_done=done.append, cancelled=lambda: len(done) >= 2)
    assert run(engine, frames, tmp_path / "parts", settings, stopping).cancelled
    again = run(engine, frames, tmp_path / "parts", settings)
    assert [each.resumed for each in again.frames].count(True) == 2
    for one, other in zip(whole.frames, again.frames, strict=True):
        assert one.path.read_bytes() == other.path.read_bytes()


def test_frames_of_another_size_are_not_resumed(
    engine: StyleEngine, frames: list[SourceFrame], picture: Picture, tmp_path: Path
) -> None:
    run(engine, frames[:2], tmp_path)
    other = StyleEngine(replace(STYLE, working_size=64), picture(80, 60, Painting.KNIFE))
    with pytest.raises(JournalError, match=r"frame 1 was optimized at 48×36 px and would now be at 64×48 px"):
        run(other, frames, tmp_path)


def test_a_setting_that_changes_no_size_is_resumed(
    frames: list[SourceFrame], picture: Picture, tmp_path: Path
) -> None:
    style = picture(80, 60, Painting.KNIFE)
    small = [replace(frame, image=frame.image[:48, :64].copy()) for frame in frames[:2]]
    run(StyleEngine(replace(STYLE, working_size=0), style), small[:1], tmp_path)
    result = run(StyleEngine(replace(STYLE, working_size=700), style), small, tmp_path)
    assert [each.resumed for each in result.frames] == [True, False]


def test_what_is_kept_is_the_renders_at_full_size(
    engine: StyleEngine, frames: list[SourceFrame], tmp_path: Path
) -> None:
    keep = np.zeros(FULL, np.float32)
    keep[15:38, 33:] = 1.0
    result = run(engine, [replace(frame, keep=keep) for frame in frames], tmp_path)
    for frame, each in zip(frames, result.frames, strict=True):
        styled = read_image(each.path)
        assert np.array_equal(styled[keep > 0.0], frame.image[keep > 0.0])
        assert (styled[keep == 0.0] != frame.image[keep == 0.0]).any(axis=1).mean() > 0.8


def test_a_finished_run_is_reported_and_not_made_again(
    engine: StyleEngine, frames: list[SourceFrame], tmp_path: Path
) -> None:
    told: list[str] = []
    callbacks = RunCallbacks(planned=told.append)
    for resumed in (False, True):
        driver = SequenceDriver(engine, SEQUENCE, tmp_path, callbacks, total=len(frames))
        result = driver.run(frames)
        assert [each.resumed for each in result.frames] == [resumed] * len(frames)
    assert len(told) == 2
    assert all(each.startswith("96×72, optimized at 48×36 and upsampled, ") for each in told)
