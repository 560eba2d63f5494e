"""Records a step's work on an NVIDIA GPU and replays it as one, where starting every kernel takes longer.

A step is some three hundred kernels. On a small frame a GPU is done with each before Python has started the
next; a CUDA graph starts them all at once.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from compositor.optimization.loop import Objective

Found = tuple[dict[str, Tensor], Tensor]
"""What an objective finds of an image: the losses by name, and a gradient."""

Record = Callable[[Callable[[], Found]], tuple[Found, Callable[[], None]]]
"""Takes work, and gives what it is going to find and what does it again, each time into the same memory."""

WARM_UP = 3
"""Steps before the recording, in which cuDNN chooses its kernels and memory is set aside."""
# Above so many pixels a GPU computes for longer than it takes to start the kernels, and the memory that a
# graph has for its own would only be missed. Steps below which a recording, which costs two, is not repaid.
_LARGEST, _WORTH = 2**19, 12
# By how much the first replay may differ from the step as it was, relatively.
_TOLERANCE = 1e-2


class StepGraphs:
    """An engine's graphs: one at a time, each in the memory of the one before. For a single thread."""

    def __init__(self) -> None:
        self._last: torch.cuda.CUDAGraph | None = None

    def replaying(self, objective: Objective, image: Tensor, steps: int) -> Objective:
        """The objective of images like this one, replayed after the first of its steps where that pays."""
        height, width = image.shape[-2:]
        if image.device.type != "cuda" or height * width > _LARGEST or steps < _WORTH:
            return objective
        return Replaying(objective, self.record)

    def record(self, work: Callable[[], Found]) -> tuple[Found, Callable[[], None]]:
        """As `Record` says.

        Raises:
            RuntimeError: the work waits for the GPU in between, or memory is short.
        """
        graph, stream = torch.cuda.CUDAGraph(), torch.cuda.Stream()
        # Memory is handed on only by a graph that is still there.
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
    """An objective that is recorded in its third step and replayed from the fourth on.

    Only a recording that finds what the step itself has found is used: one that fails, or differs, costs a
    frame some milliseconds and nothing else. The losses are valid until the next call.

    Args:
        objective: always called with the very same image, which is changed in place.
    """

    def __init__(self, objective: Objective, record: Record) -> None:
        self._objective = objective
        self._record = record
        self._calls = 0
        self._recorded: tuple[Tensor, Found, Callable[[], None]] | None = None

    def __call__(self, image: Tensor) -> Found:
        """The losses of the image, and the gradient of their total."""
        if self._recorded is not None and image is self._recorded[0]:
            _, (losses, gradient), replay = self._recorded
            replay()
            # The optimizer remembers gradients, and the next replay writes over this one.
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
