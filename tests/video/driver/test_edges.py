"""Edges of styled frames with render passes: composited by their coverage, and kept where nothing moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, Optimizer, StyleSettings
from tests.video.disks import Disk, flat, gradient
from tests.video.made_files.exr_files import vector_channels, write_exr
from video.driver.sequence_driver import SequenceDriver
from video.frames.render_passes import read_passes
from video.frames.sequence import SourceFrame
from video.images.image_files import read_image
from video.images.picture import quantize
from video.motion.coverage import edge_coverage
from video.paintings.painting import Painting
from video.settings import SequenceSettings

Picture = Callable[..., np.ndarray]

STYLE = StyleSettings(steps=6, coarsest_size=32, device=DeviceChoice.CPU, optimizer=Optimizer.ADAM)
SEQUENCE = SequenceSettings(warm_steps=3, movie=False, contact_sheet=False)
DISK = Disk(36.3, 34.6, right=3.5, down=1.25)


@pytest.fixture(scope="module")
def engine(picture: Picture) -> StyleEngine:
    return StyleEngine(STYLE, picture(80, 60, Painting.KNIFE))


@pytest.fixture
def frames(tmp_path: Path) -> list[SourceFrame]:
    """A disk that moves for three frames before a background at rest."""
    made: list[SourceFrame] = []
    for number in range(1, 4):
        frame = DISK.frame(number, flat(0.8, 0.2, 0.1), gradient())
        passes, path = frame.passes, tmp_path / f"passes_{number:04d}.exr"
        assert passes is not None
        assert passes.vector is not None
        assert passes.depth is not None
        write_exr(path, vector_channels(passes.vector) | {"ViewLayer.Depth.Z": passes.depth})
        made.append(SourceFrame(number, quantize(frame.image, 8), path))
    return made


def styled(engine: StyleEngine, frames: list[SourceFrame], folder: Path) -> list[np.ndarray]:
    result = SequenceDriver(engine, SEQUENCE, folder).run(frames)
    return [read_image(frame.path) for frame in result.frames]


def test_silhouettes_are_made_of_the_styled_surfaces_in_every_frame(
    engine: StyleEngine, frames: list[SourceFrame], tmp_path: Path
) -> None:
    images = styled(engine, frames, tmp_path / "out")
    for frame, image in zip(frames, images, strict=True):
        assert frame.passes is not None
        coverage = edge_coverage(frame.image, read_passes(frame.passes))
        assert coverage is not None
        edge = coverage.mixed & (coverage.support == 1.0)
        assert edge.sum() > 50
        # To the levels of the file, which count more where little of a surface is seen.
        differences = np.abs(coverage.recomposed(image) - image)[edge]
        assert differences.mean() < 0.004
        assert differences.max() < 0.04
    for (first, second), (before, after) in zip(pairwise(frames), pairwise(images), strict=True):
        # Beside what the disk uncovers strokes run on into it.
        beside = cv2.dilate(moving(first).astype(np.uint8), np.ones((7, 7))) > 0
        resting = (first.image == second.image).all(axis=2) & ~moving(second) & ~beside
        assert resting.mean() > 0.5
        np.testing.assert_array_equal(after[resting], before[resting])


def moving(frame: SourceFrame) -> np.ndarray:
    """(H, W) bool: the disk, which moves though it is of one color."""
    assert frame.passes is not None
    vector = read_passes(frame.passes).vector
    assert vector is not None
    return np.abs(vector).max(axis=2) > 0.0


def test_at_strength_0_frames_are_the_renders(
    frames: list[SourceFrame], picture: Picture, tmp_path: Path
) -> None:
    engine = StyleEngine(replace(STYLE, strength=0.0), picture(80, 60, Painting.KNIFE))
    for frame, image in zip(frames, styled(engine, frames, tmp_path / "out"), strict=True):
        np.testing.assert_array_equal(image, frame.image)
