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
from typing import Any, TypeVar

import numpy as np
import pytest

from blender_nst.engine.messages import (
    Cancel,
    Cancelled,
    Done,
    Failed,
    Finish,
    Frame,
    FrameDone,
    Opened,
    Progress,
    Ready,
    Stylize,
    Warned,
)
from blender_nst.engine.process import EngineEvent, EngineProcess
from blender_nst.engine.supervisor import (
    HEARTBEAT_TIMEOUT,
    PROGRESS_TIMEOUT,
    SupervisedEngine,
    SupervisorState,
)
from blender_nst.errors import EngineError
from blender_nst.local_events import Died
from video.images.image_files import write_png
from video.paintings.painting import Painting
from video.protocol.messages import PROTOCOL_VERSION

REPOSITORY = Path(__file__).parents[3]
Picture = Callable[..., np.ndarray]
TINY: dict[str, Any] = {"steps": 2, "coarsest_size": 32, "device": "cpu"}
PATIENCE = 300.0
FRAMES = (1, 2, 3, 4)
E = TypeVar("E")
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
    heartbeat_timeout: float = HEARTBEAT_TIMEOUT,
    progress_timeout: float = PROGRESS_TIMEOUT,
) -> Iterator[SupervisedEngine]:
    """An engine; its first and second life may have pythons and protocols of their own."""
    lives = iter(range(9))

    def start(on_event: Callable[[EngineEvent], None]) -> EngineProcess:
        life = next(lives)
        python = pythons[life] if pythons else sys.executable
        protocol = protocols[life] if protocols else PROTOCOL_VERSION
        return EngineProcess(python, log, protocol=protocol, on_event=on_event)

    engine = SupervisedEngine(start, heartbeat_timeout=heartbeat_timeout, progress_timeout=progress_timeout)
    try:
        yield engine
    finally:
        engine.close(1.0)
        engine.join()


def order(engine: SupervisedEngine, files: Path, output: Path, **changes: Any) -> None:
    engine.send(
        Stylize(
            "a",
            [str(files / "style.png")],
            str(output),
            style_settings=TINY | changes,
            sequence_settings={"warm_steps": 2, "movie": False},
            total=len(FRAMES),
        )
    )
    for number in FRAMES:
        engine.send(Frame("a", number, str(files / f"c_{number:04}.png")))
    engine.send(Finish("a"))


def listen(
    engine: SupervisedEngine, *ends: type, at: Callable[[EngineEvent], None] = lambda event: None
) -> list[EngineEvent]:
    """The events up to the first of `ends`; `at` is called with each."""
    events: list[EngineEvent] = []
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        event = engine.next_event(1.0)
        if event is not None:
            events.append(event)
            at(event)
            if isinstance(event, ends):
                return events
    raise AssertionError(f"no {ends} among {events}")


def of(events: list[EngineEvent], kind: type[E]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]


def styled(output: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((output / "styled").iterdir())]


@pytest.fixture(scope="module")
def undisturbed(files: Path, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The styled frames of an engine that nothing happens to."""
    folder = tmp_path_factory.mktemp("undisturbed")
    os.environ["BLENDER_NST_ENGINE_PATH"] = str(REPOSITORY)
    with supervised(folder / "log.txt") as engine:
        order(engine, files, folder / "out")
        listen(engine, Done)
    return styled(folder / "out")


def end_after(engine: SupervisedEngine, frames: set[int], number: int) -> Callable[[EngineEvent], None]:
    """Sends a signal to the engine when one of the frames is done."""

    def at(event: EngineEvent) -> None:
        if isinstance(event, FrameDone) and event.frame in frames:
            os.kill(engine.pid, number)

    return at


@pytest.mark.expected_errors("the style engine ended with exit code")
@posix
def test_a_killed_engine_is_started_once_more_and_goes_on(
    files: Path, tmp_path: Path, undisturbed: list[bytes]
) -> None:
    with supervised(tmp_path / "log.txt") as engine:
        assert engine.state is SupervisorState.STARTING
        order(engine, files, tmp_path / "out")
        events = listen(engine, Done, Died, at=end_after(engine, {2}, signal.SIGKILL))
        assert engine.state is SupervisorState.ENDED
    (notice,) = of(events, Warned)
    assert "it is started once more" in notice.text
    assert "\n" not in notice.text
    assert [event.frame for event in of(events, FrameDone)] == list(FRAMES)
    assert len(of(events, Ready)) == len(of(events, Opened)) == 1
    assert isinstance(events[-1], Done)
    assert events[-1].frames == list(FRAMES)
    assert styled(tmp_path / "out") == undisturbed


@pytest.mark.expected_errors("the style engine ended with exit code")
@posix
def test_a_second_end_is_final_and_the_next_engine_goes_on(
    files: Path, tmp_path: Path, undisturbed: list[bytes]
) -> None:
    with supervised(tmp_path / "log.txt") as engine:
        order(engine, files, tmp_path / "out")
        events = listen(engine, Done, Died, at=end_after(engine, {1, 2}, signal.SIGKILL))
        assert engine.state is SupervisorState.ENDED
        with pytest.raises(EngineError):
            engine.send(Finish("a"))
    died = events[-1]
    assert isinstance(died, Died)
    assert "for the second time" in died.error
    assert "finished frames kept: 2" in died.error
    assert "\n" not in died.error
    # The frame that was being written may lie beside them; the next engine clears it up.
    whole = sorted((tmp_path / "out" / "styled").glob("styled_*.png"))
    assert [path.read_bytes() for path in whole[:2]] == undisturbed[:2]
    with supervised(tmp_path / "log.txt") as engine:
        order(engine, files, tmp_path / "out")
        events = listen(engine, Done, Died)
    assert of(events, Opened)[0].continues
    done = of(events, FrameDone)
    assert [event.frame for event in done] == list(FRAMES)
    assert [event.resumed for event in done][:2] == [True, True]
    assert styled(tmp_path / "out") == undisturbed


HANGS = """
import ctypes, os, threading, time
def hang():
    while not os.path.exists({flag!r}):
        time.sleep(0.05)
    os.remove({flag!r})
    ctypes.PyDLL(None).sleep(3600)  # no other thread of this Python runs meanwhile
threading.Thread(target=hang, daemon=True).start()
"""


@pytest.mark.expected_errors("the style engine ended with exit code")
@posix
def test_an_engine_that_hangs_is_ended_by_the_watchdog(
    files: Path, tmp_path: Path, undisturbed: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    flag = tmp_path / "hang"
    (tmp_path / "sitecustomize.py").write_text(HANGS.format(flag=str(flag)))
    monkeypatch.setenv("BLENDER_NST_ENGINE_PATH", os.pathsep.join((str(tmp_path), str(REPOSITORY))))

    def hang(event: EngineEvent) -> None:
        if isinstance(event, FrameDone) and event.frame == 1:
            flag.touch()

    with supervised(tmp_path / "log.txt", heartbeat_timeout=6.0) as engine:
        order(engine, files, tmp_path / "out")
        events = listen(engine, Done, Died, at=hang)
    (notice,) = of(events, Warned)
    assert "has not answered" in notice.text
    assert styled(tmp_path / "out") == undisturbed


@posix
def test_an_engine_that_is_suspended_is_waited_for(
    files: Path, tmp_path: Path, undisturbed: list[bytes]
) -> None:
    def suspend(event: EngineEvent) -> None:
        if isinstance(event, FrameDone) and event.frame == 1:
            os.kill(engine.pid, signal.SIGSTOP)
            time.sleep(12.0)
            os.kill(engine.pid, signal.SIGCONT)

    with supervised(tmp_path / "log.txt", heartbeat_timeout=6.0) as engine:
        order(engine, files, tmp_path / "out")
        events = listen(engine, Done, Died, at=suspend)
    assert of(events, Warned) == []
    assert isinstance(events[-1], Done)
    assert styled(tmp_path / "out") == undisturbed


@contextmanager
def leased(path: Path) -> Iterator[Callable[[], None]]:
    """While it lasts, whoever opens the file waits, as on a share that does not answer.

    The system lets the first one go on after 45 s. Yields what leases the file anew, once nobody waits.
    """
    import fcntl

    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    with path.open("r+b") as file:

        def renew() -> None:
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)

        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        try:
            yield renew
        finally:
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
            signal.signal(signal.SIGIO, before)


@pytest.mark.expected_errors("the style engine ended with exit code")
@pytest.mark.skipif(sys.platform != "linux", reason="leases of Linux")
def test_work_that_hangs_is_ended_twice(files: Path, tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    for name in ("style.png", "c_0001.png", "c_0002.png"):
        (frames / name).write_bytes((files / name).read_bytes())

    def lease_anew(event: EngineEvent) -> None:
        if isinstance(event, Warned):
            renew_lease()

    # Far longer than the first frame takes, also on a busy machine, and well below the 45 s of a lease.
    with (
        leased(frames / "c_0002.png") as renew_lease,
        supervised(tmp_path / "log.txt", progress_timeout=15.0) as engine,
    ):
        order(engine, frames, tmp_path / "out")
        events = listen(engine, Done, Died, Failed, at=lease_anew)
    assert "no progress" in of(events, Warned)[0].text
    assert isinstance(events[-1], Died)
    assert "no progress" in events[-1].error
    assert "finished frames kept: 1" in events[-1].error


@pytest.mark.expected_errors("the style engine ended with exit code")
def test_another_version_at_the_second_start_ends_it_in_one_line(files: Path, tmp_path: Path) -> None:
    protocols = [PROTOCOL_VERSION, PROTOCOL_VERSION + 1]
    with supervised(tmp_path / "log.txt", protocols=protocols) as engine:
        order(engine, files, tmp_path / "out")
        events = listen(engine, Done, Died, Failed, at=end_after(engine, {1}, signal.SIGTERM))
    assert len(of(events, Warned)) == 1
    assert isinstance(events[-1], Failed)
    assert "install the same version" in events[-1].error
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
        events = listen(engine, Done, Died, Failed)
    notices = [notice.text for notice in of(events, Warned)]
    assert any("there is not enough memory" in text for text in notices), (
        events,
        (tmp_path / "log.txt").read_text(),
    )
    assert any("it is started once more" in text for text in notices)
    assert isinstance(events[-1], Died)
    assert "not enough memory" in events[-1].error


@pytest.mark.expected_errors("the style engine ended with exit code")
def test_canceling_an_engine_that_has_died_is_a_cancellation(files: Path, tmp_path: Path) -> None:
    with supervised(tmp_path / "log.txt") as engine:
        order(engine, files, tmp_path / "out", steps=100_000)
        listen(engine, Progress)
        assert engine.state is SupervisorState.RUNNING
        engine.send(Cancel("a"))
        os.kill(engine.pid, signal.SIGTERM)
        assert isinstance(listen(engine, Cancelled, Died)[-1], Cancelled)
