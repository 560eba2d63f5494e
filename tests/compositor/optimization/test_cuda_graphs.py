"""Steps that are recorded and replayed: by a recorder of the CPU's, and on a GPU by CUDA graphs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from compositor.engine import StyleEngine
from compositor.optimization import cuda_graphs
from compositor.optimization.cuda_graphs import WARM_UP, Found, Replaying, StepGraphs
from compositor.optimization.loop import Objective, OptimizationRun
from compositor.settings import DeviceChoice, StyleSettings
from compositor.stylization.frame_inputs import FrameInputs
from video.paintings.painting import Painting, paint

on_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")


def bowl(image: Tensor) -> Found:
    """Half the square of the distance to 0.3."""
    return {"total": 0.5 * (image - 0.3).square().sum()}, image - 0.3


class Recorder:
    """Does again what was recorded as a graph does: the same work, into the same memory."""

    def __init__(self, factor: float = 1.0) -> None:
        self.replays = 0
        self._factor = factor

    def record(self, work: Callable[[], Found]) -> tuple[Found, Callable[[], None]]:
        losses, gradient = work()

        def replay() -> None:
            self.replays += 1
            again, moved = work()
            gradient.copy_(self._factor * moved)
            for name, loss in again.items():
                losses[name].copy_(loss)

        return (losses, gradient), replay


def descended(objective: Objective, steps: int) -> tuple[list[float], list[Tensor]]:
    """The losses and the gradients on the way down, the gradients kept as an optimizer keeps them."""
    image = torch.full((1, 3, 4, 4), 0.9)
    totals, gradients = [], []
    for _ in range(steps):
        losses, gradient = objective(image)
        totals.append(float(losses["total"]))
        gradients.append(gradient)
        image.sub_(0.5 * gradient)
    return totals, gradients


def test_a_replay_follows_the_image_and_leaves_earlier_gradients_alone() -> None:
    recorder = Recorder()
    totals, gradients = descended(Replaying(bowl, recorder.record), 8)
    expected_totals, expected_gradients = descended(bowl, 8)
    assert totals == expected_totals
    assert all(torch.equal(*pair) for pair in zip(gradients, expected_gradients, strict=True))
    assert recorder.replays == 1 + 8 - WARM_UP, "one to compare with, then each step"


def test_a_recording_that_finds_something_else_is_not_used() -> None:
    recorder = Recorder(factor=1.1)
    totals, _ = descended(Replaying(bowl, recorder.record), 8)
    assert totals == descended(bowl, 8)[0]
    assert recorder.replays == 1


def test_a_recording_that_fails_is_done_without() -> None:
    def record(work: Callable[[], Found]) -> tuple[Found, Callable[[], None]]:
        raise RuntimeError("operation not permitted when stream is capturing")

    assert descended(Replaying(bowl, record), 8)[0] == descended(bowl, 8)[0]


def test_another_image_is_not_replayed() -> None:
    recorder = Recorder()
    objective = Replaying(bowl, recorder.record)
    descended(objective, WARM_UP)
    losses, gradient = objective(torch.full((1, 3, 4, 4), 0.5))
    assert float(losses["total"]) == pytest.approx(0.5 * 48 * 0.2**2)
    assert gradient == pytest.approx(torch.full((1, 3, 4, 4), 0.2))
    assert recorder.replays == 1


def test_the_steps_in_which_the_objective_is_renewed_are_not_replayed() -> None:
    """Every fifth step the goal moves: a replay would go on to the old one."""
    recorder, calls = Recorder(), 0

    def moving(image: Tensor) -> Found:
        nonlocal calls
        calls += 1
        return bowl(image)

    totals, _ = descended(Replaying(moving, recorder.record, lambda step: step % 5 == 0), 12)
    assert totals == descended(bowl, 12)[0]
    replayed = [step for step in range(WARM_UP, 12) if step % 5 != 0]
    assert recorder.replays == 1 + len(replayed)
    assert calls == WARM_UP + 1 + recorder.replays + 2, "the recorder calls it for each replay"


def test_without_a_gpu_nothing_is_recorded() -> None:
    assert StepGraphs().replaying(bowl, torch.zeros(1, 3, 64, 64), OptimizationRun(100)) is bowl


@on_a_gpu
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_replayed_frames_are_those_of_single_steps(optimizer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = StyleSettings(device=DeviceChoice.CUDA, steps=60, coarsest_size=64)
    settings = replace(settings, optimizer=type(settings.optimizer)(optimizer))
    content, style = paint(Painting.DABS, 128, 96), paint(Painting.SWIRLS, 128, 96)
    replayed = StyleEngine(settings, style)
    images = [replayed.stylize(FrameInputs(content)).image, replayed.stylize(FrameInputs(content)).image]
    monkeypatch.setattr(cuda_graphs, "_LARGEST", 0)
    single = StyleEngine(settings, style).stylize(FrameInputs(content))
    assert np.abs(images[0] - images[1]).mean() < 0.01
    assert np.abs(images[0] - single.image).mean() < 0.01


@on_a_gpu
def test_work_that_waits_for_the_gpu_is_not_recorded() -> None:
    def waits(image: Tensor) -> Found:
        return {"total": image.new_tensor(float(image.sum()))}, image - 0.3

    image = torch.full((1, 3, 4, 4), 0.9, device="cuda")
    objective = StepGraphs().replaying(waits, image, OptimizationRun(100))
    assert isinstance(objective, Replaying)
    for _ in range(6):
        losses, gradient = objective(image)
        assert float(losses["total"]) == pytest.approx(float(image.sum()))
        image.sub_(0.5 * gradient)
    assert float(image.mean()) == pytest.approx(0.3 + 0.6 / 2**6)


@on_a_gpu
def test_graphs_follow_one_another_in_the_same_memory() -> None:
    graphs = StepGraphs()
    for size in (64, 32, 64):
        image = torch.full((1, 3, size, size), 0.9, device="cuda")
        objective = graphs.replaying(bowl, image, OptimizationRun(100))
        for _ in range(10):
            image.sub_(0.5 * objective(image)[1])
        assert float(image.mean()) == pytest.approx(0.3 + 0.6 / 2**10, abs=1e-5)
