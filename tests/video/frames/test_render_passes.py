"""Reading Blender's multilayer EXRs and the note beside them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.video.made_files.exr_files import vector_channels, write_exr, write_note
from video.errors import FileError
from video.frames.render_passes import read_passes

RNG = np.random.default_rng(0)
VECTOR = RNG.normal(0.0, 3.0, (9, 12, 4)).astype(np.float32)
DEPTH = RNG.uniform(1.0, 9.0, (9, 12)).astype(np.float32)
EYE = np.eye(4).tolist()


@pytest.mark.parametrize("parts", [False, True])
def test_passes_of_the_first_layer_that_has_them(tmp_path: Path, parts: bool) -> None:
    path = tmp_path / "passes 1.exr"
    channels = {
        **vector_channels(VECTOR, "Front.Layer"),
        "Front.Layer.Combined.R": DEPTH,
        "Front.Layer.Depth.Z": DEPTH,
        "Front.Layer.IndexOB.X": np.round(DEPTH),
    }
    write_exr(path, channels, parts=parts)
    passes = read_passes(path)
    np.testing.assert_array_equal(passes.vector, VECTOR)
    np.testing.assert_array_equal(passes.depth, DEPTH)
    np.testing.assert_array_equal(passes.index, np.round(DEPTH))
    assert passes.camera is None
    assert not passes.motion_blur


def test_rows_count_downwards(tmp_path: Path) -> None:
    depth = np.repeat(np.arange(9, dtype=np.float32)[:, None], 12, axis=1)
    write_exr(tmp_path / "a.exr", {"ViewLayer.Depth.Z": depth})
    found = read_passes(tmp_path / "a.exr").depth
    assert found is not None
    assert found[:, 0].tolist() == list(range(9))


def test_the_later_name_of_the_object_index(tmp_path: Path) -> None:
    write_exr(tmp_path / "a.exr", {"ViewLayer.Object Index.X": DEPTH})
    np.testing.assert_array_equal(read_passes(tmp_path / "a.exr").index, DEPTH)


def test_what_is_no_finite_number_is_not_known(tmp_path: Path) -> None:
    """Vectors lead out of any frame there, depths are the background's."""
    values = np.array([[2.5, np.nan, np.inf, -np.inf, 1e30]], np.float32)
    channels = {f"ViewLayer.Vector.{letter}": values for letter in "XYZW"}
    channels |= {"ViewLayer.Depth.Z": values, "ViewLayer.IndexOB.X": values[:, ::-1].copy()}
    write_exr(tmp_path / "passes.exr", channels)
    passes = read_passes(tmp_path / "passes.exr")
    assert passes.vector is not None
    assert passes.depth is not None
    assert passes.index is not None
    np.testing.assert_array_equal(passes.vector[0, :, 0], np.array([2.5, 1e6, 1e6, -1e6, 1e6], np.float32))
    np.testing.assert_array_equal(passes.depth[0], np.array([2.5, 1e10, 1e10, -1e10, 1e10], np.float32))
    np.testing.assert_array_equal(passes.index[0, 1:], np.array([0.0, 0.0, 0.0, 2.5], np.float32))


def test_missing_passes_are_none(tmp_path: Path) -> None:
    write_exr(tmp_path / "a.exr", {"ViewLayer.Combined.R": DEPTH, "ViewLayer.Vector.X": DEPTH})
    passes = read_passes(tmp_path / "a.exr")
    assert passes.vector is None
    assert passes.depth is None
    assert passes.index is None


def test_the_note_tells_of_the_camera_and_of_motion_blur(tmp_path: Path) -> None:
    write_exr(tmp_path / "a.exr", {"ViewLayer.Depth.Z": DEPTH})
    world = np.eye(4)
    world[:3, 3] = 1.0, 2.0, 3.0
    write_note(
        tmp_path / "a.exr", camera="Küche", world=world.tolist(), projection=EYE, motion_blur=True, frame=3
    )
    passes = read_passes(tmp_path / "a.exr")
    assert passes.motion_blur
    assert passes.camera is not None
    assert passes.camera.name == "Küche"
    np.testing.assert_array_equal(passes.camera.world, world)


@pytest.mark.parametrize("projection", [None, [[1.0]], "text", [[float("nan")] * 4] * 4])
def test_a_projection_that_is_none_is_not_known(tmp_path: Path, projection: object) -> None:
    write_exr(tmp_path / "a.exr", {"ViewLayer.Depth.Z": DEPTH})
    write_note(tmp_path / "a.exr", camera="Camera", world=EYE, projection=projection)
    camera = read_passes(tmp_path / "a.exr").camera
    assert camera is not None
    assert camera.projection is None


@pytest.mark.parametrize(
    ("noted", "expected"),
    [
        ([-3.14, 3.14, -1.57, 1.57], (-3.14, 3.14, -1.57, 1.57)),
        (None, None),
        ([1.0, 2.0, 3.0], None),
        ([1.0, 0.5, -1.0, 1.0], None),
        ([0.0, float("inf"), -1.0, 1.0], None),
        ([0.0, float("nan"), -1.0, 1.0], None),
        (["left", 1.0, -1.0, 1.0], None),
        ("all", None),
    ],
)
def test_what_a_panorama_sees_is_noted(tmp_path: Path, noted: object, expected: object) -> None:
    write_exr(tmp_path / "a.exr", {"ViewLayer.Depth.Z": DEPTH})
    write_note(tmp_path / "a.exr", camera="Camera", world=EYE, projection=None, sphere=noted)
    camera = read_passes(tmp_path / "a.exr").camera
    assert camera is not None
    assert camera.sphere == expected


@pytest.mark.parametrize("content", [None, b"", b"no EXR", "cut"])
def test_a_missing_or_damaged_file_is_a_clear_error(tmp_path: Path, content: bytes | str | None) -> None:
    path = tmp_path / "a.exr"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "cut":
        write_exr(path, {"ViewLayer.Depth.Z": RNG.random((64, 64)).astype(np.float32)})
        path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(FileError, match=r"a\.exr: .*(passes|damaged|no EXR|empty)") as caught:
        read_passes(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[1]", "{"])
def test_a_damaged_note_is_a_clear_error(tmp_path: Path, text: str) -> None:
    write_exr(tmp_path / "a.exr", {"ViewLayer.Depth.Z": DEPTH})
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(FileError, match=r"a\.json: .*note"):
        read_passes(tmp_path / "a.exr")


def test_a_camera_sees_the_same_at_any_scale(tmp_path: Path) -> None:
    turned = np.array([[0.0, -1.0, 0.0, 5], [1.0, 0.0, 0.0, 6], [0.0, 0.0, 1.0, 7], [0.0, 0.0, 0.0, 1]])
    write_exr(tmp_path / "a.exr", vector_channels(VECTOR))
    write_note(tmp_path / "a.exr", camera="Camera", world=(turned * [2.0, 3.0, 0.5, 1.0]).tolist())
    camera = read_passes(tmp_path / "a.exr").camera
    assert camera is not None
    np.testing.assert_allclose(camera.world, turned, rtol=1e-12)


@pytest.mark.parametrize(
    "world",
    [
        np.diag([0.0, 0.0, 0.0, 1.0]).tolist(),
        np.diag([1.0, 1.0, 0.0, 1.0]).tolist(),
        [[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]],
        np.zeros((4, 4)).tolist(),
        np.full((4, 4), np.nan).tolist(),
        np.full((4, 4), np.inf).tolist(),
        [[10**400] * 4] * 4,
        [["x"] * 4] * 4,
        [[1.0] * 4] * 3,
        {"a": 1},
    ],
)
def test_a_camera_that_sees_nothing_is_not_known(tmp_path: Path, world: object) -> None:
    write_exr(tmp_path / "a.exr", vector_channels(VECTOR))
    (tmp_path / "a.json").write_text(json.dumps({"camera": "Camera", "world": world, "projection": EYE}))
    assert read_passes(tmp_path / "a.exr").camera is None


@pytest.mark.parametrize("place", [0, 1])
def test_a_projection_onto_a_line_is_not_known(tmp_path: Path, place: int) -> None:
    flat = np.eye(4)
    flat[place, place] = 0.0
    write_exr(tmp_path / "a.exr", vector_channels(VECTOR))
    write_note(tmp_path / "a.exr", camera="Camera", world=EYE, projection=flat.tolist())
    camera = read_passes(tmp_path / "a.exr").camera
    assert camera is not None
    assert camera.projection is None
