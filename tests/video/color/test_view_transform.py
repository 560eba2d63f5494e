"""A view transform that is known by its probe alone: there and back, found from styled files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from video.color.color_space import encode_srgb
from video.color.view_transform import ViewTransform, load_view
from video.driver.frame_writer import FrameWriter
from video.errors import FileError
from video.frames.sequence import SourceFrame
from video.images.exr import read_color, write_exr
from video.images.image_files import read_image, write_png
from video.images.scene_linear import read_light
from video.settings import FrameFormat

LEVELS = (0.0, *(float(level) for level in 0.18 * 2.0 ** np.linspace(-9.0, 6.0, 24)))
RNG = np.random.default_rng(4)


def film(light: np.ndarray) -> np.ndarray:
    """A view as film has it: a shoulder, and colors that fade towards white."""
    mixed = light @ np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])
    return (mixed / (mixed + 0.6)) ** 0.6


def write_probe(path: Path) -> Path:
    """What Blender would save."""
    axis = np.array(LEVELS)
    green, blue, red = np.meshgrid(axis, axis, axis, indexing="ij")
    shown = film(np.stack([red, green, blue], axis=-1)).reshape(len(axis), -1, 3)
    write_png(path, shown[::-1], 16)
    return path


def capture(folder: Path, light: np.ndarray) -> SourceFrame:
    """A frame as the extension leaves it: passes, note and probe."""
    probe = write_probe(folder / "passes" / "0123_view.png")
    passes = folder / "passes" / "passes_0001.exr"
    write_exr(passes, light)
    note = {"motion_blur": False, "view": {"probe": probe.name, "levels": LEVELS}}
    passes.with_suffix(".json").write_text(json.dumps(note))
    return SourceFrame(1, film(light[..., :3]).astype(np.float32), passes)


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> ViewTransform:
    return load_view(write_probe(tmp_path_factory.mktemp("view") / "a_view.png"), LEVELS)


def test_light_is_shown_as_the_view_shows_it(view: ViewTransform) -> None:
    light = (0.18 * 2.0 ** RNG.uniform(-7.0, 5.0, (500, 3))).astype(np.float32)
    np.testing.assert_allclose(view.to_display(light), film(light), atol=0.01)


def test_there_and_back_is_where_it_began(view: ViewTransform) -> None:
    shown = film(0.18 * 2.0 ** RNG.uniform(-5.0, 3.0, (500, 3))).astype(np.float32)
    error = np.abs(view.to_display(view.from_display(shown)) - shown)
    assert error.mean() < 0.004
    assert error.max() < 0.03


def test_what_is_never_shown_has_the_light_that_comes_near(view: ViewTransform) -> None:
    red = np.array([[1.0, 0.0, 0.0]], np.float32)
    light = view.from_display(red)
    assert np.isfinite(light).all()
    assert light[0, 0] > 10.0 * light[0, 1:].max()


def test_display_white_is_no_brighter_than_it_must_be() -> None:
    # A view that clips: all light from one on is shown as white.
    axis = np.array(LEVELS)
    lattice = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    clipping = ViewTransform(axis, encode_srgb(lattice).astype(np.float64), Path("none.png"))
    shown = np.array([[1.0, 1.0, 1.0], [1.0, 0.5, 0.2], [0.5, 0.5, 0.5]], np.float32)
    light = clipping.from_display(shown)
    np.testing.assert_allclose(clipping.to_display(light), shown, atol=0.005)
    assert light.max() <= axis[axis >= 1.0].min() + 1e-4


def test_a_styled_exr_is_shown_through_the_view_wherever_it_lies(tmp_path: Path) -> None:
    light = (3.0 * RNG.random((16, 20, 3)) ** 3).astype(np.float32)
    frame = capture(tmp_path / "render", light)
    writer = FrameWriter(FrameFormat.EXR)
    styled = writer.rounded(0.2 + 0.6 * frame.image[:, ::-1])
    for folder in ("render", "elsewhere"):
        path = tmp_path / folder / "styled" / "styled_0001.exr"
        writer.write(path, frame, styled)
        assert np.abs(read_image(path) - styled).mean() < 0.004
    names = {each.name for each in (tmp_path / "render" / "styled").iterdir()}
    assert names == {"styled_0001.exr"}, "the probe is beside the passes already"
    # What the style leaves alone is the render's light itself.
    writer.write(tmp_path / "same.exr", frame, writer.rounded(frame.image))
    np.testing.assert_array_equal(read_color(tmp_path / "same.exr"), light.astype(np.float16))


def test_passes_that_do_not_say_their_view_are_told_once(tmp_path: Path) -> None:
    write_exr(tmp_path / "passes.exr", np.ones((16, 20, 3), np.float32))
    told: list[str] = []
    writer = FrameWriter(FrameFormat.EXR, warning=told.append)
    image = RNG.random((16, 20, 3)).astype(np.float32)
    for number in (1, 2):
        writer.write(tmp_path / "a.exr", SourceFrame(number, image, tmp_path / "passes.exr"), image)
    assert len(told) == 1
    np.testing.assert_allclose(read_image(tmp_path / "a.exr"), image, atol=1e-3)


@pytest.mark.parametrize(
    "levels", [(), (0.0, 1.0), (0.0, 2.0, 1.0), (1.0, 2.0, 3.0), (0.0, 1.0, float("nan"))]
)
def test_levels_that_do_not_fit_the_probe_are_told(tmp_path: Path, levels: tuple[float, ...]) -> None:
    with pytest.raises(FileError, match="does not fit its note"):
        load_view(write_probe(tmp_path / "a_view.png"), levels)


@pytest.mark.parametrize(
    "view",
    [
        '"text"',
        "{}",
        '{"probe": "0123_view.png"}',
        '{"probe": 7, "levels": "x"}',
        '{"probe": "0123_view.png", "levels": ["x"]}',
    ],
)
def test_a_note_that_names_no_view_is_told_or_passed_over(tmp_path: Path, view: str) -> None:
    frame = capture(tmp_path, np.ones((16, 20, 3), np.float32))
    assert frame.passes is not None
    frame.passes.with_suffix(".json").write_text(f'{{"view": {view}}}')
    try:
        assert not isinstance(read_light(frame.passes).space, ViewTransform)
    except FileError as error:
        assert "\n" not in str(error)  # noqa: PT017
