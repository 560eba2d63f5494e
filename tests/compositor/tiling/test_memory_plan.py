"""Windows by the memory that there is, and frames that go on in tiles when it runs out."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import torch

from compositor.engine import StyleEngine
from compositor.errors import MemoryShortageError
from compositor.hardware.memory_shortage import is_memory_shortage
from compositor.losses.feature_statistics import FeatureStatistics, FrameStatistics
from compositor.progress import FrameCallbacks
from compositor.settings import DeviceChoice, Precision, StyleSettings
from compositor.stylization import multiscale
from compositor.stylization.frame_inputs import FrameInputs
from compositor.stylization.temporal import TemporalConstraint
from compositor.tiling import memory_plan
from compositor.tiling.memory_plan import fitting_windows, free_bytes
from compositor.tiling.windows import Window
from video.paintings.painting import Painting, paint

CPU = torch.device("cpu")
SETTINGS = StyleSettings(steps=4, coarsest_size=512, device=DeviceChoice.CPU, precision=Precision.FLOAT32)
HEIGHT, WIDTH = 64, 288


@pytest.fixture(scope="module")
def engine() -> StyleEngine:
    return StyleEngine(SETTINGS, paint(Painting.SWIRLS, 96, 96))


@pytest.fixture(scope="module")
def exact() -> StyleEngine:
    """Without the windows of the local style, which end at the borders of tiles and of the active region."""
    return StyleEngine(replace(SETTINGS, window_layers=()), paint(Painting.SWIRLS, 96, 96))


@pytest.fixture(scope="module")
def content() -> np.ndarray:
    return paint(Painting.DABS, WIDTH, HEIGHT)


def test_a_frame_that_fits_is_one_window() -> None:
    assert len(fitting_windows(90, 160, CPU, torch.float32, 58)) == 1


@pytest.mark.parametrize("free", [2**20, 2**30, 2**33])
def test_tiles_take_no_more_than_there_is(free: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_plan, "free_bytes", lambda device: free)
    windows = fitting_windows(2160, 3840, CPU, torch.float32, 58)
    largest = max(window.outer.area for window in windows)
    smallest_possible = (4 * 32 + 2 * (58 + 32)) ** 2
    assert largest * 3000 < max(free, smallest_possible * 3000)
    assert sum(window.inner.area for window in windows) == 2160 * 3840


def test_bfloat16_takes_larger_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_plan, "free_bytes", lambda device: 2**33)
    single, half = (
        len(fitting_windows(2160, 3840, CPU, dtype, 58)) for dtype in (torch.float32, torch.bfloat16)
    )
    assert half < single


MEASURED = """
import numpy as np
from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, Precision, StyleSettings
from compositor.benchmark.step_time import peak_memory
from compositor.stylization.frame_inputs import FrameInputs
content = np.random.default_rng(0).random((192, 256, 3), dtype=np.float32)
settings = StyleSettings(steps=3, device=DeviceChoice.CPU, precision=Precision.FLOAT32, lbfgs_history=3)
engine = StyleEngine(settings, content)
plan = engine.memory_plan(192, 256)
engine.stylize(FrameInputs(content))
print(plan.expected_bytes, peak_memory(engine.device), plan.windows)
"""


def test_the_estimate_is_near_what_a_process_takes(child_environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEASURED], env=child_environment, capture_output=True, check=True, text=True
    )
    expected, peak, windows = map(int, done.stdout.split())
    assert expected == pytest.approx(peak, rel=0.2)
    assert windows == 1


def test_a_frame_that_does_not_fit_is_planned_in_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_plan, "free_bytes", lambda device: 2**33)
    tiled = memory_plan.memory_plan(2160, 3840, CPU, torch.bfloat16, 58)
    assert tiled.windows > 1
    assert tiled.expected_bytes < 10 * 2**30
    assert f"in {tiled.windows} tiles, as 8.0 GiB are free" in str(tiled)
    monkeypatch.setattr(memory_plan, "free_bytes", lambda device: 2**60)
    whole = memory_plan.memory_plan(2160, 3840, CPU, torch.bfloat16, 58)
    assert whole.windows == 1
    assert whole.expected_bytes > tiled.expected_bytes
    assert "tiles" not in str(whole)


def test_a_plan_says_when_there_is_not_enough_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    for free, enough in ((2**31, False), (2**36, True)):
        monkeypatch.setattr(memory_plan, "free_bytes", lambda device, free=free: free)
        # 200 bytes for each pixel of an upsampled one are 16 GiB; in tiles, some images of it are kept.
        for plan in (
            memory_plan.upsampling_plan(9400, 9400, CPU),
            memory_plan.memory_plan(9400, 9400, CPU, torch.bfloat16, 58),
        ):
            assert ("more than there is" in str(plan)) is not enough
            assert (plan.further_bytes > free) is not enough


def test_free_memory_is_known_without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows and macOS; what psutil does there is its own concern."""

    def missing(self: Path, *args: object, **options: object) -> str:
        raise FileNotFoundError(self)

    monkeypatch.setattr(Path, "read_text", missing)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=2**30, total=2**34))
    assert free_bytes(CPU) == 2**30
    planned = memory_plan.memory_plan(1080, 1920, CPU, torch.float32, 58)
    assert planned.free_bytes == 2**30
    assert planned.windows > 1
    assert planned.expected_bytes > psutil.Process().memory_info().rss / 2


def test_an_apple_gpu_shares_the_machines_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    gib = 2**30
    for name, value in (("recommended_max", 12), ("driver_allocated", 4), ("current_allocated", 1)):
        monkeypatch.setattr(torch.mps, f"{name}_memory", lambda value=value: value * gib)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=100 * gib))
    assert free_bytes(torch.device("mps")) == (12 - 4 + 3) * gib
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=2 * gib))
    assert free_bytes(torch.device("mps")) == (2 + 3) * gib


def test_a_part_of_the_free_memory_is_left_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fifth of what is free: a frame that asks for more of it than the rest is cut into tiles."""
    height, width = 480, 640
    asked = (
        height * width * (memory_plan._PICTURE_BYTES + memory_plan._PixelBytes.of(CPU, torch.float32).most)
    )
    monkeypatch.setattr(memory_plan, "free_bytes", lambda device: int(asked / 0.79))
    assert len(fitting_windows(height, width, CPU, torch.float32, 58)) == 1
    monkeypatch.setattr(memory_plan, "free_bytes", lambda device: int(asked / 0.81))
    assert len(fitting_windows(height, width, CPU, torch.float32, 58)) > 1


@pytest.mark.parametrize(
    "text",
    [
        "MPS backend out of memory (MPS allocated: 8.88 GiB, other allocations: 384 KiB, max allowed: 9.07"
        " GiB). Tried to allocate 256.00 MiB on private pool.",
        "Invalid buffer size: 24.00 GiB",
    ],
)
def test_apple_gpus_running_out_of_memory_is_recognized(
    text: str, engine: StyleEngine, content: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They raise plain RuntimeErrors, at once for a frame as a whole: it goes on in tiles."""
    of = FrameStatistics.of
    areas: list[int] = []

    def limited(self: FrameStatistics, image: torch.Tensor, window: Window) -> FeatureStatistics:
        areas.append(window.outer.area)
        if window.outer.area > 15_000:
            raise RuntimeError(text)
        return of(self, image, window)

    monkeypatch.setattr(FrameStatistics, "of", limited)
    assert is_memory_shortage(RuntimeError(text))
    assert engine.stylize(FrameInputs(content), steps=1).report.steps == 1
    assert max(areas) == HEIGHT * WIDTH
    assert areas[-1] <= 15_000


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Memory for 15 000 px at once: for a larger window an impossible amount is asked of PyTorch."""
    areas: list[int] = []
    of = FrameStatistics.of

    def limited(self: FrameStatistics, image: torch.Tensor, window: Window) -> FeatureStatistics:
        areas.append(window.outer.area)
        if window.outer.area > 15_000:
            torch.empty(10**15)
        return of(self, image, window)

    monkeypatch.setattr(FrameStatistics, "of", limited)
    return areas


def test_a_frame_that_runs_out_of_memory_is_gone_through_in_tiles(
    exact: StyleEngine, content: np.ndarray, narrow: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    tiled = exact.stylize(FrameInputs(content))
    assert narrow[0] == HEIGHT * WIDTH
    assert 0 < narrow[-1] <= 15_000
    monkeypatch.undo()
    whole = exact.stylize(FrameInputs(content))
    assert tiled.report.steps == whole.report.steps == 4
    np.testing.assert_allclose(tiled.optimized, whole.optimized, atol=0.02)


def test_a_frame_is_measured_in_as_many_windows_as_memory_asks_for(
    engine: StyleEngine, content: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, part = paint(Painting.KNIFE, WIDTH, HEIGHT), np.zeros((HEIGHT, WIDTH), np.float32)
    part[:, 100:200] = 1.0
    areas: list[int] = []
    of = FrameStatistics.of

    def noted(self: FrameStatistics, picture: torch.Tensor, window: Window) -> FeatureStatistics:
        areas.append(window.outer.area)
        return of(self, picture, window)

    def errors() -> list[float]:
        return [
            engine.style_error(image),
            engine.style_error(image, part),
            engine.content_error(image, content),
        ]

    monkeypatch.setattr(FrameStatistics, "of", noted)
    whole = errors()
    assert areas == [HEIGHT * WIDTH] * 3
    areas.clear()
    monkeypatch.setattr(memory_plan, "free_bytes", lambda device: 1)
    np.testing.assert_allclose(errors(), whole, rtol=1e-5)
    assert len(areas) > 3
    assert max(areas) < HEIGHT * WIDTH


def test_no_memory_at_all_is_one_line(
    engine: StyleEngine, content: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FrameStatistics, "of", lambda *_: torch.empty(10**15))
    with pytest.raises(MemoryShortageError, match="288×64"):
        engine.stylize(FrameInputs(content))


def test_only_the_part_that_may_change_is_looked_at(
    exact: StyleEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = paint(Painting.DABS, 480, HEIGHT)
    start = paint(Painting.KNIFE, 480, HEIGHT)
    still = np.ones((HEIGHT, 480), bool)
    still[20:40, 20:60] = False
    temporal = TemporalConstraint(start, still.astype(np.float32), 200.0, still)
    part = exact.stylize(FrameInputs(content, warm_start_image=start), temporal=temporal)
    monkeypatch.setattr(multiscale, "MAX_ACTIVE_SHARE", 0.0)
    whole = exact.stylize(FrameInputs(content, warm_start_image=start), temporal=temporal)
    np.testing.assert_array_equal(part.optimized[still], start[still])
    np.testing.assert_allclose(part.optimized, whole.optimized, atol=0.01)
    assert part.report.losses["total"] == pytest.approx(whole.report.losses["total"], rel=1e-3)
    assert not np.array_equal(part.optimized[~still], start[~still])


def test_a_focus_costs_less_than_the_frame(engine: StyleEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    areas: list[int] = []
    of = FrameStatistics.of

    def counted(self: FrameStatistics, image: torch.Tensor, window: Window) -> FeatureStatistics:
        areas.append(window.outer.area)
        return of(self, image, window)

    monkeypatch.setattr(FrameStatistics, "of", counted)
    start = paint(Painting.KNIFE, 480, HEIGHT)
    still = np.ones((HEIGHT, 480), bool)
    still[20:40, 20:60] = False
    engine.stylize(
        FrameInputs(paint(Painting.DABS, 480, HEIGHT), warm_start_image=start),
        temporal=TemporalConstraint(start, still.astype(np.float32), 200.0, still),
        steps=replace(SETTINGS, steps=6).steps,
    )
    assert areas[-6:] == [areas[-1]] * 6
    assert areas[-1] < 0.6 * HEIGHT * 480


def test_a_frame_that_no_memory_here_can_hold_is_refused_before_it_is_begun(
    engine: StyleEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = StyleEngine(SETTINGS, engine.styles)
    content = paint(Painting.DABS, 480, HEIGHT)
    needed = small.memory_plan(HEIGHT, 480).further_bytes
    begun: list[int] = []
    callbacks = FrameCallbacks(progress=lambda step: begun.append(step.step))
    monkeypatch.setattr(memory_plan, "_total_bytes", lambda device: needed - 1)
    with pytest.raises(MemoryShortageError, match=r"480×64 px takes about .* make the frames smaller"):
        small.stylize(FrameInputs(content), callbacks=callbacks)
    assert begun == []
    # What is not free now may be later: that is said, and not refused.
    monkeypatch.setattr(memory_plan, "_total_bytes", lambda device: needed)
    monkeypatch.setattr(memory_plan, "free_bytes", lambda device: 0)
    assert "more than there is" in small.plan_text(HEIGHT, 480)
    small.memory_plan(HEIGHT, 480).check("a frame")
