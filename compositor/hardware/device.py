"""Device: choice of CUDA, MPS or CPU, and its memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from compositor.errors import DeviceError, MemoryShortageError
from compositor.hardware.memory_shortage import is_memory_shortage
from compositor.settings import DeviceChoice


def choose_device(choice: DeviceChoice = DeviceChoice.AUTO) -> torch.device:
    """The named device, or with `auto` the first available one of cuda, mps, cpu.

    Raises:
        DeviceError: the named device is not available.
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
    """The device's name for messages: `cpu`, `cuda: NVIDIA H100 80GB HBM3`."""
    if device.type == "cuda":
        return f"cuda: {torch.cuda.get_device_name(device)}"
    return device.type


def device_memory(device: torch.device) -> float | None:
    """The GPU's memory in GiB; None if the device has none of its own."""
    if device.type != "cuda":
        return None
    return torch.cuda.get_device_properties(device).total_memory / 2**30


def limit_memory(device: torch.device, gibibytes: float | None) -> None:
    """Limits the GPU memory of this process, in GiB; does nothing without a CUDA device or a limit."""
    total = device_memory(device)
    if total is not None and gibibytes is not None:
        torch.cuda.set_per_process_memory_fraction(min(1.0, gibibytes / total), device)


def torch_version() -> str:
    """PyTorch's version with the suffix of its build, such as `2.13.0+cpu`."""
    return str(torch.__version__)


@contextmanager
def translate_out_of_memory(what: str, advice: str = "make the frames smaller") -> Iterator[None]:
    """Context manager that turns every form of PyTorch's out of memory into one error with advice.

    Raises:
        MemoryShortageError: `what` does not fit into memory.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if is_memory_shortage(error):
            raise MemoryShortageError(
                f"there is not enough memory for {what}: {advice}, or compute on the CPU if the graphics card"
                " is short of it"
            ) from None
        raise
