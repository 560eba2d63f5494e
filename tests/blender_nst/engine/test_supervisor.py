"""An engine that dies or hangs at its work: started once more, and ended cleanly when it does so again."""

from __future__ import annotations

import os
import signal
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blender_nst.engine.process import EngineProcess, Message
from blender_nst.engine.supervisor import HEARTBEAT_TIMEOUT, PROGRESS_TIMEOUT, SupervisedEngine
from video.images.image_files import write_png
from video.paintings.painting import Painting
from video.protocol.messages import PROTOCOL_VERSION

REPOSITORY = Path(__file__).parents[3]
Picture = Callable[..., np.ndarray]
TINY: dict[str, Any] = {"steps": 2, "coarsest_size": 32, "device": "cpu"}
PATIENCE = 120.0
FRAMES = (1, 2, 3, 4)
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and FIFOs of POSIX")


@pytest.fixture(autouse=True)
def _source_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLENDER_NST_ENGINE_PATH", str(REPOSITORY))


@pytest.fixture(scope="module")
def files(picture: Picture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`style.png` and four frames of a pan."""
    folder = tmp_path_factory.mktemp("files")
    write_png(folder / "style.png", picture(48, 32, Painting.KNIFE))
    wide = picture(64, 32)
    for number in FRAMES:
        write_png(folder / f"c_{number:04}.png", wide[:, 2 * number : 2 * number + 48])
    return folder


@contextmanager
def supervised(
    log: Path,
    *,
    pythons: list[str] | None = None,
    protocols: list[int] | None = None,
    silence: float = HEARTBEAT_TIMEOUT,
    stuck: float = PROGRESS_TIMEOUT,
) -> Iterator[SupervisedEngine]:
    """An engine; its first and second life may have pythons and protocols of their own."""
    lives = iter(range(9))

    def start(listener: Callable[[Message], None]) -> EngineProcess:
        life = next(lives)
        python = pythons[life] if pythons else sys.executable
        protocol = protocols[life] if protocols else PROTOCOL_VERSION
        return EngineProcess(python, log, protocol=protocol, listener=listener)

    engine = SupervisedEngine(start, silence=silence, stuck=stuck)
    try:
        yield engine
    finally:
        engine.close(1.0)
        engine.join()


def order(engine: SupervisedEngine, files: Path, output: Path, **changes: Any) -> None:
    engine.send(
        {
            "command": "stylize",
            "job": "a",
            "styles": [str(files / "style.png")],
            "output": str(output),
            "style_settings": TINY | changes,
            "sequence_settings": {"warm_steps": 2, "movie": False},
            "total": len(FRAMES),
        }
    )
    for number in FRAMES:
        engine.send(
            {"command": "frame", "job": "a", "frame": number, "content": str(files / f"c_{number:04}.png")}
        )
    engine.send({"command": "finish", "job": "a"})


def listen(
    engine: SupervisedEngine, *ends: str, at: Callable[[Message], None] = lambda event: None
) -> list[Message]:
    """The events up to the first of `ends`; `at` is called with each."""
    events: list[Message] = []
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        event = engine.next_event(1.0)
        if event is not None:
            events.append(event)
            at(event)
            if event["event"] in ends:
                return events
    raise AssertionError(f"no {ends} among {[event['event'] for event in events]}")


def of(events: list[Message], kind: str) -> list[Message]:
    return [event for event in events if event["event"] == kind]


def styled(output: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((output / "styled").iterdir())]


@pytest.fixture(scope="module")
def undisturbed(files: Path, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The styled frames of an engine that nothing happens to."""
    folder = tmp_path_factory.mktemp("undisturbed")
    os.environ["BLENDER_NST_ENGINE_PATH"] = str(REPOSITORY)
    with supervised(folder / "log.txt") as engine:
        order(engine, files, folder / "out")
        listen(engine, "done")
    return styled(folder / "out")


def end_after(engine: SupervisedEngine, frames: set[int], number: int) -> Callable[[Message], None]:
    """Sends a signal to the engine when one of the frames is done."""

    def at(event: Message) -> None:
        if event["event"] == "frame_done" and event["frame"] in frames:
            os.kill(engine.pid, number)

    return at


@pytest.mark.expected_errors("the style engine ended with exit code")
@posix
def test_a_killed_engine_is_started_once_more_and_goes_on(
    files: Path, tmp_path: Path, undisturbed: list[bytes]
) -> None:
    with supervised(tmp_path / "log.txt") as engine:
        order(engine, files, tmp_path / "out")
        events = listen(engine, "done", "died", at=end_after(engine, {2}, signal.SIGKILL))
    (notice,) = of(events, "warned")
    assert "it is started once more" in notice["text"]
    assert "\n" not in notice["text"]
    assert [event["frame"] for event in of(events, "frame_done")] == list(FRAMES)
    assert len(of(events, "ready")) == len(of(events, "opened")) == 1
    assert events[-1]["event"] == "done"
    assert events[-1]["frames"] == list(FRAMES)
    assert styled(tmp_path / "out") == undisturbed


@pytest.mark.expected_errors("the style engine ended with exit code")
@posix
def test_a_second_end_is_final_and_the_next_engine_goes_on(
    files: Path, tmp_path: Path, undisturbed: list[bytes]
) -> None:
    with supervised(tmp_path / "log.txt") as engine:
        order(engine, files, tmp_path / "out")
        events = listen(engine, "done", "died", at=end_after(engine, {1, 2}, signal.SIGKILL))
    died = events[-1]
    assert died["event"] == "died"
    assert "for the second time" in died["error"]
    assert "finished frames kept: 2" in died["error"]
    assert "\n" not in died["error"]
    # The frame that was being written may lie beside them; the next engine clears it up.
    whole = sorted((tmp_path / "out" / "styled").glob("styled_*.png"))
    assert [path.read_bytes() for path in whole[:2]] == undisturbed[:2]
    with supervised(tmp_path / "log.txt") as engine:
        order(engine, files, tmp_path / "out")
        events = listen(engine, "done", "died")
    assert of(events, "opened")[0]["continues"]
    done = of(events, "frame_done")
    assert [event["frame"] for event in done] == list(FRAMES)
    assert [event["resumed"] for event in done][:2] == [True, True]
    assert styled(tmp_path / "out") == undisturbed


@pytest.mark.expected_errors("the style engine ended with exit code")
@posix
def test_a_stopped_engine_is_ended_by_the_watchdog(
    files: Path, tmp_path: Path, undisturbed: list[bytes]
) -> None:
    with supervised(tmp_path / "log.txt", silence=6.0) as engine:
        order(engine, files, tmp_path / "out")
        events = listen(engine, "done", "died", at=end_after(engine, {1}, signal.SIGSTOP))
    (notice,) = of(events, "warned")
    assert "has not answered" in notice["text"]
    assert styled(tmp_path / "out") == undisturbed


@pytest.mark.expected_errors("the style engine ended with exit code")
@posix
def test_work_that_hangs_is_ended_twice(files: Path, tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    (frames / "style.png").write_bytes((files / "style.png").read_bytes())
    (frames / "c_0001.png").write_bytes((files / "c_0001.png").read_bytes())
    # Whoever opens it waits for ever for somebody who writes.
    os.mkfifo(frames / "pipe")
    (frames / "c_0002.png").symlink_to(frames / "pipe")
    with supervised(tmp_path / "log.txt", stuck=3.0) as engine:
        order(engine, frames, tmp_path / "out")
        events = listen(engine, "done", "died", "failed")
    assert "no progress" in of(events, "warned")[0]["text"]
    assert events[-1]["event"] == "died"
    assert "no progress" in events[-1]["error"]
    assert "finished frames kept: 1" in events[-1]["error"]


@pytest.mark.expected_errors("the style engine ended with exit code")
def test_another_version_at_the_second_start_ends_it_in_one_line(files: Path, tmp_path: Path) -> None:
    protocols = [PROTOCOL_VERSION, PROTOCOL_VERSION + 1]
    with supervised(tmp_path / "log.txt", protocols=protocols) as engine:
        order(engine, files, tmp_path / "out")
        events = listen(engine, "done", "died", "failed", at=end_after(engine, {1}, signal.SIGTERM))
    assert len(of(events, "warned")) == 1
    assert events[-1]["event"] == "failed"
    assert "install the same version" in events[-1]["error"]
    assert len(styled(tmp_path / "out")) >= 1


@posix
def test_an_engine_without_memory_says_so(files: Path, picture: Picture, tmp_path: Path) -> None:
    # Both lives may take 1.8 GB of addresses: enough to start, too few for a large frame, tiles or not.
    small = tmp_path / "python"
    small.write_text(f'#!/bin/sh\nulimit -v 1800000\nexec {sys.executable} "$@"\n')
    small.chmod(small.stat().st_mode | stat.S_IXUSR)
    frames = tmp_path / "frames"
    frames.mkdir()
    (frames / "style.png").write_bytes((files / "style.png").read_bytes())
    for number in FRAMES:
        write_png(frames / f"c_{number:04}.png", np.tile(picture(64, 48), (60, 60, 1)))
    with supervised(tmp_path / "log.txt", pythons=[str(small), str(small)]) as engine:
        order(engine, frames, tmp_path / "out", steps=1, coarsest_size=4096)
        events = listen(engine, "done", "died", "failed")
    notices = [notice["text"] for notice in of(events, "warned")]
    assert any("there is not enough memory" in text for text in notices)
    assert any("it is started once more" in text for text in notices)
    assert events[-1]["event"] == "died"
    assert "not enough memory" in events[-1]["error"]


@pytest.mark.expected_errors("the style engine ended with exit code")
def test_canceling_an_engine_that_has_died_is_a_cancellation(files: Path, tmp_path: Path) -> None:
    with supervised(tmp_path / "log.txt") as engine:
        order(engine, files, tmp_path / "out", steps=100_000)
        listen(engine, "progress")
        engine.send({"command": "cancel", "job": "a"})
        os.kill(engine.pid, signal.SIGTERM)
        assert listen(engine, "cancelled", "died")[-1]["event"] == "cancelled"
