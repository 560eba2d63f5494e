"""What a run began with, beside its settings, is kept when it is resumed elsewhere, or said to be another."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, Precision, StyleSettings
from video.driver.sequence_driver import SequenceDriver
from video.frames.sequence import SourceFrame
from video.images.image_files import write_png
from video.paintings.painting import Painting
from video.protocol.messages import Stylize
from video.results import RunCallbacks
from video.resume.journal_file import Machine, read_journal
from video.resume.machine import computing_as, machine_here, machine_of_run, warn_of_another
from video.settings import SequenceSettings
from video.worker.job import OpenJob

Picture = Callable[..., np.ndarray]
TINY = StyleSettings(steps=2, coarsest_size=64, device=DeviceChoice.CPU)
SEQUENCE = SequenceSettings(warm_steps=2, movie=False, contact_sheet=False)
OPTIONS = ["--steps", "4", "--warm-steps", "3", "--coarsest-size", "64", "--device", "cpu", "--no-movie"]


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    """Sets the number of threads for a test."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def frames(picture: Picture) -> list[SourceFrame]:
    wide = picture(76, 48)
    return [SourceFrame(number, wide[:, 2 * number : 2 * number + 64]) for number in (1, 2, 3)]


def warned_of(engine: StyleEngine, frames: list[SourceFrame], out: Path) -> list[str]:
    warnings: list[str] = []
    callbacks = RunCallbacks(warning=warnings.append)
    SequenceDriver(engine, SEQUENCE, out, callbacks).run(frames)
    return warnings


def test_the_journal_names_what_the_run_began_with(
    picture: Picture, frames: list[SourceFrame], tmp_path: Path, threads: Callable[[int], None]
) -> None:
    engine = StyleEngine(replace(TINY, precision=Precision.BFLOAT16), picture(48, 32, Painting.KNIFE))
    assert machine_of_run(tmp_path) is None
    threads(3)
    warned_of(engine, frames[:1], tmp_path)
    begun = machine_of_run(tmp_path)
    assert begun == machine_here(engine)
    assert begun is not None
    assert (begun.threads, begun.precision) == (3, Precision.BFLOAT16)
    assert begun.processor.startswith("cpu ")
    assert begun.versions["PyTorch"] == torch.__version__
    threads(1)
    assert warned_of(engine, frames[:2], tmp_path) == []  # threads are kept, not told
    assert machine_of_run(tmp_path) == begun


def test_auto_is_what_it_was(picture: Picture, tmp_path: Path) -> None:
    for precision in (Precision.FLOAT32, Precision.BFLOAT16):
        engine = StyleEngine(TINY, picture(48, 32, Painting.KNIFE), auto_precision=precision)
        assert engine.precision is precision
        # The run's identity, and what its files say, is what was asked for.
        assert engine.settings.precision is Precision.AUTO
        named = replace(TINY, precision=Precision.FLOAT32)
        engine = StyleEngine(named, picture(48, 32, Painting.KNIFE), auto_precision=precision)
        assert engine.precision is Precision.FLOAT32


def test_another_machine_is_said_once(
    picture: Picture, frames: list[SourceFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = StyleEngine(TINY, picture(48, 32, Painting.KNIFE))
    warned_of(engine, frames[:1], tmp_path)
    monkeypatch.setattr(np, "__version__", "99.1")
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "ABACUS")
    (said,) = warned_of(engine, frames[:2], tmp_path)
    assert "now 99.1" in said
    assert "now cpu ABACUS" in said
    assert "\n" not in said


@pytest.mark.parametrize("version", [2, 3])
def test_a_journal_without_a_machine_is_gone_on_with(
    picture: Picture, frames: list[SourceFrame], tmp_path: Path, version: int
) -> None:
    engine = StyleEngine(TINY, picture(48, 32, Painting.KNIFE))
    warned_of(engine, frames[:2], tmp_path)
    journal = tmp_path / "journal.json"
    whole = json.loads(journal.read_text("utf-8"))
    del whole["machine"]
    if version == 2:
        for entry in whole["frames"]:
            del entry["styled_file"]
            entry["stored"] = list(entry["stored"])
    journal.write_text(json.dumps(whole | {"journal": version}), "utf-8")
    assert machine_of_run(tmp_path) is None
    assert warned_of(engine, frames, tmp_path) == []
    content = read_journal(journal)
    assert ([entry.frame for entry in content.entries], content.machine) == ([1, 2, 3], None)


def test_versions_that_are_not_named_are_unknown(picture: Picture) -> None:
    now = Machine("cpu AVX2", Precision.FLOAT32, 2, {"PyTorch": "2.1", "OpenCV": "5"})
    said: list[str] = []
    warn_of_another(replace(now, threads=1), now, said.append)
    assert said == []
    warn_of_another(replace(now, versions={"PyTorch": "2.1"}), now, said.append)
    assert "OpenCV unknown, now 5" in said[0]
    assert "PyTorch" not in said[0]


def test_the_number_of_threads_is_given_back(threads: Callable[[int], None]) -> None:
    threads(2)
    with computing_as(None) as precision:
        assert (precision, torch.get_num_threads()) == (None, 2)
    with computing_as(Machine("cpu", Precision.FLOAT32, 5, {})) as precision:
        assert (precision, torch.get_num_threads()) == (Precision.FLOAT32, 5)
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize(("restart", "expected"), [(False, 5), (True, 2)])
def test_the_engine_process_computes_as_before(
    picture: Picture, tmp_path: Path, threads: Callable[[int], None], restart: bool, expected: int
) -> None:
    style, out = tmp_path / "style.png", tmp_path / "out"
    write_png(style, picture(48, 32, Painting.KNIFE))
    engine = StyleEngine(TINY, picture(48, 32, Painting.KNIFE), auto_precision=Precision.BFLOAT16)
    threads(5)
    warned_of(engine, [SourceFrame(1, picture(64, 48))], out)
    threads(2)
    values = {"steps": 2, "coarsest_size": 64, "device": "cpu"}
    opened = OpenJob(Stylize("a", [str(style)], str(out), values, restart=restart), lambda event: None)
    with opened.computing_as_before():
        assert torch.get_num_threads() == expected
        driver = opened.driver(RunCallbacks())
    if not restart:
        assert driver.engine.precision is Precision.BFLOAT16


def test_the_same_bytes_with_another_number_of_threads(
    picture: Picture, tmp_path: Path, child_environment: dict[str, str]
) -> None:
    """The command line by real processes, as `OMP_NUM_THREADS` and the cores of another machine decide."""
    write_png(tmp_path / "style.png", picture(96, 64, Painting.KNIFE))
    wide = picture(140, 96)
    for number in (1, 2, 3):
        write_png(tmp_path / f"frames/f_{number:04}.png", wide[:, 2 * number : 2 * number + 128])

    def run(name: str, threads: int, frames: str) -> None:
        files = [str(tmp_path / "frames"), "--style", str(tmp_path / "style.png")]
        command = [*files, "--out", str(tmp_path / name), "--frames", frames, *OPTIONS]
        subprocess.run(
            [sys.executable, "-m", "blender_nst.cli.entry", "stylize", *command],
            env=child_environment | {"OMP_NUM_THREADS": str(threads)},
            check=True,
            capture_output=True,
        )

    def styled(name: str) -> list[bytes]:
        return [path.read_bytes() for path in sorted((tmp_path / name / "styled").iterdir())]

    run("one", 1, "1-3")
    run("other", 3, "1-3")
    assert styled("other") != styled("one")  # otherwise there is nothing to be kept
    run("resumed", 1, "1")
    run("resumed", 3, "1-3")
    assert styled("resumed") == styled("one")
