"""Plan of a farm's job, as `blender-nst farm plan` makes it, for the panel: shots, chunks, lead-in, time."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import bpy

from ...capture.camera import frame_size
from ...properties.scene import settings_dicts
from ...session.measured_speed import expected_device, speed_of
from ...session.progress import duration
from .chunk_options import farm_frames, farm_shots


@dataclass(frozen=True)
class FarmChunk:
    """Frames that a machine stylizes: its own, and those that it throws away."""

    first: int
    frames: int
    discarded: int
    is_seam: bool
    """Whether the frame before the first one is another chunk's, of the same shot."""


@dataclass(frozen=True)
class FarmPlan:
    """All chunks of a job.

    Attributes:
        warm, cold: seconds of a frame with and without a predecessor; None where no speed is known.
        passes: how often the frames are gone through.
    """

    shots: int
    chunks: list[FarmChunk]
    warm: float | None = None
    cold: float | None = None
    passes: int = 1

    @property
    def frames(self) -> int:
        """How many are delivered."""
        return sum(chunk.frames for chunk in self.chunks)

    @property
    def discarded_share(self) -> float:
        """Of all the frames that are stylized: those that are thrown away."""
        discarded = sum(chunk.discarded for chunk in self.chunks)
        return discarded / max(self.frames + discarded, 1)

    def seconds(self, workers: int) -> tuple[float, float] | None:
        """Of work in all, and until the last chunk is done; None where no speed is known."""
        if self.warm is None or self.cold is None or not self.chunks:
            return None
        stylized = [self.passes * (chunk.frames + chunk.discarded) for chunk in self.chunks]
        each = [self.cold + self.warm * (count - 1) for count in stylized]
        free_at = [0.0] * min(workers, len(each))
        for seconds in each:
            heapq.heapreplace(free_at, free_at[0] + seconds)
        return sum(each), max(free_at)


def plan_chunks(
    frames: range, starts: Sequence[int], size: int | None, lead_in: int, *, passes: int = 1
) -> list[FarmChunk]:
    """Cuts each shot into chunks of nearly the same length.

    Args:
        starts: the first frames of the shots, ascending, the first frame among them.
        size: of a chunk at most; None makes each shot one chunk.
        lead_in: frames before a chunk that are stylized too; with several passes as many behind it.
    """
    chunks = []
    for first, end in pairwise([*map(frames.index, starts), len(frames)]):
        own = frames[first:end]
        count = 1 if size is None else -(-len(own) // size)
        ends = [round(place * len(own) / count) for place in range(count + 1)]
        for begin, stop in pairwise(ends):
            behind = min(lead_in, len(own) - stop) if passes > 1 else 0
            discarded = min(lead_in, begin) + behind
            chunks.append(FarmChunk(own[begin], stop - begin, discarded, begin > 0))
    return chunks


def scene_plan(scene: bpy.types.Scene) -> FarmPlan:
    """The plan of the scene's job."""
    farm = scene.nst_farm
    starts, (style, sequence) = farm_shots(scene), settings_dicts(scene)
    passes, size = sequence["pass_count"], None if farm.in_order else farm.chunk_size
    chunks = plan_chunks(farm_frames(scene), starts, size, farm.lead_in, passes=passes)
    device = expected_device(scene)
    speed = None if device is None else speed_of(device)
    if speed is None:
        return FarmPlan(len(starts), chunks, passes=passes)
    picture = frame_size(scene)
    warm, cold = speed.later_frame(picture, style, sequence), speed.first_frame(picture, style)
    return FarmPlan(len(starts), chunks, warm, cold, passes)


def plan_lines(plan: FarmPlan, workers: int) -> list[str]:
    """What the panel says of a plan."""
    seams = sum(chunk.is_seam for chunk in plan.chunks)
    counts = ((plan.frames, "frame"), (plan.shots, "shot"), (len(plan.chunks), "chunk"), (seams, "seam"))
    lines = [
        ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for count, name in counts),
        f"{100.0 * plan.discarded_share:.1f} % of the work is lead-in",
    ]
    seconds = plan.seconds(workers)
    if seconds is None:
        return [*lines, "How long it takes is not known: stylize a few frames here first"]
    work, elapsed = map(duration, seconds)
    machines = "1 machine" if workers == 1 else f"{workers} machines"
    return [*lines, f"About {work} of stylizing, {elapsed} on {machines} like this one"]
