"""Runs all chunks of a sequence or .blend on workers of Dask, and finishes them: `blender-nst farm run`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from blender_nst.cli.display import Display
from blender_nst.cli.errors import BAD_INPUT, FAILED, CommandLineError, InputError, InterruptedRunError
from blender_nst.cli.farm.arguments import FarmJob
from blender_nst.cli.farm.dask_run.cluster import (
    GPU,
    check_installed,
    connected,
    has_gpu,
    local_workers,
    slots_by_host,
    worker_infos,
)
from blender_nst.cli.farm.dask_run.progress import RunProgress
from blender_nst.cli.farm.dask_run.submission import Submission
from blender_nst.cli.farm.dask_run.task import ChunkOutcome, ChunkTask
from blender_nst.cli.farm.finish import FinishOptions, finish_run
from blender_nst.cli.farm.plan import make_plan
from blender_nst.cli.farm.progress import ProgressForm
from blender_nst.cli.farm.work import FarmOptions, open_source
from blender_nst.cli.signals import Interrupted
from compositor.hardware.device import choose_device
from compositor.settings import DeviceChoice
from video.farm.look import read_look
from video.farm.plan import FarmPlan
from video.files.output_checks import check_output_folder
from video.files.output_folder import FARM
from video.frames.sequence import FrameRange

_MOST_NAMED = 5
"""Chunks that have failed, in one line."""


@dataclass(frozen=True)
class RunOptions:
    """How the chunks are made.

    Attributes:
        scheduler: the address of a scheduler, or `local:N`.
        frames, lead_in, shots, chunk_size: see `make_plan`.
        attempts: how often a chunk is tried before it has failed.
        finish: whether `farm finish` follows.
    """

    scheduler: str
    frames: str | None
    lead_in: str
    shots: str | None
    chunk_size: int | None
    attempts: int
    allow_mixed: bool = False
    finish: bool = True


class FailedChunksError(CommandLineError):
    """Chunks have failed for good; the others are kept. Code 2 if the user can remove the cause of all."""

    resumable = True

    def __init__(self, failed: Mapping[str, ChunkOutcome], count: int) -> None:
        named = [f"{name}: {each.reason}" for name, each in list(failed.items())[:_MOST_NAMED]]
        more = ["…"] if len(failed) > _MOST_NAMED else []
        super().__init__(f"{len(failed)} of {count} chunks have failed ({'; '.join(named + more)})")
        bad = all(each.code == BAD_INPUT for each in failed.values())
        self.exit_code = BAD_INPUT if bad else FAILED


def run_on_dask(options: FarmOptions, how: RunOptions, display: Display, *, as_json: bool) -> None:
    """Makes all chunks, each by `blender-nst chunk` on a worker, and finishes the run.

    Raises:
        VideoError, InputError, BlenderError: bad input; no chunk was begun.
        FailedChunksError, SchedulerLostError: what is finished is kept.
    """
    check_installed()
    device = _device(options, local=local_workers(how.scheduler) is not None)
    options.choice.read_styles()
    check_output_folder(options.out)
    if how.shots is None:
        display.say("looking for the shots (--shots names them)")
    source = open_source(options, display)
    plan = make_plan(
        source,
        options,
        frames=how.frames,
        lead_in=how.lead_in,
        shots=how.shots,
        chunk_size=how.chunk_size,
    )
    job = FarmJob(options, _all_frames(plan), how.lead_in, plan.shots, source.animated())
    progress = RunProgress(
        {each.span.name: len(each.span.run.numbers()) for each in plan.chunks}, display, as_json=as_json
    )
    try:
        with connected(how.scheduler, on_gpus=device is DeviceChoice.CUDA) as client:
            workers = worker_infos(client, how.scheduler)
            resources = needed_resources(workers, device)
            submission = Submission(
                client, how.scheduler, resources, progress, display.say, attempts=how.attempts
            )
            failed = submission.run(_tasks(job, plan, slots_by_host(workers), allow_mixed=how.allow_mixed))
    except Interrupted as interrupted:
        raise InterruptedRunError(interrupted.number) from None
    if failed:
        raise FailedChunksError(failed, len(plan.chunks))
    if how.finish:
        finish_run(FinishOptions(options.out, str(_all_frames(plan))), display, as_json=as_json)


def _arguments(job: FarmJob, own: FrameRange, *, allow_mixed: bool) -> list[str]:
    """The arguments of `blender-nst` that make a chunk. A value may begin with a minus: it is joined."""
    options = job.options
    return [
        "chunk",
        str(options.source.absolute()),
        f"--frames={own}",
        f"--lead-in={job.lead_in}",
        f"--out={options.out.absolute()}",
        f"--progress={ProgressForm.JSON.value}",
        *(f"--style={path.absolute()}" for path in options.choice.styles),
        *([] if options.passes is None else [f"--passes={options.passes.absolute()}"]),
        *([] if options.blender is None else [f"--blender={options.blender.absolute()}"]),
        *("=".join(each.arguments()) for each in job.settings()),
        *job.part_arguments(),
        *(["--allow-mixed"] if allow_mixed else []),
    ]


def _device(options: FarmOptions, *, local: bool) -> DeviceChoice | None:
    """The class of device that the chunks are made on; None if that is left to the workers."""
    chosen = options.settings[0].device
    if chosen is not DeviceChoice.AUTO:
        return chosen
    if (options.out / FARM).is_file():
        return DeviceChoice(read_look(options.out).machine["device class"])
    return DeviceChoice(choose_device(chosen).type) if local else None


def needed_resources(infos: Mapping[str, Mapping[str, Any]], device: DeviceChoice | None) -> dict[str, float]:
    """What a chunk takes of a worker: a GPU where it is made on one, so that no GPU makes two at a time.

    Raises:
        InputError: none of the workers announces a GPU.
    """
    announced = any(map(has_gpu, infos.values()))
    if device is None:
        return {GPU: 1} if announced else {}
    if device is not DeviceChoice.CUDA:
        return {}
    if infos and not announced:
        raise InputError(
            f"none of the {len(infos)} workers announces a GPU: start each with --nthreads 1"
            f" --resources {GPU}=1"
        )
    return {GPU: 1}


def _tasks(job: FarmJob, plan: FarmPlan, slots: Mapping[str, int], *, allow_mixed: bool) -> list[ChunkTask]:
    topic = f"blender-nst {uuid4().hex}"
    return [
        ChunkTask(
            span.name,
            _arguments(job, span.own, allow_mixed=allow_mixed),
            len(span.run.numbers()),
            topic,
            slots,
        )
        for span in (each.span for each in plan.chunks)
    ]


def _all_frames(plan: FarmPlan) -> FrameRange:
    first, last = plan.chunks[0].span.own, plan.chunks[-1].span.own
    return FrameRange(first.first, last.last, first.step)
