"""Precision of the network's features: the number format for a setting and a device."""

from __future__ import annotations

import math
import platform
import time
from functools import cache
from pathlib import Path

import torch

from compositor.settings import Precision

_AMD = "AuthenticAMD"


def chosen_precision(precision: Precision, device: torch.device) -> Precision:
    """What the precision comes to on a device; never `auto`.

    `auto` takes bfloat16 where the hardware has it and is faster with it. That is decided by the kind of
    hardware and never by timing, so that every process on a machine decides alike:
    NVIDIA GPUs since Ampere; CPUs with AMX; AMD's CPUs with AVX-512 BF16 (a step of 256×192 on an EPYC takes
    0.67 of single precision's time). Intel's CPUs with AVX-512 BF16 and without AMX take 1.8 times single
    precision's time. Elsewhere bfloat16 would be emulated.
    """
    if precision is Precision.AUTO:
        return Precision.BFLOAT16 if _bfloat16_pays(device) else Precision.FLOAT32
    return precision


def feature_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """The dtype of the features, see `chosen_precision`."""
    dtypes = {Precision.FLOAT32: torch.float32, Precision.BFLOAT16: torch.bfloat16}
    return dtypes[chosen_precision(precision, device)]


def has_matrix_tiles() -> bool:
    """Whether the CPU multiplies bfloat16 matrices in tiles (Intel's AMX)."""
    return _cpu_has("_is_amx_tile_supported")


def product_speed(device: torch.device, dtype: torch.dtype, size: int, count: int) -> float:
    """Speed of products of square matrices, in floating-point operations a second: the fastest of `count`."""
    one, other = (torch.rand(size, size, device=device).to(dtype) for _ in range(2))
    best = math.inf
    for _ in range(count):
        begun = time.perf_counter()
        torch.mm(one, other)
        wait_for(device)
        best = min(best, time.perf_counter() - begun)
    return 2.0 * size**3 / best


def wait_for(device: torch.device) -> None:
    """Waits until the device has finished its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _bfloat16_pays(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    return has_matrix_tiles() or (_cpu_has("_is_avx512_bf16_supported") and _cpu_vendor() == _AMD)


@cache
def _cpu_vendor() -> str:
    """The processor's vendor by its CPUID, such as `AuthenticAMD`; empty where that is not known."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("vendor_id"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    # On Windows: "AMD64 Family 25 Model 97 Stepping 2, AuthenticAMD".
    return platform.processor().rpartition(",")[2].strip()


def _cpu_has(check: str) -> bool:
    # Not public, and not in every release: without it, the answer is no.
    supported = getattr(torch.cpu, check, None)
    return supported is not None and bool(supported())
