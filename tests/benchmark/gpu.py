"""What the engine does on an NVIDIA GPU, as one table: for a machine that can be had for minutes only.

    PYTHONPATH=. python tests/benchmark/gpu.py [--minutes 8] [--json F] [--sections A,B] [--device cpu]

    tests      the engine's tests, on this machine's devices
    precision  losses of a frame optimized with bfloat16 features, over those of one with float32
    graphs     a step replayed as a CUDA graph over one that is launched kernel by kernel
    steps      seconds of a step by size, and the peak of memory
    frames     a cold and a warm frame, `standard` preset: a pan that optical flow follows
    shortage   a frame for which the memory is made too small, in tiles: done, and as without that
    raft       seconds of RAFT for two frames, with made-up weights: how good its motion is does not show

Nothing is fetched. A section that fails is a row that says so, and the exit code is 1; what the minutes do
not suffice for is left out, and named. Without a GPU all is done small, on the processor, without graphs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch

from compositor.benchmark.step_time import peak_memory, step_timer
from compositor.engine import StyleEngine
from compositor.hardware.device import choose_device, describe_device
from compositor.networks import raft
from compositor.networks.download import PublishedFile
from compositor.optimization.cuda_graphs import StepGraphs
from compositor.settings import DeviceChoice, Precision, StyleSettings, WorkingDetail
from compositor.stylization import multiscale
from compositor.stylization.frame_inputs import FrameInputs
from compositor.stylization.pyramid import Scale
from tests.benchmark.contents import contents
from video.driver.sequence_driver import SequenceDriver
from video.frames.sequence import SourceFrame
from video.paintings.painting import Painting, paint
from video.settings import MotionSource, Preset, SequenceSettings, with_preset

_REPOSITORY = Path(__file__).parents[2]
_PAN = 6


@dataclass(frozen=True)
class Row:
    """A line of the table: the value of something in a unit, or why there is none."""

    section: str
    what: str
    value: float | None
    unit: str
    note: str = ""
    failed: bool = False


@dataclass(frozen=True)
class Extent:
    """How much is done: sizes (width, height), and numbers of steps.

    Attributes:
        tests: what pytest is given.
        short_bytes: of the GPU's memory, that the section `shortage` leaves: a third of what it would take.
    """

    tests: tuple[str, ...]
    compared: tuple[int, int]
    graphs: tuple[tuple[int, int], ...]
    sizes: tuple[tuple[int, int], ...]
    frames: tuple[tuple[int, int], ...]
    short: tuple[int, int]
    steps: int
    preset: Preset
    short_bytes: int = 3 * 2**30


_WHOLE = Extent(
    tests=("tests/compositor",),
    compared=(640, 360),
    graphs=((256, 192), (480, 270), (960, 540)),
    sizes=((256, 192), (480, 270), (960, 540), (1920, 1080), (3840, 2160)),
    frames=((1920, 1080), (3840, 2160)),
    short=(2560, 1440),
    steps=50,
    preset=Preset.STANDARD,
)
_REDUCED = Extent(
    tests=("tests/compositor/optimization/test_cuda_graphs.py",),
    compared=(96, 72),
    graphs=(),
    sizes=((64, 48), (96, 72)),
    frames=((64, 48),),
    short=(96, 72),
    steps=4,
    preset=Preset.DRAFT,
)


@dataclass(frozen=True)
class Bench:
    """What the sections go by."""

    settings: StyleSettings
    device: torch.device
    extent: Extent
    ends_at: float


def _tests(bench: Bench) -> Iterator[Row]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *bench.extent.tests]
    try:
        done = subprocess.run(
            command,
            cwd=_REPOSITORY,
            capture_output=True,
            text=True,
            check=False,
            timeout=max(1.0, 0.6 * (bench.ends_at - time.monotonic())),
        )
    except subprocess.TimeoutExpired:
        yield Row("tests", " ".join(bench.extent.tests), None, "", "not finished in time")
        return
    last = done.stdout.strip().rpartition("\n")[2]
    code = done.returncode
    yield Row("tests", " ".join(bench.extent.tests), float(code), "exit", last, failed=code != 0)


def _precision(bench: Bench) -> Iterator[Row]:
    """Goal: within 2 %."""
    content, style = _pictures(*bench.extent.compared)
    engines = [
        StyleEngine(replace(bench.settings, precision=each), style)
        for each in (Precision.FLOAT32, Precision.BFLOAT16)
    ]
    made = [each.stylize(FrameInputs(content), steps=bench.extent.steps).optimized for each in engines]
    measured = engines[0]
    for name, losses in (
        ("style", [measured.style_error(each) for each in made]),
        ("content", [measured.content_error(each, content) for each in made]),
    ):
        ratio = losses[1] / losses[0]
        yield Row("precision", f"{name} loss", ratio, "ratio", failed=abs(ratio - 1.0) > 0.02)


def _graphs(bench: Bench) -> Iterator[Row]:
    if bench.device.type != "cuda":
        yield Row("graphs", "CUDA graphs", None, "", "only on an NVIDIA GPU")
    for width, height in bench.extent.graphs:
        run = _timer(bench, width, height)
        run()
        with_graphs = statistics.median(run())
        with patch.object(StepGraphs, "replaying", lambda graphs, objective, image, run: objective):
            eager = statistics.median(_timer(bench, width, height)())
        yield Row("graphs", f"{width}×{height}", with_graphs / eager, "ratio", f"{1e3 * eager:.1f} ms eager")


def _steps(bench: Bench) -> Iterator[Row]:
    for width, height in bench.extent.sizes:
        with _peak(bench.device) as peak:
            seconds = statistics.median(_timer(bench, width, height)())
        yield Row("steps", f"{width}×{height}", 1e3 * seconds, "ms", f"peak {peak[0] / 2**30:.2f} GiB")


def _frames(bench: Bench) -> Iterator[Row]:
    """Goals: a warm frame of 1080p in 0.5 s, 4K within 8 GiB, on a GPU of the class of an H100."""
    settings, sequence = with_preset(bench.extent.preset, bench.settings, SequenceSettings())
    sequence = replace(sequence, motion=MotionSource.DIS, movie=False)
    for width, height in bench.extent.frames:
        wide, style = _pictures(width + 3 * _PAN, height)
        frames = [
            SourceFrame(number + 1, np.ascontiguousarray(wide[:, _PAN * number :][:, :width]))
            for number in range(4)
        ]
        with tempfile.TemporaryDirectory(prefix="gpu-") as out, _peak(bench.device) as peak:
            engine = StyleEngine(settings, style)
            result = SequenceDriver(engine, sequence, Path(out)).run(frames)
        cold, *warm = (each.seconds for each in result.frames)
        yield Row("frames", f"{width}×{height}, cold", cold, "s", f"peak {peak[0] / 2**30:.2f} GiB")
        yield Row("frames", f"{width}×{height}, warm", statistics.median(warm), "s")


def _shortage(bench: Bench) -> Iterator[Row]:
    width, height = bench.extent.short
    content, style = _pictures(width, height)
    settings = replace(bench.settings, working_detail=WorkingDetail.FULL)

    def made() -> np.ndarray:
        scales = [Scale((height, width), 4)]
        return StyleEngine(settings, style).stylize(FrameInputs(content), scales=scales).optimized

    whole, tiles = made(), []
    planned = multiscale.fitting_windows

    def watched(*given: object, **named: object) -> object:
        windows = planned(*given, **named)  # type: ignore[arg-type]
        tiles.append(len(windows))
        return windows

    if bench.device.type == "cuda":
        torch.cuda.empty_cache()
        total = torch.cuda.get_device_properties(bench.device).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, bench.extent.short_bytes / total))
    try:
        with patch.object(multiscale, "fitting_windows", watched):
            short = made()
    finally:
        if bench.device.type == "cuda":
            torch.cuda.set_per_process_memory_fraction(1.0)
    difference = 255.0 * float(np.abs(short - whole).mean())
    yield Row("shortage", f"{width}×{height}, mean difference", difference, "levels", f"{max(tiles)} tiles")


def _raft(bench: Bench) -> Iterator[Row]:
    try:
        from torchvision.models.optical_flow import raft_small
    except (ImportError, RuntimeError, AttributeError) as error:
        yield Row("raft", "RAFT", None, "", f"no torchvision: {error}")
        return
    width, height = max(128, bench.extent.frames[0][0]), max(128, bench.extent.frames[0][1])
    wide, _ = _pictures(width + _PAN, height)
    with tempfile.TemporaryDirectory(prefix="gpu-") as home, patch.object(torch.hub, "_hub_dir", home):
        folder = Path(home) / "checkpoints"
        folder.mkdir()
        torch.manual_seed(0)
        torch.save(raft_small().state_dict(), folder / "made.pth")
        digest = hashlib.sha256((folder / "made.pth").read_bytes()).hexdigest()
        named = (folder / "made.pth").rename(folder / f"raft_small-{digest[:8]}.pth")
        with patch.dict(raft.FILES, raft_small=PublishedFile(named.name, digest)):
            network = raft.Raft(bench.settings.device)
    pair = wide[:, :width], wide[:, _PAN:]
    network.flow(*pair)
    begun = time.perf_counter()
    flow = network.flow(*pair)
    seconds = time.perf_counter() - begun
    yield Row("raft", f"{width}×{height}", seconds, "s", failed=not bool(np.isfinite(flow).all()))


SECTIONS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "precision": _precision,
    "graphs": _graphs,
    "steps": _steps,
    "frames": _frames,
    "shortage": _shortage,
    "raft": _raft,
    "tests": _tests,
}


def main() -> None:
    arguments = _arguments()
    settings = replace(StyleSettings(), device=arguments.device)
    device = choose_device(arguments.device)
    extent = _WHOLE if device.type == "cuda" else _REDUCED
    bench = Bench(settings, device, extent, time.monotonic() + 60.0 * arguments.minutes)
    print(f"{describe_device(device)}, PyTorch {torch.__version__}", flush=True)
    rows: list[Row] = []
    for name in arguments.sections:
        for row in _rows(name, bench):
            rows.append(row)
            value = "" if row.value is None else f"{row.value:.4g}"
            mark = "  FAILED" if row.failed else ""
            print(f"{row.section:10}{row.what:32}{value:>10} {row.unit:7}{row.note}{mark}", flush=True)
    if arguments.json is not None:
        described = {"device": describe_device(device), "torch": torch.__version__}
        text = json.dumps(described | {"rows": [asdict(each) for each in rows]}, indent=1)
        arguments.json.write_text(text, "utf-8")
    sys.exit(int(any(each.failed for each in rows)))


def _rows(name: str, bench: Bench) -> Iterator[Row]:
    """A section's rows, as long as there is time."""
    if time.monotonic() > bench.ends_at:
        yield Row(name, "left out", None, "", "no time left")
        return
    try:
        for row in SECTIONS[name](bench):
            yield row
            if time.monotonic() > bench.ends_at:
                yield Row(name, "the rest is left out", None, "", "no time left")
                return
    except Exception as error:  # The other sections are of use without this one.
        yield Row(name, type(error).__name__, None, "", str(error).partition("\n")[0], failed=True)


@contextmanager
def _peak(device: torch.device) -> Iterator[list[int]]:
    """Context: a list of one number, the peak of memory in it, in bytes; on a processor, the process's."""
    found = [0]
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    yield found
    found[0] = peak_memory(device)


def _timer(bench: Bench, width: int, height: int) -> Callable[[], list[float]]:
    return step_timer(*_pictures(width, height), bench.settings, bench.extent.steps)


def _pictures(width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """A content of this size, and a style."""
    content = contents(width, height)["spheres"].clip(0.0, 1.0).astype(np.float32)
    return content, paint(Painting.SWIRLS, max(64, width // 2), max(48, height // 2))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=8.0, help="after which nothing more is begun")
    parser.add_argument("--json", type=Path, default=None, help="file for the rows")
    parser.add_argument(
        "--sections", type=lambda text: text.split(","), default=list(SECTIONS), help="in this order"
    )
    parser.add_argument("--device", type=DeviceChoice, default=DeviceChoice.AUTO)
    return parser.parse_args()


if __name__ == "__main__":
    main()
