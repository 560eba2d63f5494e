"""CUDA graphs: capture a step's kernels on an NVIDIA GPU and replay them with one launch.

A step has about three hundred kernels. On a small frame the GPU finishes each before Python has launched the
next; a CUDA graph launches them all at once.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from compositor.optimization.loop import Objective, OptimizationRun

Found = tuple[dict[str, Tensor], Tensor]
"""The result of an objective: the losses by name, and the gradient."""

Record = Callable[[Callable[[], Found]], tuple[Found, Callable[[], None]]]
"""Captures work; returns its results, and a function that runs it again into the same memory."""

WARM_UP = 3
"""Steps before the capture, in which cuDNN chooses its kernels and memory is allocated."""
# Above so many pixels computing takes longer than launching, and a graph's own memory would be wasted. Below
# so many steps a capture, which costs two steps, does not pay.
_LARGEST, _WORTH = 2**19, 12
# Largest relative difference of the first replay to the captured step.
_TOLERANCE = 1e-2


class StepGraphs:
    """The graphs of an engine: one at a time, each in the memory of the one before. Not thread-safe."""

    def __init__(self) -> None:
        self._last: torch.cuda.CUDAGraph | None = None

    def replaying(self, objective: Objective, image: Tensor, run: OptimizationRun) -> Objective:
        """The objective, replayed from the fourth step on if that is faster for this image and step count."""
        height, width = image.shape[-2:]
        if image.device.type != "cuda" or height * width > _LARGEST or run.steps < _WORTH:
            return objective
        renewed = None if run.renew is None else run.is_renewed_after
        return Replaying(objective, self.record, renewed)

    def record(self, work: Callable[[], Found]) -> tuple[Found, Callable[[], None]]:
        """As `Record` says.

        Raises:
            RuntimeError: the work synchronizes with the GPU, or is out of memory.
        """
        graph, stream = torch.cuda.CUDAGraph(), torch.cuda.Stream()
        # A pool can be shared only while its graph exists.
        pool = None if self._last is None else self._last.pool()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            # Other threads, which read the next frame meanwhile, may use the GPU as they like.
            graph.capture_begin(pool=pool, capture_error_mode="thread_local")
            try:
                found = work()
            finally:
                graph.capture_end()
        torch.cuda.current_stream().wait_stream(stream)
        self._last = graph
        return found, graph.replay


class Replaying:
    """An objective that is captured in its third step and replayed from the fourth on.

    A capture is used only if its first replay has the step's own results; otherwise the objective is called
    as before. The losses are valid until the next call.

    Args:
        objective: always called with the same tensor, which is changed in place.
        renewed: whether the objective is renewed in the call after so many; that call is never replayed.
    """

    def __init__(
        self, objective: Objective, record: Record, renewed: Callable[[int], bool] | None = None
    ) -> None:
        self._objective = objective
        self._record = record
        self._renewed = renewed
        self._calls = 0
        self._recorded: tuple[Tensor, Found, Callable[[], None]] | None = None

    def __call__(self, image: Tensor) -> Found:
        """The losses of the image, and the gradient of their total."""
        renewed = self._renewed is not None and self._renewed(self._calls)
        if self._recorded is not None and image is self._recorded[0] and not renewed:
            _, (losses, gradient), replay = self._recorded
            replay()
            self._calls += 1
            # The optimizer keeps gradients, and the next replay overwrites this one.
            return losses, gradient.clone()
        found = self._objective(image)
        self._calls += 1
        if self._calls == WARM_UP:
            self._try_to_record(image, found[1])
        return found

    def _try_to_record(self, image: Tensor, expected: Tensor) -> None:
        try:
            found, replay = self._record(lambda: self._objective(image))
            replay()
        except RuntimeError:
            return
        if bool((found[1] - expected).norm() <= _TOLERANCE * expected.norm()):
            self._recorded = image, found, replay
