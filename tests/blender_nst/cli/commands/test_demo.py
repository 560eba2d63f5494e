"""The main job, whole: real Blender renders, handlers capture, the worker stylizes, and the result holds."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from blender_nst.cli.blenders.runtime import BlenderRuntime
from compositor.engine import StyleEngine
from compositor.settings import StyleSettings
from video.images.image_files import read_image
from video.motion.motion_field import RenderedFrame
from video.motion.optical_flow import DisFlow
from video.motion.reliability import reliability
from video.motion.warp_error import warp_error

FRAMES = [1, 2, 3]


@dataclass(frozen=True)
class MainJob:
    """The demo's folder and the events that the command printed."""

    out: Path
    events: list[dict[str, object]]

    def pictures(self, kind: str) -> list[np.ndarray]:
        return [read_image(self.out / kind / f"{kind}_{frame:04d}.png") for frame in FRAMES]


def run_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "blender_nst.cli.app", *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=600)


@pytest.fixture(autouse=True, scope="module")
def without_compiled_kernels() -> None:
    """With them, unlike the other tests of this folder."""


@pytest.fixture(scope="module")
def main_job(blender_runtime: BlenderRuntime, tmp_path_factory: pytest.TempPathFactory) -> MainJob:
    out = tmp_path_factory.mktemp("main job") / "out"
    steps = ["--steps", "60", "--warm-steps", "12", "--frames", str(len(FRAMES)), "--device", "cpu"]
    finished = run_command(
        "demo", "--out", str(out), "--blender", str(blender_runtime.program), "--json", *steps
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    return MainJob(out, [json.loads(line) for line in finished.stdout.splitlines()])


def mean_warp_error(contents: list[np.ndarray], styled: list[np.ndarray]) -> float:
    errors = []
    for index in range(1, len(contents)):
        motion = DisFlow().between(contents[index - 1], contents[index])
        pair = (RenderedFrame(number, contents[number]) for number in (index - 1, index))
        trusted = reliability(motion, *pair)
        errors.append(warp_error(styled[index], styled[index - 1], motion.backward, trusted))
    return float(np.mean(errors))


def test_it_leaves_every_frame_the_movie_the_sheet_and_what_they_were_made_from(main_job: MainJob) -> None:
    for frame in FRAMES:
        for kind, suffix in (("content", "png"), ("styled", "png"), ("passes", "exr")):
            assert (main_job.out / kind / f"{kind}_{frame:04d}.{suffix}").stat().st_size > 0
        assert Image.open(main_job.out / f"styled/styled_{frame:04d}.png").size == (320, 180)
    for name in ("styled.mp4", "contact_sheet.png", "scene.blend", "style.png"):
        assert (main_job.out / name).stat().st_size > 0
    assert not list(main_job.out.rglob("*.tmp"))


def test_its_events_tell_a_program_the_whole_run(main_job: MainJob) -> None:
    def frames_of(kind: str) -> list[object]:
        return [event["frame"] for event in main_job.events if event["event"] == kind]

    assert frames_of("rendered") == frames_of("frame_done") == FRAMES
    assert main_job.events[-1]["event"] == "done"


def test_the_frames_have_taken_the_style(main_job: MainJob) -> None:
    engine = StyleEngine(StyleSettings(), read_image(main_job.out / "style.png"))
    for content, styled in zip(main_job.pictures("content"), main_job.pictures("styled"), strict=True):
        assert engine.style_error(styled) < 0.25 * engine.style_error(content)


def test_the_warm_start_flickers_far_less_than_frame_by_frame(main_job: MainJob, tmp_path: Path) -> None:
    finished = run_command(
        "stylize",
        str(main_job.out / "content"),
        *("--style", str(main_job.out / "style.png"), "--out", str(tmp_path)),
        *("--steps", "60", "--motion", "none", "--no-movie", "--no-contact-sheet", "--device", "cpu"),
        *("--frames", "2-3"),
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    contents = main_job.pictures("content")
    # The first frame of the main job had no other before it.
    alone = [main_job.pictures("styled")[0]]
    alone += [read_image(tmp_path / "styled" / f"styled_{frame:04d}.png") for frame in FRAMES[1:]]
    ours, theirs = mean_warp_error(contents, main_job.pictures("styled")), mean_warp_error(contents, alone)
    print(f"warp error: warm start {ours:.6f}, frame by frame {theirs:.6f}, ratio {ours / theirs:.4f}")
    # By 12 warm steps on a scene that hardly moves, 0.145 on Blender 4.5 and 0.174 on 4.2. A start from the
    # frame before that is not moved along has 1.18 before its steps; without a warm start it is 1.
    assert ours < 0.25 * theirs
