"""The time that frames are forecast to take: by hand from a benchmark, by what runs took, and on the disk."""

from __future__ import annotations

import pytest

from tests.blender_nst.blender_in_tests import BlenderInTests

_BEGIN = """
load().register()
from types import SimpleNamespace
from blender_nst.engine.benchmark import StepModel
from blender_nst.engine.messages import FrameDone, Opened, Progress, Ready
from blender_nst.properties.scene import settings_dicts
from blender_nst.session import measured_speed, plan
from blender_nst.session.progress import session_progress
from blender_nst.session.session import RenderSession, State
from blender_nst.state import state_of
folder = Path(arguments[0])
measured_speed.data_folder = lambda create=True: folder
scene = bpy.context.scene
scene.nst.style_path = str(folder / "style.png")
(folder / "style.png").touch()
scene.nst.output_path = str(folder / "out")
scene.nst.device = "CPU"
scene.frame_start, scene.frame_end = 1, 10
scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 1920, 1080, 100

def session_of(*seconds, size=(1920, 1080), resumed=()):
    scene.render.resolution_x, scene.render.resolution_y = size
    session = RenderSession(plan.SessionPlan.from_scene(scene), lambda event: None)
    session.engine_state.update(Ready(2, "", "cpu", ""))
    session.engine_state.update(Opened("", bool(resumed), list(resumed)))
    for number, each in enumerate(seconds, 1):
        session.engine_state.update(Progress("", number, 1, 20, {}, 1.0))
        session.engine_state.update(FrameDone("", number, "", each, 1, {}))
    return session
"""


def run_in(blender: BlenderInTests, script: str) -> object:
    return blender.run(_BEGIN + script, str(blender.folder)).result


def test_a_benchmark_gives_the_time_of_any_size_and_number_of_steps(blender: BlenderInTests) -> None:
    """Seconds by hand: 9 steps at 480×270; 150 for the first, 7 of them at 960×540; the detail of each."""
    result = run_in(
        blender,
        """
unknown = measured_speed.expected_seconds(scene, 10, (1920, 1080), "cpu")
measured_speed.remember_steps(StepModel("cpu", 0.01, 1e-6))
speed = measured_speed.speed_of("cpu")
finish([unknown, measured_speed.expected_seconds(scene, 10, (1920, 1080), "cpu"), speed.first, speed.later,
        measured_speed.expected_seconds(scene, 1, (320, 180), "cpu"), measured_speed.expected_device(scene)])
""",
    )
    assert isinstance(result, list)
    unknown, seconds, first, later, small, device = result
    assert unknown is None
    # Sizes from 640 px on are gone through at 480 px too.
    last_octave = 480 * 270
    detail = 960 * 540
    fine = 7 * (960 * 540 + last_octave)
    coarse = 65 * 240 * 135 + 46 * 339 * 191 + 32 * last_octave
    by_hand = first * (151 * 0.01 + (fine + coarse + detail) * 1e-6)
    by_hand += 9 * later * (10 * 0.01 + (9 * last_octave + detail) * 1e-6)
    assert seconds == pytest.approx(by_hand, rel=1e-3)
    # 226×127 and 320×180, 75 steps each; nothing follows.
    pixels = 226 * 127 + 320 * 180
    assert small == pytest.approx(first * (150 * 0.01 + 75 * pixels * 1e-6))
    assert device == "cpu"


def test_a_run_teaches_how_long_its_frames_take_and_another_benchmark_keeps_that(
    blender: BlenderInTests,
) -> None:
    """What was measured is foretold exactly for the same frames; another Blender reads it from the disk."""
    result = run_in(
        blender,
        """
measured_speed.remember_steps(StepModel("cpu", 0.01, 1e-6))
measured_speed.remember_steps(StepModel("cuda: Made Up", 0.001, 1e-9))
measured_speed.remember(session_of(100.0, 20.0, 22.0))
seen = [measured_speed.expected_seconds(scene, frames, (1920, 1080), "cpu") for frames in (1, 3)]
measured_speed.remember(session_of(30.0, 32.0, resumed=(1,)))
seen += [measured_speed.expected_seconds(scene, frames, (1920, 1080), "cpu") for frames in (1, 3)]
measured_speed.remember_steps(StepModel("cpu", 0.02, 2e-6))  # twice as slow
known = state_of(measured_speed.KnownSpeeds)
known.speeds, known.read = {}, False
seen += [measured_speed.expected_seconds(scene, frames, (1920, 1080), "cpu") for frames in (1, 3)]
finish([seen, measured_speed.speed_of("cuda").device, measured_speed.speed_of("mps")])
""",
    )
    assert isinstance(result, list)
    seen, cuda, metal = result
    assert seen == pytest.approx([100.0, 142.0, 100.0, 162.0, 200.0, 324.0])
    assert cuda == "cuda: Made Up"
    assert metal is None


def test_a_run_without_a_benchmark_teaches_too(blender: BlenderInTests) -> None:
    result = run_in(
        blender,
        """
measured_speed.remember(session_of(100.0, 20.0, 20.0, size=(960, 540)))
finish([measured_speed.expected_seconds(scene, frames, (960, 540), "cpu") for frames in (1, 2, 11)])
""",
    )
    assert result == pytest.approx([100.0, 120.0, 300.0])


def test_the_time_left_from_the_second_frame_on_is_within_a_factor_of_one_and_a_half(
    blender: BlenderInTests,
) -> None:
    """The truth: this machine takes 50 s for the first frame, 12 s for each of the nine others."""
    result = run_in(
        blender,
        """
measured_speed.remember_steps(StepModel("cpu", 0.0, 1e-6))
speed = measured_speed.speed_of("cpu")
style, sequence = settings_dicts(scene)
slower = 12.0 / speed.later_frame((1920, 1080), style, sequence)
seen = []
session = session_of(slower * speed.first_frame((1920, 1080), style))
session.state = State.STYLIZING
session.engine_state.update(Progress("", 2, 1, 25, {}, 3.0))  # steps alone would say 75 s
seen.append(session_progress(session).seconds_left)
session.engine_state.update(FrameDone("", 2, "", 12.5, 25, {}))
session.engine_state.update(Progress("", 3, 12, 25, {}, 3.0))
seen.append(session_progress(session).seconds_left)
finish(seen)
""",
    )
    assert isinstance(result, list)
    begun, later = result
    assert begun == pytest.approx(9 * 12.0, rel=0.05)
    assert later == pytest.approx(7.5 * 12.5, rel=0.05)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[1]",
        '{"device": "cpu", "pixel_steps": 1.0, "first": 1.0}',
        '[{"device": "cpu", "step_seconds": 0.0, "pixel_seconds": NaN}]',
        '[{"device": "cpu", "step_seconds": 0.0, "pixel_seconds": 0.0}]',
        '[{"device": "cpu", "step_seconds": -1.0, "pixel_seconds": 1.0}]',
        '[{"device": "cpu", "step_seconds": 1.0, "pixel_seconds": 1.0, "first": 0.0}]',
        '[{"device": "cpu", "step_seconds": 1.0, "pixel_seconds": %s}]' % ("9" * 400),
        "[" * 100_000,
    ],
)
def test_a_file_of_another_kind_is_no_speed(blender: BlenderInTests, content: str) -> None:
    (blender.folder / "speed.json").write_text(content)
    assert run_in(blender, "finish(measured_speed.last_speed() is None)") is True
