"""The movie of a run has the times, the sound and the shape of pixels of the movie that its frames are of."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, StyleSettings
from tests.video.made_files.movie_files import MovieFile, scene
from video.driver.sequence_driver import SequenceDriver
from video.frames.sequence import SourceFrame, open_sequence
from video.movies.movie import movie_frame_rate, read_movie_frames
from video.paintings.painting import Painting
from video.results import RunCallbacks
from video.settings import MotionSource, SequenceSettings

TIMES = [0, 200, 250, 600]


@pytest.fixture(scope="module")
def engine(picture: Callable[..., np.ndarray]) -> StyleEngine:
    settings = StyleSettings(steps=1, coarsest_size=32, device=DeviceChoice.CPU, local_weight=0.0)
    return StyleEngine(settings, picture(48, 40, Painting.KNIFE))


def started(path: Path) -> list[float]:
    starts = [frame.shown.start for frame in read_movie_frames(path)]
    return [float(each - starts[0]) for each in starts]


def test_times_sound_and_shape_survive_further_passes_and_a_resumed_run(
    engine: StyleEngine, tmp_path: Path
) -> None:
    movie = MovieFile(
        time_base=Fraction(1, 1000), times=TIMES, rate=5, sound="aac", aspect=Fraction(2), options={"bf": "0"}
    )
    source = movie.write(tmp_path / "source.mkv", [scene(n, 32, 48) for n in range(4)])
    settings = SequenceSettings(warm_steps=1, pass_count=2, motion=MotionSource.NONE, contact_sheet=False)
    for _ in range(2):
        result = SequenceDriver(engine, settings, tmp_path / "out", total=4).run(open_sequence(source))
        assert result.movie is not None
        assert started(result.movie) == pytest.approx([each / 1000.0 for each in TIMES], abs=1e-4)
        with av.open(str(result.movie)) as container:
            assert container.streams.video[0].sample_aspect_ratio == 2
            assert len(container.streams.audio) == 1
        result.movie.unlink()


def test_a_rate_of_ones_own_goes_first_and_frames_of_nowhere_have_the_usual_one(
    engine: StyleEngine, tmp_path: Path
) -> None:
    movie = MovieFile(sound="aac")
    source = movie.write(tmp_path / "source.mkv", [scene(n, 32, 48) for n in range(3)])
    warnings: list[str] = []
    settings = SequenceSettings(warm_steps=1, motion=MotionSource.NONE, contact_sheet=False, frame_rate=10.0)
    callbacks = RunCallbacks(warning=warnings.append)
    result = SequenceDriver(engine, settings, tmp_path / "out", callbacks).run(open_sequence(source))
    assert result.movie is not None
    assert movie_frame_rate(result.movie) == 10.0
    assert [warning for warning in warnings if "without its sound" in warning] == warnings
    assert len(warnings) == 1
    frames = [SourceFrame(number, scene(number, 32, 48)) for number in (1, 2)]
    plain = SequenceSettings(warm_steps=1, motion=MotionSource.NONE, contact_sheet=False)
    result = SequenceDriver(engine, plain, tmp_path / "pictures").run(frames)
    assert result.movie is not None
    assert movie_frame_rate(result.movie) == 24.0
