"""`blender-nst farm run` on a real scheduler of Dask with two workers on loopback, and on local ones."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch

from blender_nst.cli.display import LinesDisplay
from blender_nst.cli.errors import InputError
from blender_nst.cli.farm.dask_run.cluster import connected
from blender_nst.cli.farm.dask_run.progress import RunProgress
from blender_nst.cli.farm.dask_run.run import needed_resources
from blender_nst.cli.farm.dask_run.task import ChunkProgress, run_command
from blender_nst.cli.farm.exit_codes import ChunkExit
from compositor.settings import DeviceChoice
from tests.blender_nst.command_line import Cli
from video.images.image_files import quantize, write_png
from video.movies.movie import movie_length
from video.paintings.painting import Painting

distributed = pytest.importorskip("distributed")
CPU_COUNT = pytest.importorskip("dask.system").CPU_COUNT

Picture = Callable[..., np.ndarray]

STEPS = ["--steps", "2", "--warm-steps", "60", "--coarsest-size", "64", "--device", "cpu"]
FAST = [*STEPS[:3], "1", *STEPS[4:]]
COUNT = 6
PATIENCE = 300.0


class Dask:
    """A scheduler and its workers, each a process of its own, on loopback."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._environment, self._folder = environment, folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self._file = folder / "scheduler.json"
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", self._file)
        wait_until(lambda: self._file.is_file() and self._file.stat().st_size > 0)
        self.address: str = json.loads(self._file.read_text())["address"]

    def _start(self, kind: str, *options: object) -> None:
        command = [sys.executable, "-m", "dask", kind, *map(str, options), "--no-dashboard"]
        log = (self._folder / f"{kind}-{len(self._processes)}.txt").open("wb")
        self._processes.append(
            subprocess.Popen(
                command, env=self._environment, cwd=self._folder, stdout=log, stderr=subprocess.STDOUT
            )
        )

    def with_workers(self, count: int) -> dict[str, int]:
        """Has so many workers; returns their process numbers by their addresses."""
        with distributed.Client(self.address, set_as_default=False) as client:
            for _ in range(count - len(client.nthreads())):
                own = self._folder / f"worker-{len(self._processes)}"
                self._start("worker", self.address, "--nthreads", "1", "--no-nanny", "--local-directory", own)
            client.wait_for_workers(count, timeout=PATIENCE)
            return client.run(os.getpid)

    def end(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(20.0)
            process.kill()


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory, child_environment: dict[str, str]) -> Iterator[Dask]:
    started = Dask(tmp_path_factory.mktemp("dask"), child_environment)
    yield started
    started.end()


@pytest.fixture(scope="module")
def frames(picture: Picture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames of a pan, and a style beside them."""
    folder = tmp_path_factory.mktemp("dask input")
    wide = quantize(picture(96, 48))
    for number in range(1, COUNT + 1):
        write_png(folder / "frames" / f"f_{number:04}.png", wide[:, 2 * number : 2 * number + 64])
    write_png(folder / "style.png", picture(64, 48, Painting.SWIRLS))
    return folder / "frames"


def wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def arguments(frames: Path, out: Path) -> list[object]:
    return [frames, "--style", frames.parent / "style.png", "--out", out]


def run_arguments(frames: Path, out: Path, scheduler: str, size: int) -> list[object]:
    made = ["farm", "run", *arguments(frames, out), "--scheduler", scheduler, "--shots", "1"]
    return [*made, "--chunk-size", size, "--json"]


def messages(stdout: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stdout.splitlines()]


class Killer(threading.Thread):
    """Kills the first worker that has finished the first frame of a chunk, and not yet the chunk."""

    def __init__(self, workers: dict[str, int], out: Path) -> None:
        super().__init__(daemon=True)
        self._workers, self._out = workers, out
        self.killed: str | None = None
        self.chunk = ""
        self.children: list[psutil.Process] = []

    def run(self) -> None:
        wait_until(self._kill)

    def _kill(self) -> bool:
        for address, pid in self._workers.items():
            self.children = psutil.Process(pid).children(recursive=True)
            for child in self.children:
                with suppress(psutil.Error):
                    chunk = next((each[9:] for each in child.cmdline() if each.startswith("--frames=")), "")
                    first, _, last = chunk.partition("-")
                    folder = self._out / "chunks" / f"{int(first or 0):04}-{int(last or 0):04}" / "run"
                    if any((folder / "styled").glob("styled_*.png")):
                        os.kill(pid, signal.SIGKILL)
                        self.killed, self.chunk = address, folder.parent.name
                        return True
        return False


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_worker_that_is_killed_in_mid_chunk_costs_no_frame(
    dask: Dask, cli: Cli, frames: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    lead = ["--lead-in", "1"]
    killer = Killer(dask.with_workers(2), tmp_path / "farm")
    killer.start()
    outcome = cli(*run_arguments(frames, tmp_path / "farm", dask.address, COUNT // 2), *STEPS, *lead)
    killer.join()
    assert outcome.code == 0, outcome.stderr
    assert killer.killed is not None
    gone, alive = psutil.wait_procs(killer.children, timeout=60.0)
    assert (len(gone), alive) == (len(killer.children), []), "what the worker has begun ends with it"
    told = messages(outcome.stdout)
    finished = {each["chunk"]: each["worker"] for each in told[:-1] if each["percent"] == 100.0}
    assert sorted(finished) == ["0001-0003", "0004-0006"]
    assert finished[killer.chunk] != killer.killed
    assert {each["total"] for each in told[:-1]} == {COUNT + 1}
    done = [each["frames"] for each in told[:-1]]
    assert done == sorted(done)
    assert (told[-1]["frames"], told[-1]["chunks"]) == (COUNT, 2)
    assert movie_length(tmp_path / "farm" / "styled.mp4") == COUNT
    # The bytes go by the number of threads, of which each of two workers on this machine has its half.
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, CPU_COUNT // 2))
    request.addfinalizer(lambda: torch.set_num_threads(before))
    for chunk in ("1-3", "4-6"):
        alone = cli("chunk", *arguments(frames, tmp_path / "one"), *STEPS, *lead, "--frames", chunk)
        assert alone.code == 0, alone.stderr
    farm, one = (
        {path.name: path.read_bytes() for path in (tmp_path / name / "styled").iterdir()}
        for name in ("farm", "one")
    )
    assert len(farm) == COUNT
    assert farm == one


def test_a_chunk_that_a_worker_refuses_goes_to_another_one(
    dask: Dask, cli: Cli, frames: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = dask.with_workers(2)
    with monkeypatch.context() as patched:
        patched.setattr("video.resume.fingerprint.ALGORITHM_VERSION", 99)
        other = cli("chunk", *arguments(frames, tmp_path), *FAST, "--frames", "1-2")
        assert other.code == ChunkExit.DONE, other.stderr
    made = run_arguments(frames, tmp_path, dask.address, 2)
    outcome = cli(*made, *FAST, "--frames", "3-4", "--attempts", "2")
    assert outcome.code == ChunkExit.OTHER_MACHINE
    first, second, last = outcome.stderr.splitlines()[-3:]
    assert "tried again" in first
    assert "algorithm version was 99" in last
    assert {address for address in workers if address in first or address in second} == set(workers)
    assert not (tmp_path / "styled" / "styled_0003.png").exists()


def test_local_workers_make_all_that_can_be_made(
    frames: Path, tmp_path: Path, child_environment: dict[str, str]
) -> None:
    for number in range(1, 5):
        copy = tmp_path / "frames" / f"f_{number:04}.png"
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes((frames / copy.name).read_bytes() if number != 3 else b"damaged")
    (tmp_path / "style.png").write_bytes((frames.parent / "style.png").read_bytes())
    made = run_arguments(tmp_path / "frames", tmp_path / "out", "local:2", 2)
    command = [sys.executable, "-m", "blender_nst.cli.app", *map(str, made), *FAST, "--lead-in", "0"]
    ended = subprocess.run(
        command, env=child_environment, capture_output=True, text=True, timeout=2 * PATIENCE, check=False
    )
    assert ended.returncode == ChunkExit.BAD_INPUT, ended.stderr
    told = ended.stderr.splitlines()[-1]
    assert "1 of 2 chunks have failed" in told
    assert "f_0003.png" in told
    assert "tried again" not in ended.stderr
    styled = sorted(path.name for path in (tmp_path / "out" / "styled").iterdir())
    assert styled == ["styled_0001.png", "styled_0002.png"]


def test_the_processes_of_local_workers_log_nothing() -> None:
    with connected("local:1", on_gpus=False) as client:
        levels: Any = client.run(lambda: logging.getLogger("distributed.core").getEffectiveLevel())
    assert list(levels.values()) == [logging.CRITICAL]


def test_a_command_that_is_not_wanted_any_more_ends_in_order(frames: Path, tmp_path: Path) -> None:
    made = [*map(str, arguments(frames, tmp_path)), *STEPS, "--frames=1-6", "--progress=json"]
    told: list[float] = []
    code, reason = run_command(["chunk", *made], 1, lambda: not any(told), told.append)
    assert code == 128 + signal.SIGTERM, reason
    assert "interrupted" in reason
    assert not (tmp_path / "styled").exists()


class Counted(LinesDisplay):
    """Counts what is shown."""

    def __init__(self) -> None:
        self.steps = 0
        self.note = ""

    def step(self, note: str) -> None:
        self.steps += 1
        self.note = note

    def say(self, text: str) -> None: ...

    def fetching(self, what: str, share: float) -> None: ...

    def rendered(self, number: int) -> None: ...

    def composited(self, number: int) -> None: ...

    def event(self, event: object) -> None: ...


def test_frames_of_a_chunk_that_is_begun_again_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("blender_nst.cli.farm.dask_run.progress.time.monotonic", lambda: now)
    display = Counted()
    progress = RunProgress({"0001-0004": 4, "0005-0008": 6}, display, as_json=False)
    assert (progress.total, progress.seconds_left) == (10, None)
    for percent in (25.0, 50.0, 30.0, 75.0):
        progress.tell(ChunkProgress("0001-0004", percent, "a"))
    assert (progress.done, display.steps) == (3, 3)
    progress.tell(ChunkProgress("0001-0004", 100.0, "a"))
    assert display.note.startswith("0 of 2 chunks")
    progress.finish("0001-0004", "b")
    assert display.note.startswith("1 of 2 chunks"), "the last frame is shown with its chunk"
    now += 20.0
    assert progress.done == 4
    assert progress.seconds_left == pytest.approx(30.0)


def test_a_chunk_takes_a_gpu_where_it_is_made_on_one() -> None:
    gpu, plain = {"resources": {"GPU": 1.0}}, {"resources": {}}
    assert needed_resources({"a": gpu, "b": plain}, DeviceChoice.CUDA) == {"GPU": 1}
    assert needed_resources({"a": gpu, "b": plain}, None) == {"GPU": 1}
    assert needed_resources({"a": plain}, None) == {}
    assert needed_resources({"a": gpu}, DeviceChoice.CPU) == {}
    assert needed_resources({}, DeviceChoice.CUDA) == {"GPU": 1}, "the first worker may come later"
    with pytest.raises(InputError, match="GPU=1"):
        needed_resources({"a": plain}, DeviceChoice.CUDA)


@pytest.mark.parametrize(
    ("scheduler", "words"),
    [("local:0", "as local:2"), ("local:two", "as local:2"), ("127.0.0.1:1", "no scheduler answers")],
)
def test_a_scheduler_that_is_none(
    *, cli: Cli, frames: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheduler: str, words: str
) -> None:
    monkeypatch.setattr("blender_nst.cli.farm.dask_run.cluster._TIMEOUT", 0.5)
    outcome = cli(*run_arguments(frames, tmp_path / "out", scheduler, 4), *FAST)
    assert outcome.code == 2
    assert words in outcome.stderr
    assert not (tmp_path / "out" / "farm.json").exists()


def test_without_the_extra_it_is_named(
    cli: Cli, frames: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    outcome = cli(*run_arguments(frames, tmp_path / "out", "local:2", 4), *FAST)
    assert outcome.code == 2
    assert "blender-nst[dask]" in outcome.stderr.splitlines()[-1]
    assert cli("farm", "plan", frames, "--shots", "1", *FAST).code == 0, "nothing else needs it"
