"""From a .blend to styled frames, through Blender's handlers and the engine's process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blender_nst.headless.job import RenderJob
from tests.blender_nst.blender_in_tests import BlenderInTests, HeadlessRun
from video.protocol import messages

FRAMES = [1, 2, 3]


@pytest.fixture
def run(blender: BlenderInTests, make_job: Callable[..., RenderJob]) -> HeadlessRun:
    finished = blender.headless(make_job())
    assert finished.code == 0, finished.output[-3000:]
    return finished


def test_every_frame_is_rendered_and_styled_with_its_size_and_alpha(run: HeadlessRun, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for frame in FRAMES:
        content = np.asarray(Image.open(out / "content" / f"content_{frame:04d}.png"))
        styled = np.asarray(Image.open(out / "styled" / f"styled_{frame:04d}.png"))
        assert styled.shape == content.shape == (64, 96, 4)
        assert 0 < np.count_nonzero(content[..., 3]) < content[..., 3].size, "a cube before nothing"
        assert np.array_equal(styled[..., 3], content[..., 3])
        seen = content[..., 3] == 255
        assert np.abs(styled[seen][:, :3].astype(int) - content[seen][:, :3].astype(int)).max() > 0
        assert (out / "passes" / f"passes_{frame:04d}.exr").stat().st_size > 0
    hidden = [path for path in out.rglob("*") if path.name.startswith(".") or path.suffix == ".tmp"]
    # Only if the light of its frames changes, by a level or more, has a longer run something to start from.
    assert set(hidden) <= {out / ".journal"}
    assert_events_tell_the_whole_run(run)


def assert_events_tell_the_whole_run(run: HeadlessRun) -> None:
    assert [event["frame"] for event in run.of("rendered")] == FRAMES
    assert [event["frame"] for event in run.of("frame_done")] == FRAMES
    assert run.of("done")[0]["frames"] == FRAMES
    (planned,) = run.of("planned")
    assert planned["text"].startswith("96×64, on ")
    assert " GiB of memory" in planned["text"]
    assert run.events[0]["event"] == "ready"
    assert run.events[1]["event"] == "started"
    assert run.events[-1]["event"] == "done"
    for event in run.events:
        if event["event"] not in ("started", "rendered"):
            assert set(event) - {"event"} <= set(messages.EVENTS[event["event"]].__dataclass_fields__)
