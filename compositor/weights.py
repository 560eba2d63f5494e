"""The convolution weights of the feature network.

The embedded default is VGG-16 (Simonyan and Zisserman 2015), `conv1_1` to `conv5_1`, as float16 safetensors;
`data/derive_vgg16.py` makes it and NOTICE says where it comes from. A safetensors file holds numbers alone:
nothing in it is ever executed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from compositor.errors import WeightsError

EMBEDDED = Path(__file__).parent / "data" / "vgg16.safetensors"

_CONVOLUTIONS = {1: 2, 2: 2, 3: 3, 4: 3, 5: 1}
_CHANNELS = {0: 3, 1: 64, 2: 128, 3: 256, 4: 512, 5: 512}


@dataclass(frozen=True)
class Convolution:
    """One convolution: `weight` (out, in, 3, 3) and `bias` (out), float32; `name` as `conv4_2`."""

    name: str
    weight: torch.Tensor
    bias: torch.Tensor


def load_weights(path: Path = EMBEDDED) -> list[Convolution]:
    """The network's convolutions in order, float32, on the CPU.

    The network takes RGB in 0..255 less the ImageNet mean; see `compositor.features`.

    Raises:
        WeightsError: the file is missing, no safetensors file, or lacks a layer or has one of another shape.
    """
    try:
        tensors = load_file(path)
    except FileNotFoundError:
        raise WeightsError(f"{path}: the network's weights are missing; install the package again") from None
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path}: no readable safetensors file ({error})") from None
    return [_convolution(path, tensors, block, number) for block, number in _layers()]


def _layers() -> list[tuple[int, int]]:
    return [(block, number) for block, count in _CONVOLUTIONS.items() for number in range(1, count + 1)]


def _convolution(path: Path, tensors: dict[str, torch.Tensor], block: int, number: int) -> Convolution:
    name = f"conv{block}_{number}"
    outputs = _CHANNELS[block]
    inputs = _CHANNELS[block - 1] if number == 1 else outputs
    weight, bias = tensors.get(f"{name}.weight"), tensors.get(f"{name}.bias")
    if weight is None or bias is None:
        raise WeightsError(f"{path}: {name} is missing; this is no VGG-16 as Blender NST stores it")
    if weight.shape != (outputs, inputs, 3, 3) or bias.shape != (outputs,):
        raise WeightsError(f"{path}: {name} has shape {tuple(weight.shape)}, not {(outputs, inputs, 3, 3)}")
    return Convolution(name, weight.float(), bias.float())
