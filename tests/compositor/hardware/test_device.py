"""Choosing a device, and the error for one that is not there."""

from __future__ import annotations

import pytest
import torch

from compositor.errors import DeviceError
from compositor.hardware.device import choose_device, describe_device, torch_version
from compositor.settings import DeviceChoice

AVAILABLE = {
    DeviceChoice.CUDA: torch.cuda.is_available(),
    DeviceChoice.MPS: torch.backends.mps.is_available(),
}


def test_cpu_is_always_there() -> None:
    assert choose_device(DeviceChoice.CPU).type == "cpu"
    assert describe_device(torch.device("cpu")) == "cpu"


def test_auto_takes_the_fastest_that_there_is() -> None:
    expected = next((choice.value for choice, there in AVAILABLE.items() if there), "cpu")
    assert choose_device(DeviceChoice.AUTO).type == expected


@pytest.mark.parametrize("choice", [DeviceChoice.CUDA, DeviceChoice.MPS])
def test_a_device_that_is_not_there_is_refused_with_what_there_is(choice: DeviceChoice) -> None:
    if AVAILABLE[choice]:
        pytest.skip(f"this machine has {choice.value}")
    with pytest.raises(DeviceError, match=rf"{choice.value} is not available.*cpu"):
        choose_device(choice)


def test_torch_version_names_the_build() -> None:
    assert torch_version().split(".")[0].isdigit()
    assert torch_version() == torch.__version__
