"""What the network's features are computed with."""

from __future__ import annotations

import math
import time
from functools import cache

import torch

from compositor.settings import Precision

# bfloat16 is taken if its products take so much of single precision's time at most, of which `winograd.py`
# saves more.
_WORTH = 0.7
# The products by which that is found: their size, and how many. They take 10 ms.
_PRODUCT, _PRODUCTS = 512, 6


def feature_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """The type of the features.

    `auto` takes bfloat16 where the hardware has it and is faster with it: on NVIDIA GPUs since Ampere, and on
    CPUs with AVX-512 BF16 or AMX if a few products show it. An Intel Xeon with AVX-512 BF16 and without AMX
    took 1.8 times the time of single precision. Elsewhere bfloat16 would be emulated.
    """
    if precision is Precision.AUTO:
        return torch.bfloat16 if _bfloat16_pays(device) else torch.float32
    return {Precision.FLOAT32: torch.float32, Precision.BFLOAT16: torch.bfloat16}[precision]


def has_matrix_tiles() -> bool:
    """Whether the CPU multiplies bfloat16 matrices in tiles (Intel's AMX)."""
    return _cpu_has("_is_amx_tile_supported")


def product_speed(device: torch.device, dtype: torch.dtype, size: int, count: int) -> float:
    """A device's speed at products of square matrices, in operations a second, by the fastest of some."""
    one, other = (torch.rand(size, size, device=device).to(dtype) for _ in range(2))
    best = math.inf
    for _ in range(count):
        begun = time.perf_counter()
        torch.mm(one, other)
        wait_for(device)
        best = min(best, time.perf_counter() - begun)
    return 2.0 * size**3 / best


def wait_for(device: torch.device) -> None:
    """Returns when what was asked of the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _bfloat16_pays(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    return (_cpu_has("_is_avx512_bf16_supported") or has_matrix_tiles()) and _cpu_is_faster_with_bfloat16()


@cache
def _cpu_is_faster_with_bfloat16() -> bool:
    # Asked once, so that every engine of a process gets the same answer.
    half, single = (
        product_speed(torch.device("cpu"), dtype, _PRODUCT, _PRODUCTS)
        for dtype in (torch.bfloat16, torch.float32)
    )
    return single <= _WORTH * half


def _cpu_has(check: str) -> bool:
    # Not public, and not in every release: without it, the answer is no.
    asked = getattr(torch.cpu, check, None)
    return asked is not None and bool(asked())
