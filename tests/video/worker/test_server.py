"""The engine's real process: the conversation, its errors, and every way in which it ends."""

from __future__ import annotations

import platform
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest

from tests.video.made_files.exr_files import vector_channels, write_exr
from video.images.image_files import read_image, write_png
from video.movies.movie import movie_length, write_movie
from video.paintings.painting import Painting
from video.protocol.json_lines import decode_event, encode
from video.protocol.messages import (
    PROTOCOL_VERSION,
    Cancel,
    Cancelled,
    Command,
    Done,
    Event,
    Failed,
    Finish,
    Frame,
    FrameDone,
    Heartbeat,
    Hello,
    Opened,
    Planned,
    Preview,
    Progress,
    Ready,
    Shutdown,
    StyledRegion,
    Stylize,
)

Picture = Callable[..., np.ndarray]

# Far more than any of these tests needs: a worker that is silent for so long is stuck.
PATIENCE = 60.0
TINY: dict[str, Any] = {"steps": 3, "coarsest_size": 64, "device": "cpu"}
ENDLESS = TINY | {"steps": 100_000}
MODULE = ["-m", "video.worker"]

# Prints from Python and from below it as soon as the worker has taken its streams.
TALKATIVE = """
import os, threading, time
import video.worker.server
def talk():
    while not os.path.sameopenfile(1, 2):
        time.sleep(0.001)
    while True:
        print("a library prints", flush=True)
        os.write(1, b"native code prints\\n")
        time.sleep(0.005)
threading.Thread(target=talk, daemon=True).start()
video.worker.server.main()
"""


class Conversation:
    """A worker process and its events."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with suppress(ValueError):  # a test that closes the pipe closes it under this thread's hands
            for line in self.process.stdout or ():
                self._lines.put(line)
        self._lines.put(None)

    def say(self, *commands: Command) -> None:
        for command in commands:
            self.say_line(encode(command).encode())

    def say_line(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def hang_up(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def next_event(self) -> Event:
        """The next event that is no heartbeat; every line of the stream must be one."""
        while True:
            line = self._lines.get(timeout=PATIENCE)
            assert line is not None, "the worker ended"
            event = decode_event(line.decode("ascii"))
            if not isinstance(event, Heartbeat):
                return event

    def until(self, kind: type) -> list[Event]:
        """The events up to and including the first of a kind."""
        events = [self.next_event()]
        while not isinstance(events[-1], kind):
            events.append(self.next_event())
        return events

    def rest(self) -> list[Event]:
        """The events up to the end of the stream."""
        lines: list[bytes] = []
        while (line := self._lines.get(timeout=PATIENCE)) is not None:
            lines.append(line)
        events = [decode_event(each.decode("ascii")) for each in lines]
        return [each for each in events if not isinstance(each, Heartbeat)]


@contextmanager
def conversation(arguments: list[str], environment: dict[str, str], log: Path) -> Iterator[Conversation]:
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        try:
            yield Conversation(process)
        finally:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def shared(
    child_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Conversation]:
    log = tmp_path_factory.mktemp("worker") / "engine.log"
    with conversation(MODULE, child_environment, log) as worker:
        yield worker
    assert " ERROR " not in log.read_text("utf-8", "replace")


@pytest.fixture
def worker(shared: Conversation) -> Iterator[Conversation]:
    """A worker that has served other tests before, and must serve the next one."""
    yield shared
    shared.say(Hello(PROTOCOL_VERSION))
    assert isinstance(shared.next_event(), Ready)


@pytest.fixture
def fresh(child_environment: dict[str, str], tmp_path: Path) -> Iterator[Conversation]:
    """A worker of its own, for a test that ends it."""
    with conversation(MODULE, child_environment, tmp_path / "engine.log") as worker:
        yield worker


@pytest.fixture(scope="module")
def files(picture: Picture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `style.png` and the frames `c_0001.png` to `c_0003.png` of a pan."""
    folder = tmp_path_factory.mktemp("files ü")
    write_png(folder / "style.png", picture(64, 48, Painting.KNIFE))
    wide = picture(96, 48)
    for number in (1, 2, 3):
        write_png(folder / f"c_{number:04}.png", wide[:, 2 * number : 2 * number + 64])
    return folder


def stylize(files: Path, output: Path, job: str = "a", settings: dict[str, Any] = TINY) -> Stylize:
    return Stylize(job, [str(files / "style.png")], str(output), settings, {"warm_steps": 1})


def frame(files: Path, number: int, job: str = "a") -> Frame:
    return Frame(job, number, str(files / f"c_{number:04}.png"))


def test_hello_is_answered_by_ready(worker: Conversation) -> None:
    worker.say(Hello(PROTOCOL_VERSION))
    ready = worker.next_event()
    assert isinstance(ready, Ready)
    assert ready.protocol == PROTOCOL_VERSION
    assert ready.version
    assert ready.torch[0].isdigit()
    assert ready.device.split(":")[0] in {"cpu", "mps", "cuda"}
    assert ready.python == platform.python_version()
    assert (ready.device_memory is None) == (not ready.device.startswith("cuda"))


def test_a_memory_limit_is_taken_with_the_greeting(worker: Conversation) -> None:
    worker.say(Hello(PROTOCOL_VERSION, memory_limit=4.0))
    assert isinstance(worker.next_event(), Ready)


def test_another_protocol_is_refused_with_both_versions(worker: Conversation) -> None:
    worker.say(Hello(99))
    failed = worker.next_event()
    assert isinstance(failed, Failed)
    assert "99" in failed.error
    assert str(PROTOCOL_VERSION) in failed.error


def test_whole_job(worker: Conversation, files: Path, tmp_path: Path) -> None:
    worker.say(stylize(files, tmp_path), *(frame(files, number) for number in (1, 2, 3)), Finish("a"))
    events = worker.until(Done)
    done = events[-1]
    assert isinstance(done, Done)
    assert done.frames == [1, 2, 3]
    assert done.movie == str(tmp_path / "styled.mp4")
    assert movie_length(tmp_path / "styled.mp4") == 3
    assert done.contact_sheet == str(tmp_path / "contact_sheet.png")
    assert (tmp_path / "contact_sheet.png").exists()
    finished = [event for event in events if isinstance(event, FrameDone)]
    assert [event.frame for event in finished] == [1, 2, 3]
    assert [event.path for event in finished] == [
        str(tmp_path / "styled" / f"styled_{number:04}.png") for number in (1, 2, 3)
    ]
    assert all(Path(event.path).exists() for event in finished)
    assert [event.warp_error is None for event in finished] == [True, False, False]
    steps = [(event.frame, event.step, event.steps) for event in events if isinstance(event, Progress)]
    assert steps == [(1, 1, 3), (1, 2, 3), (1, 3, 3), (2, 1, 1), (3, 1, 1)]
    assert events[0] == Opened("a", False, [])
    planned = events[1]
    assert isinstance(planned, Planned)
    assert " on CPU, about " in planned.text
    assert " GiB of memory" in planned.text
    assert len(events) == 2 + len(steps) + 3 + 1


def test_previews_are_shown_and_snapshots_are_kept_only_if_asked_for(
    worker: Conversation, files: Path, tmp_path: Path
) -> None:
    worker.say(replace(stylize(files, tmp_path), preview_every=2), frame(files, 1), Finish("a"))
    events = worker.until(Done)
    shown = [event for event in events if isinstance(event, Preview)]
    assert [(event.frame, event.step, event.path) for event in shown] == [
        (1, 2, str(tmp_path / "preview.png"))
    ]
    assert (tmp_path / "preview.png").is_file()
    assert not (tmp_path / "snapshots").exists()


def test_a_quick_look_reduces_its_picture_and_shows_it_as_the_result_would_be(
    worker: Conversation, tmp_path: Path
) -> None:
    # Opaque gray beside what is transparent, whose own color must not be seen.
    picture = np.zeros((90, 160, 4), np.float32)
    picture[:, :, 0] = 1.0
    picture[:, 60:] = (0.4, 0.4, 0.4, 1.0)
    write_png(tmp_path / "rendered.png", picture)
    write_png(tmp_path / "style.png", np.full((64, 64, 3), 0.2, np.float32))
    settings = TINY | {"strength": 0.0}
    job = Stylize("a", [str(tmp_path / "style.png")], str(tmp_path / "out"), settings)
    look = replace(job, preview_every=1, restart=True, complete=True, longest_side=80)
    worker.say(look, Frame("a", 1, str(tmp_path / "rendered.png"), str(tmp_path / "none.exr")), Finish("a"))
    events = worker.until(Done)
    shown = [event for event in events if isinstance(event, Preview)]
    assert shown[0].step == 1
    for path in (tmp_path / "out" / "preview.png", tmp_path / "out" / "styled" / "styled_0001.png"):
        image = read_image(path)
        assert image.shape == (45, 80, 4)
        assert np.abs(image[:, 31:] - (0.4, 0.4, 0.4, 1.0)).max() <= 1.5 / 255.0
        edge = image[:, 25:35]
        np.testing.assert_allclose(edge[edge[..., 3] > 0.2][:, :3], 0.4, atol=0.03)
        np.testing.assert_allclose(image[:, :28, 3], 0.0, atol=1.5 / 255.0)


def test_a_frame_may_be_a_picture_of_a_movie(worker: Conversation, files: Path, tmp_path: Path) -> None:
    movie = tmp_path / "clip.mp4"
    write_movie(movie, [np.full((48, 64, 3), 0.2 * n, np.float32) for n in range(1, 4)], 24.0)
    worker.say(
        stylize(files, tmp_path),
        Frame("a", 12, str(movie), movie_frame=2),
        Frame("a", 13, str(movie), movie_frame=9),
        Finish("a"),
    )
    failed = worker.until(Failed)[-1]
    assert isinstance(failed, Failed)
    assert (failed.frame, failed.frames) == (13, [12])
    assert "clip.mp4: has no frame 9" in failed.error


def test_passes_that_were_captured_in_haste_are_packed_when_the_frame_is_done(
    worker: Conversation, files: Path, tmp_path: Path
) -> None:
    captured, of_the_user = tmp_path / "passes" / "passes_0001.exr", tmp_path / "mine.exr"
    captured.parent.mkdir()
    for path in (captured, of_the_user):
        write_exr(
            path, vector_channels(np.zeros((48, 64, 4), np.float32)), compression=OpenEXR.NO_COMPRESSION
        )
    before = of_the_user.stat().st_size
    frames = [
        replace(frame(files, number), passes=str(path)) for number, path in ((1, captured), (2, of_the_user))
    ]
    worker.say(stylize(files, tmp_path), *frames, Finish("a"))
    worker.until(Done)
    assert captured.stat().st_size < 0.5 * before
    assert of_the_user.stat().st_size == before


def test_frames_may_come_one_by_one(worker: Conversation, files: Path, tmp_path: Path) -> None:
    worker.say(stylize(files, tmp_path))
    for number in (1, 2):
        worker.say(frame(files, number))
        assert worker.until(FrameDone)
    worker.say(Finish("a"))
    done = worker.next_event()
    assert isinstance(done, Done)
    assert done.frames == [1, 2]


@pytest.mark.parametrize("kind", ["size", "alpha", "damaged", "missing"])
def test_all_headers_of_a_complete_job_are_checked_before_the_first_frame(
    worker: Conversation, files: Path, picture: Picture, tmp_path: Path, kind: str
) -> None:
    odd = tmp_path / "c_0003.png"
    if kind == "size":
        write_png(odd, picture(80, 48))
    elif kind == "alpha":
        write_png(odd, np.dstack([picture(64, 48), np.ones((48, 64))]))
    elif kind == "damaged":
        odd.write_bytes((files / "c_0003.png").read_bytes()[:30])
    frames = [frame(files, 1), frame(files, 2), Frame("a", 3, str(odd))]
    worker.say(replace(stylize(files, tmp_path / "out"), complete=True), *frames, Finish("a"))
    events = worker.until(Failed)
    assert not [event for event in events if isinstance(event, Progress)]
    failed = events[-1]
    assert isinstance(failed, Failed)
    assert (failed.job, failed.frame, failed.frames) == ("a", 3, [])
    assert "c_0003.png" in failed.error


def test_a_complete_job_is_done_as_any_other(worker: Conversation, files: Path, tmp_path: Path) -> None:
    frames = [frame(files, number) for number in (1, 2, 3)]
    worker.say(replace(stylize(files, tmp_path), complete=True), *frames, Finish("a"))
    done = worker.until(Done)[-1]
    assert isinstance(done, Done)
    assert done.frames == [1, 2, 3]


def test_cancel_of_a_complete_job(worker: Conversation, files: Path, tmp_path: Path) -> None:
    frames = [frame(files, number, "long") for number in (1, 2)]
    worker.say(replace(stylize(files, tmp_path, "long", ENDLESS), complete=True), *frames, Finish("long"))
    worker.until(Progress)
    worker.say(Cancel("long"))
    assert worker.until(Cancelled)[-1] == Cancelled("long", [])


def test_cancel_in_the_middle_of_a_frame(worker: Conversation, files: Path, tmp_path: Path) -> None:
    worker.say(stylize(files, tmp_path, "long", ENDLESS), frame(files, 1, "long"))
    worker.until(Progress)
    worker.say(Cancel("long"))
    cancelled = worker.until(Cancelled)[-1]
    assert cancelled == Cancelled("long", [])
    assert not list(tmp_path.rglob("*.png"))
    worker.say(stylize(files, tmp_path, "next"), frame(files, 2, "next"), Finish("next"))
    done = worker.until(Done)[-1]
    assert isinstance(done, Done)
    assert (done.job, done.frames) == ("next", [2])


def test_cancel_while_waiting_for_frames_keeps_those_that_are_done(
    worker: Conversation, files: Path, tmp_path: Path
) -> None:
    worker.say(stylize(files, tmp_path, "b"), frame(files, 1, "b"))
    worker.until(FrameDone)
    worker.say(Cancel("b"))
    assert worker.next_event() == Cancelled("b", [1])
    # What was on its way when the job ended means nothing.
    worker.say(frame(files, 2, "b"), Finish("b"))
    assert [path.name for path in tmp_path.rglob("*.png")] == ["styled_0001.png"]


@pytest.mark.parametrize(
    "line", [b"what?\n", b"{}\n", b'{"command": "dance"}\n', b"\xff\xfe\x00\n", b"[" * 50_000 + b"\n"]
)
def test_malformed_line_is_refused(worker: Conversation, line: bytes) -> None:
    worker.say_line(line)
    failed = worker.next_event()
    assert isinstance(failed, Failed)
    assert failed.job is None
    assert len(failed.error.splitlines()) == 1


def test_blank_lines_are_nothing(worker: Conversation) -> None:
    worker.say_line(b"\n  \r\n")


def test_malformed_line_does_not_disturb_an_open_job(
    worker: Conversation, files: Path, tmp_path: Path
) -> None:
    worker.say(stylize(files, tmp_path))
    worker.say_line(b"what?\n")
    worker.say(frame(files, 1), Finish("a"))
    events = worker.until(Done)
    assert len([event for event in events if isinstance(event, Failed)]) == 1
    done = events[-1]
    assert isinstance(done, Done)
    assert done.frames == [1]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"styles": ["/none/painting.jpg"]}, "/none/painting.jpg"),
        ({"styles": []}, "one style"),
        ({"style_weights": [1.0, 2.0]}, "2 style weights for 1 styles"),
        ({"style_weights": [1e308]}, "weight"),
        ({"style_weights": [0.0]}, "weight"),
        ({"styles": [], "regions": [StyledRegion("object", ["Cube"])]}, "one style"),
        ({"regions": [StyledRegion("collection", ["Trees"])]}, "must be object or material"),
        ({"regions": [StyledRegion("object", ["Cube"], "/none/drawing.jpg")]}, "/none/drawing.jpg"),
        ({"style_settings": {"steps": -1}}, "steps"),
        ({"style_settings": {"stepz": 1}}, "stepz"),
        ({"style_settings": {"style_layers": ["relu9_1"]}}, "relu9_1"),
        ({"sequence_settings": {"motion": "guess"}}, "motion"),
        ({"output": "/dev/null/out"}, "/dev/null/out"),
    ],
)
def test_job_that_cannot_be_opened_fails_in_one_line(
    worker: Conversation, files: Path, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    values = {"styles": [str(files / "style.png")], "output": str(tmp_path), "style_settings": TINY}
    worker.say(Stylize(job="bad", **(values | changes)))
    failed = worker.next_event()
    assert isinstance(failed, Failed)
    assert failed.job == "bad"
    assert words in failed.error
    assert len(failed.error.splitlines()) == 1


def test_frame_that_cannot_be_read_fails_the_job_and_names_it(
    worker: Conversation, files: Path, tmp_path: Path
) -> None:
    worker.say(stylize(files, tmp_path), frame(files, 1), frame(files, 77), Finish("a"))
    failed = worker.until(Failed)[-1]
    assert isinstance(failed, Failed)
    assert (failed.job, failed.frame, failed.frames) == ("a", 77, [1])
    assert "c_0077.png" in failed.error
    assert (tmp_path / "styled" / "styled_0001.png").exists()


def test_second_job_has_to_wait(worker: Conversation, files: Path, tmp_path: Path) -> None:
    worker.say(stylize(files, tmp_path), stylize(files, tmp_path / "other", "second"))
    failed = worker.until(Failed)[-1]
    assert isinstance(failed, Failed)
    assert failed.job == "second"
    worker.say(frame(files, 1), Finish("a"))
    assert isinstance(worker.until(Done)[-1], Done)


def test_hello_is_answered_while_a_job_is_open(worker: Conversation, files: Path, tmp_path: Path) -> None:
    worker.say(stylize(files, tmp_path), Hello(PROTOCOL_VERSION))
    worker.until(Ready)
    worker.say(Cancel("a"))
    assert worker.next_event() == Cancelled("a", [])


def test_nothing_is_written_outside_the_jobs_folder(
    child_environment: dict[str, str], files: Path, tmp_path: Path
) -> None:
    output = tmp_path / "inside"
    strange = "../../evil"
    numbers = (-7, 0, 123_456_789_012)
    with conversation(MODULE, child_environment, tmp_path / "engine.log") as worker:
        job = stylize(files, output, strange, TINY | {"snapshot_every": 1})
        frames = [Frame(strange, number, str(files / "c_0001.png")) for number in numbers]
        worker.say(replace(job, source={strange: strange}), *frames, Finish(strange))
        worker.until(Done)
        # Too long for a file name: a clear word, and the frames before it are kept.
        worker.say(stylize(files, output / "b", "b"), Frame("b", 10**300, str(files / "c_0001.png")))
        failed = worker.until(Failed)[-1]
        assert isinstance(failed, Failed)
        assert len(failed.error.splitlines()) == 1
        assert "internal" not in failed.error
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert {name for name in written if not name.startswith("inside/")} == {"engine.log"}
    styled = {name for name in written if name.startswith("inside/styled/")}
    names = ("styled_-0007.png", "styled_0000.png", "styled_123456789012.png")
    assert styled == {f"inside/styled/{name}" for name in names}
    assert not list(files.parent.rglob("*evil*"))


def test_end_of_input_ends_the_process(fresh: Conversation) -> None:
    fresh.hang_up()
    assert fresh.process.wait(PATIENCE) == 0
    assert fresh.rest() == []


def test_end_of_input_ends_it_in_the_middle_of_a_frame(
    fresh: Conversation, files: Path, tmp_path: Path
) -> None:
    fresh.say(stylize(files, tmp_path / "out", "a", ENDLESS), frame(files, 1))
    fresh.until(Progress)
    fresh.hang_up()
    assert fresh.process.wait(PATIENCE) == 0
    assert not list((tmp_path / "out").rglob("*.png"))


def test_end_of_input_ends_it_while_it_waits_for_frames(
    fresh: Conversation, files: Path, tmp_path: Path
) -> None:
    fresh.say(stylize(files, tmp_path / "out"), frame(files, 1))
    fresh.until(FrameDone)
    fresh.hang_up()
    assert fresh.process.wait(PATIENCE) == 0
    assert (tmp_path / "out" / "styled" / "styled_0001.png").exists()


def test_shutdown_ends_it_in_the_middle_of_a_frame(fresh: Conversation, files: Path, tmp_path: Path) -> None:
    fresh.say(stylize(files, tmp_path / "out", "a", ENDLESS), frame(files, 1))
    fresh.until(Progress)
    fresh.say(Shutdown())
    assert fresh.process.wait(PATIENCE) == 0
    assert all(isinstance(event, (Progress, Cancelled)) for event in fresh.rest())


def test_listener_that_goes_away_ends_it(fresh: Conversation, files: Path, tmp_path: Path) -> None:
    fresh.say(stylize(files, tmp_path / "out", "a", ENDLESS), frame(files, 1))
    fresh.until(Progress)
    assert fresh.process.stdout is not None
    fresh.process.stdout.close()
    assert fresh.process.wait(PATIENCE) == 0


def test_what_is_printed_in_the_process_goes_to_the_log(
    child_environment: dict[str, str], files: Path, tmp_path: Path
) -> None:
    log = tmp_path / "engine.log"
    with conversation(["-c", TALKATIVE], child_environment, log) as worker:
        worker.say(Hello(PROTOCOL_VERSION), stylize(files, tmp_path / "out"), frame(files, 1), Finish("a"))
        worker.until(Done)
        worker.say(Shutdown())
        assert worker.process.wait(PATIENCE) == 0
        assert worker.rest() == []
    words = log.read_text()
    assert "a library prints" in words
    assert "native code prints" in words


@pytest.mark.parametrize("complete", [True, False])
def test_a_job_whose_frames_have_changed_puts_them_aside_and_begins_once_more(
    worker: Conversation, files: Path, tmp_path: Path, complete: bool
) -> None:
    inputs = tmp_path / "in"
    inputs.mkdir()
    for number in (1, 2, 3):
        (inputs / f"c_{number:04d}.png").write_bytes((files / f"c_{number:04d}.png").read_bytes())
    commands = [Frame("a", number, str(inputs / f"c_{number:04d}.png")) for number in (1, 2, 3)]

    def job(output: Path) -> list[Event]:
        opening = replace(stylize(files, output), total=3, put_aside=True, complete=complete)
        worker.say(opening, *commands, Finish("a"))
        return worker.until(Done)

    job(tmp_path / "out")
    before = (tmp_path / "out" / "styled" / "styled_0002.png").read_bytes()
    (inputs / "c_0002.png").write_bytes((inputs / "c_0003.png").read_bytes())
    events = job(tmp_path / "out")
    job(tmp_path / "fresh")
    done = [(each.frame, each.resumed) for each in events if isinstance(each, FrameDone)]
    assert done == [(1, True), (2, False), (3, False)]
    assert len([each for each in events if isinstance(each, Opened)]) == 1
    for number in (1, 2, 3):
        name = f"styled/styled_{number:04d}.png"
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "fresh" / name).read_bytes()
    assert (tmp_path / "out" / "styled.old" / "0001" / "styled" / "styled_0002.png").read_bytes() == before


def test_a_job_of_views_whose_frames_have_changed_does_so_too(
    worker: Conversation, files: Path, tmp_path: Path
) -> None:
    def job(output: Path, second: int) -> list[Event]:
        pictures = [(1, "_L", 1), (1, "_R", 2), (2, "_L", second), (2, "_R", 3)]
        opening = replace(stylize(files, output), total=2, put_aside=True, views=["_L", "_R"], complete=True)
        commands = [Frame("a", n, str(files / f"c_{of:04d}.png"), view=view) for n, view, of in pictures]
        worker.say(opening, *commands, Finish("a"))
        return worker.until(Done)

    job(tmp_path / "out", 2)
    events = job(tmp_path / "out", 3)
    job(tmp_path / "fresh", 3)
    done = [(each.view, each.frame, each.resumed) for each in events if isinstance(each, FrameDone)]
    assert done == [("_L", 1, True), ("_L", 2, False), ("_R", 1, True), ("_R", 2, False)]
    for eye in ("_L", "_R"):
        name = f"styled/styled_0002{eye}.png"
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "fresh" / name).read_bytes()
    aside = sorted(path.name for path in (tmp_path / "out" / "styled.old").rglob("styled_*.png"))
    assert aside == ["styled_0002_L.png", "styled_0002_R.png"]
