"""Chooses the device that the engine computes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from compositor.capacity import is_out_of_memory
from compositor.errors import DeviceError, MemoryShortageError
from compositor.settings import DeviceChoice, Precision


def choose_device(choice: DeviceChoice = DeviceChoice.AUTO) -> torch.device:
    """The named device, or with `auto` the first of cuda, mps, cpu that there is.

    Raises:
        DeviceError: the named device is not there.
    """
    available = {
        DeviceChoice.CUDA: torch.cuda.is_available(),
        DeviceChoice.MPS: torch.backends.mps.is_available(),
        DeviceChoice.CPU: True,
    }
    if choice is DeviceChoice.AUTO:
        choice = next(each for each, there in available.items() if there)
    if not available[choice]:
        there = ", ".join(each.value for each, is_there in available.items() if is_there)
        raise DeviceError(f"the device {choice.value} is not available here; there is: {there}")
    return torch.device(choice.value)


def describe_device(device: torch.device) -> str:
    """The device as a person would name it: `cpu`, `cuda: NVIDIA H100 80GB HBM3`."""
    if device.type == "cuda":
        return f"cuda: {torch.cuda.get_device_name(device)}"
    return device.type


def device_memory(device: torch.device) -> float | None:
    """The GPU's memory in GiB; None where the device has none of its own."""
    if device.type != "cuda":
        return None
    return torch.cuda.get_device_properties(device).total_memory / 2**30


def limit_memory(device: torch.device, gibibytes: float | None) -> None:
    """Lets this process take so much of the GPU's memory at most; does nothing without a GPU or a limit."""
    total = device_memory(device)
    if total is not None and gibibytes is not None:
        torch.cuda.set_per_process_memory_fraction(min(1.0, gibibytes / total), device)


def torch_version() -> str:
    """PyTorch's version with the suffix of its build, as `2.13.0+cpu`."""
    return str(torch.__version__)


@contextmanager
def memory_shortage_is_told(what: str, advice: str = "make the frames smaller") -> Iterator[None]:
    """Turns PyTorch's several ways of running out of memory into one error, with some advice.

    Raises:
        MemoryShortageError: `what` does not fit.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if isinstance(error, MemoryError) or is_out_of_memory(error):
            raise MemoryShortageError(
                f"there is not enough memory for {what}: {advice}, or compute on the CPU if the graphics card"
                " is short of it"
            ) from None
        raise


def feature_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """What the network's features are computed with.

    `auto` takes bfloat16 where the hardware has it: on NVIDIA GPUs since Ampere, on CPUs with AVX-512 BF16 or
    AMX. Elsewhere it would be emulated, slower than single precision.
    """
    if precision is Precision.AUTO:
        return torch.bfloat16 if _has_bfloat16(device) else torch.float32
    return {Precision.FLOAT32: torch.float32, Precision.BFLOAT16: torch.bfloat16}[precision]


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type != "cpu":
        return False
    return _cpu_has("_is_avx512_bf16_supported") or has_matrix_tiles()


def has_matrix_tiles() -> bool:
    """Whether the CPU multiplies bfloat16 matrices in tiles (Intel's AMX)."""
    return _cpu_has("_is_amx_tile_supported")


def _cpu_has(check: str) -> bool:
    # Not public, and not in every release: without it, the answer is no.
    asked = getattr(torch.cpu, check, None)
    return asked is not None and bool(asked())
