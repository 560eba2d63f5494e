"""Values that are the same every time."""

from __future__ import annotations

import torch
from torch import Tensor


def random(*shape: int, seed: int) -> Tensor:
    """Normal values of a shape; with four dimensions in channels-last memory."""
    values = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return values.contiguous(memory_format=torch.channels_last) if len(shape) == 4 else values
