"""The driver on a tiny pan over a painted picture: what lies on disk, how steady it is, how it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.progress import Progress
from compositor.settings import DeviceChoice, Start, StyleSettings
from compositor.stylization.frame_inputs import FrameInputs
from tests.video.moving_pictures import constant_motion
from video.driver.sequence_driver import SequenceDriver
from video.errors import FileError, FrameError
from video.frames.sequence import SourceFrame
from video.images.image_files import quantize, read_image
from video.motion import motion_source
from video.motion.warp import inside_frame
from video.motion.warp_error import warp_error
from video.movies.movie import movie_frame_rate, movie_length
from video.paintings.painting import Painting
from video.results import FrameResult, RunCallbacks, SequenceResult
from video.settings import MotionSource, SequenceSettings

Picture = Callable[..., np.ndarray]

HEIGHT, WIDTH = 48, 64
# Pixels that the camera moves to the right with each frame.
PAN = 3
SEQUENCE = SequenceSettings(warm_steps=3)


@pytest.fixture(scope="module")
def engine(picture: Picture) -> StyleEngine:
    settings = StyleSettings(steps=6, coarsest_size=32, device=DeviceChoice.CPU)
    return StyleEngine(settings, picture(80, 60, Painting.KNIFE))


@pytest.fixture
def pan(picture: Picture) -> list[SourceFrame]:
    """Four frames, numbered from 1: a window that moves over a wider picture."""
    wide = picture(96, HEIGHT)
    return [SourceFrame(n + 1, wide[:, PAN * n : PAN * n + WIDTH].copy()) for n in range(4)]


def run(
    engine: StyleEngine,
    frames: list[SourceFrame],
    output: Path,
    settings: SequenceSettings = SEQUENCE,
    callbacks: RunCallbacks | None = None,
) -> SequenceResult:
    return SequenceDriver(engine, settings, output, callbacks or RunCallbacks()).run(frames)


def unsteadiness(result: SequenceResult) -> float:
    """Mean warp error along the true motion of the pan, over its frames."""
    motion = constant_motion(HEIGHT, WIDTH, -PAN)
    inside = inside_frame(motion.backward).astype(np.float32)
    styled = [read_image(frame.path) for frame in result.frames]
    return float(
        np.mean([warp_error(now, before, motion.backward, inside) for before, now in pairwise(styled)])
    )


def test_all_frames_are_there_by_their_numbers(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path
) -> None:
    result = run(engine, pan, tmp_path)
    assert [frame.number for frame in result.frames] == [1, 2, 3, 4]
    assert not result.cancelled
    names = sorted(path.name for path in (tmp_path / "styled").iterdir())
    assert names == ["styled_0001.png", "styled_0002.png", "styled_0003.png", "styled_0004.png"]
    for frame in result.frames:
        assert frame.path.parent == tmp_path / "styled"
        assert read_image(frame.path).shape == (HEIGHT, WIDTH, 3)


def test_frames_keep_their_own_numbers(engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path) -> None:
    frames = [SourceFrame(number, frame.image) for number, frame in zip((-3, 12345), pan, strict=False)]
    result = run(engine, frames, tmp_path)
    assert [frame.path.name for frame in result.frames] == ["styled_-0003.png", "styled_12345.png"]


def test_first_frame_starts_cold_and_the_others_warm(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path
) -> None:
    first, *others = run(engine, pan, tmp_path).frames
    assert first.report.steps == 6
    assert len(first.report.scales) == 2
    assert first.warp_error is None
    for frame in others:
        assert frame.report.steps == 3
        assert frame.report.scales == [(HEIGHT, WIDTH)]
        assert "temporal" in frame.report.losses
        assert frame.warp_error is not None
        assert frame.warp_error > 0.0


def test_motion_makes_the_pan_steady(picture: Picture, pan: list[SourceFrame], tmp_path: Path) -> None:
    # From noise every frame alone finds strokes of its own, which stay on the screen while the picture moves.
    settings = StyleSettings(steps=16, coarsest_size=32, device=DeviceChoice.CPU, start=Start.NOISE)
    engine = StyleEngine(settings, picture(80, 60, Painting.KNIFE))
    alone = replace(SEQUENCE, motion=MotionSource.NONE)
    flicker = unsteadiness(run(engine, pan, tmp_path / "none", alone))
    steady = unsteadiness(run(engine, pan, tmp_path / "dis", replace(SEQUENCE, warm_steps=6)))
    assert steady < 0.1 * flicker


def test_without_motion_every_frame_is_the_same_as_alone(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path
) -> None:
    result = run(engine, pan[:2], tmp_path, SequenceSettings(motion=MotionSource.NONE))
    for frame, source in zip(result.frames, pan, strict=False):
        np.testing.assert_array_equal(
            read_image(frame.path), quantize(engine.stylize(FrameInputs(source.image)).image)
        )
        assert frame.warp_error is None


def test_same_sequence_gives_the_same_files(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path
) -> None:
    first, second = (run(engine, pan[:3], tmp_path / name) for name in ("a", "b"))
    for one, other in zip(first.frames, second.frames, strict=True):
        assert one.path.read_bytes() == other.path.read_bytes()


def test_a_cut_starts_afresh(
    engine: StyleEngine, pan: list[SourceFrame], picture: Picture, tmp_path: Path
) -> None:
    other_shot = picture(WIDTH, HEIGHT, Painting.SWIRLS)
    frames = [*pan[:2], SourceFrame(3, other_shot), SourceFrame(4, other_shot)]
    result = run(engine, frames, tmp_path / "cut")
    alone = run(engine, [SourceFrame(3, other_shot)], tmp_path / "alone")
    assert result.frames[2].path.read_bytes() == alone.frames[0].path.read_bytes()
    assert [len(frame.report.scales) for frame in result.frames] == [2, 1, 2, 1]
    assert result.frames[2].warp_error is None


def test_frame_of_another_size_is_named_and_the_earlier_ones_are_kept(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path
) -> None:
    done: list[FrameResult] = []
    frames = [*pan[:2], SourceFrame(7, pan[2].image[:40])]
    with pytest.raises(FrameError, match=r"frame 7: is 64×40 px.*64×48 px") as error:
        run(engine, frames, tmp_path, callbacks=RunCallbacks(frame_done=done.append))
    assert error.value.frame == 7
    assert [frame.number for frame in done] == [1, 2]
    assert sorted(path.name for path in (tmp_path / "styled").iterdir()) == [
        "styled_0001.png",
        "styled_0002.png",
    ]


def test_frame_that_gains_alpha_is_named(engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path) -> None:
    clear = np.dstack([pan[1].image, np.ones((HEIGHT, WIDTH), np.float32)])
    with pytest.raises(FrameError, match="frame 2: is 64×48 px with alpha"):
        run(engine, [pan[0], SourceFrame(2, clear)], tmp_path)


def test_frame_that_is_too_small_is_named(engine: StyleEngine, tmp_path: Path) -> None:
    with pytest.raises(FrameError, match=r"frame 5: .*16 px"):
        run(engine, [SourceFrame(5, np.zeros((8, 64, 3), np.float32))], tmp_path)


def test_unwritable_output_is_told(engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file, no folder")
    with pytest.raises(FileError, match=r"file: cannot be written"):
        run(engine, pan[:1], tmp_path / "file")


def test_cancellation_between_frames_keeps_the_finished_ones(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path
) -> None:
    done: list[FrameResult] = []
    callbacks = RunCallbacks(frame_done=done.append, cancelled=lambda: len(done) >= 2)
    result = run(engine, pan, tmp_path, callbacks=callbacks)
    assert result.cancelled
    assert [frame.number for frame in result.frames] == [1, 2]
    assert result.movie is None
    assert result.contact_sheet is None
    assert sorted(path.name for path in (tmp_path / "styled").iterdir()) == [
        "styled_0001.png",
        "styled_0002.png",
    ]


def test_cancellation_in_the_middle_of_a_frame_leaves_no_half_frame(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path
) -> None:
    steps: list[int] = []
    callbacks = RunCallbacks(
        progress=lambda number, progress: steps.append(number), cancelled=lambda: steps.count(2) >= 1
    )
    result = run(engine, pan, tmp_path, callbacks=callbacks)
    assert result.cancelled
    assert steps == [1] * 6 + [2]
    assert [path.name for path in (tmp_path / "styled").iterdir()] == ["styled_0001.png"]


def test_cancelled_before_the_first_frame_writes_nothing(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path
) -> None:
    result = run(engine, pan, tmp_path, callbacks=RunCallbacks(cancelled=lambda: True))
    assert result.cancelled
    assert result.frames == []
    assert list(tmp_path.iterdir()) == []


def test_progress_tells_the_frame_and_its_steps(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path
) -> None:
    notified: list[tuple[int, Progress]] = []
    callbacks = RunCallbacks(progress=lambda number, progress: notified.append((number, progress)))
    run(engine, pan[:2], tmp_path, callbacks=callbacks)
    steps = [(number, progress.step, progress.steps) for number, progress in notified]
    assert steps == [(1, step, 6) for step in range(1, 7)] + [(2, step, 3) for step in range(1, 4)]


def test_alpha_is_kept(engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path) -> None:
    alpha = np.linspace(0.0, 1.0, WIDTH, dtype=np.float32) * np.ones((HEIGHT, 1), np.float32)
    frames = [SourceFrame(frame.number, np.dstack([frame.image, alpha])) for frame in pan[:2]]
    for frame in run(engine, frames, tmp_path).frames:
        np.testing.assert_array_equal(read_image(frame.path)[..., 3], quantize(alpha))


@pytest.mark.parametrize("movie", [False, True])
@pytest.mark.parametrize("contact_sheet", [False, True])
def test_movie_and_contact_sheet_are_there_when_asked_for(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path, movie: bool, contact_sheet: bool
) -> None:
    settings = SequenceSettings(warm_steps=1, movie=movie, contact_sheet=contact_sheet, frame_rate=12.0)
    result = run(engine, pan[:2], tmp_path, settings)
    assert result.movie == (tmp_path / "styled.mp4" if movie else None)
    assert result.contact_sheet == (tmp_path / "contact_sheet.png" if contact_sheet else None)
    assert (tmp_path / "styled.mp4").exists() == movie
    assert (tmp_path / "contact_sheet.png").exists() == contact_sheet
    if movie:
        assert movie_length(tmp_path / "styled.mp4") == 2
        assert movie_frame_rate(tmp_path / "styled.mp4") == pytest.approx(12.0)


def test_no_frames_at_all_leave_nothing(engine: StyleEngine, tmp_path: Path) -> None:
    result = run(engine, [], tmp_path)
    assert result.frames == []
    assert list(tmp_path.iterdir()) == []


def test_pixels_that_rest_in_the_render_rest_in_the_result(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path
) -> None:
    frames = [SourceFrame(number, pan[0].image.copy()) for number in (1, 2, 3)]
    for place, frame in enumerate(frames):
        frame.image[30:40, 10 * place : 10 * place + 12] = (0.9, 0.2, 0.1)
    settings = replace(SEQUENCE, temporal_weight=1.0, debug=True)
    first, second, third = (read_image(each.path) for each in run(engine, frames, tmp_path, settings).frames)
    np.testing.assert_array_equal(second[:28], first[:28])
    np.testing.assert_array_equal(third[:28], first[:28])
    assert (second[30:40, :22] != first[30:40, :22]).any()
    assert read_image(tmp_path / "debug/motion_0002.png").shape == (HEIGHT, WIDTH, 3)
    assert read_image(tmp_path / "debug/reliability_0003.png").shape == (HEIGHT, WIDTH, 3)
    assert not (tmp_path / "debug/motion_0001.png").exists()


def test_the_first_frame_after_a_cut_is_that_of_a_cold_start(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path
) -> None:
    shot = [SourceFrame(frame.number + 2, 0.3 * (1.0 - frame.image[::-1])) for frame in pan[:2]]
    whole = run(engine, [*pan[:2], *shot], tmp_path / "whole").frames
    alone = run(engine, shot, tmp_path / "alone").frames
    assert [each.warp_error is None for each in whole] == [True, False, True, False]
    for ours, theirs in zip(whole[2:], alone, strict=True):
        np.testing.assert_array_equal(read_image(ours.path), read_image(theirs.path))


@pytest.mark.parametrize("passes", [2, 3])
def test_further_passes_go_over_all_frames_and_tell_of_the_last(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path, passes: int
) -> None:
    notified: list[int] = []
    callbacks = RunCallbacks(frame_done=lambda result: notified.append(result.number))
    settings = replace(SEQUENCE, pass_count=passes)
    result = run(engine, pan, tmp_path, settings, callbacks)
    assert [frame.number for frame in result.frames] == [1, 2, 3, 4]
    assert notified == ([4, 3, 2, 1] if passes == 2 else [1, 2, 3, 4])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "contact_sheet.png",
        "journal.json",
        "styled",
        "styled.mp4",
    ]
    one = run(engine, pan, tmp_path / "one").frames
    assert any(
        (read_image(ours.path) != read_image(theirs.path)).any()
        for ours, theirs in zip(result.frames, one, strict=True)
    )


def test_a_cancelled_further_pass_keeps_the_frames_of_the_one_before(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path
) -> None:
    seen: list[int] = []

    def progress(number: int, _: Progress) -> None:
        seen.append(number)

    callbacks = RunCallbacks(progress=progress, cancelled=lambda: seen.count(4) > 3)
    result = run(engine, pan, tmp_path, replace(SEQUENCE, pass_count=2), callbacks)
    assert result.cancelled
    assert [frame.number for frame in result.frames] == [1, 2, 3, 4]
    assert all(frame.path.is_file() for frame in result.frames)


def test_a_gap_in_the_frames_is_bridged(engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path) -> None:
    result = run(engine, [pan[0], pan[2]], tmp_path)
    assert result.frames[1].warp_error is not None


def test_an_optical_flow_network_computes_on_the_engines_device(
    engine: StyleEngine, pan: list[SourceFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoFlow:
        def __init__(self, device: DeviceChoice) -> None:
            devices.append(device)

        def flow(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
            return np.zeros((*first.shape[:2], 2), np.float32)

    devices: list[DeviceChoice] = []
    monkeypatch.setattr(motion_source, "Raft", NoFlow)
    run(engine, pan[:2], tmp_path, replace(SEQUENCE, motion=MotionSource.RAFT))
    assert devices == [DeviceChoice.CPU]
