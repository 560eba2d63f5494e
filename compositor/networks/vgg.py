"""VGG-16 and VGG-19 (Simonyan and Zisserman 2015): their convolutions from a state dict or a part of one.

Whatever input a file was trained on, the result takes RGB in 0..255 less a mean color.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from compositor.errors import WeightsError
from compositor.networks.input_normalization import IMAGENET_MEAN, TORCHVISION_MEAN, TORCHVISION_STD
from compositor.settings import InputNormalization

_BLOCKS = {"VGG-16": (2, 2, 3, 3, 3), "VGG-19": (2, 2, 4, 4, 4)}
_CHANNELS = (64, 128, 256, 512, 512)

_NAMED = re.compile(r"(conv[1-5]_[1-4])\.(weight|bias)")
_NUMBERED = re.compile(r"((?:features\.)?\d+)\.(weight|bias)")


@dataclass(frozen=True)
class Convolution:
    """One convolution: `weight` (out, in, 3, 3) and `bias` (out), float32; `name` as `conv4_2`."""

    name: str
    weight: Tensor
    bias: Tensor


@dataclass(frozen=True)
class NetworkWeights:
    """A VGG trunk, on the CPU, for RGB in 0..255 less `mean`.

    Attributes:
        name: for messages: which network, and its source.
        convolutions: in order from conv1_1, as deep as the source goes.
        mean: RGB.
    """

    name: str
    convolutions: tuple[Convolution, ...]
    mean: tuple[float, float, float]


@dataclass(frozen=True)
class Trunk:
    """Convolutions as a file has them: `network` is VGG-16 or VGG-19; `numbered` layers are torchvision's."""

    network: str
    convolutions: tuple[Convolution, ...]
    numbered: bool


def recognize(tensors: Mapping[str, Tensor]) -> Trunk:
    """Finds the network in a state dict, whole or features only.

    Layers are called `features.0.weight`, `0.weight` or `conv1_1.weight`; `module.`, which
    `torch.nn.DataParallel` leaves in names, is ignored. A dict may end at any layer.

    Raises:
        WeightsError: it is no VGG-16 or VGG-19, or lacks a tensor or has one of another shape.
    """
    named = _modules(tensors, _NAMED)
    if named:
        network, sources = _recognize_named(named)
        return Trunk(network, _convolutions(network, named, sources), numbered=False)
    numbered = _modules(tensors, _NUMBERED)
    sources = sorted(numbered, key=lambda name: int(name.rpartition(".")[2]))
    network = _recognize_numbered(numbered, sources)
    return Trunk(network, _convolutions(network, numbered, sources), numbered=True)


def to_one_convention(trunk: Trunk, normalization: InputNormalization, name: str) -> NetworkWeights:
    """Folds the input's normalization (not `auto`) into the first convolution."""
    first = trunk.convolutions[0]
    weight, mean = first.weight, IMAGENET_MEAN
    if normalization is InputNormalization.CAFFE:
        weight = weight.flip(1)
    elif normalization is InputNormalization.TORCHVISION:
        red, green, blue = (255.0 * each for each in TORCHVISION_MEAN)
        mean = (red, green, blue)
        weight = weight / (255.0 * torch.tensor(TORCHVISION_STD)).view(1, 3, 1, 1)
    folded = Convolution(first.name, weight.contiguous(), first.bias)
    return NetworkWeights(name, (folded, *trunk.convolutions[1:]), mean)


def _modules(tensors: Mapping[str, Tensor], pattern: re.Pattern[str]) -> dict[str, dict[str, Tensor]]:
    """The tensors by module and then by `weight` and `bias`, where the name fits the pattern."""
    modules: dict[str, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        match = pattern.fullmatch(key.replace("module.", ""))
        if match:
            modules.setdefault(match[1], {})[match[2]] = tensor
    return modules


def _recognize_named(modules: Mapping[str, object]) -> tuple[str, list[str]]:
    network = "VGG-19" if any(name.endswith("_4") for name in modules) else "VGG-16"
    names = _layer_names(network)
    unknown = sorted(set(modules) - set(names))
    if unknown:
        raise WeightsError(f"{unknown[0]} is no layer of {network}")
    return network, names[: 1 + max(names.index(name) for name in modules)]


def _recognize_numbered(modules: Mapping[str, Mapping[str, Tensor]], sources: list[str]) -> str:
    weights = [modules[name].get("weight") for name in sources]
    if any(weight is not None and weight.ndim != 4 for weight in weights):
        raise WeightsError("it has layers that are no convolutions: VGG with batch normalization will not do")
    channels = [weight.shape[0] for weight in weights if weight is not None]
    for network, blocks in _BLOCKS.items():
        expected = [out for out, count in zip(_CHANNELS, blocks, strict=True) for _ in range(count)]
        if channels and len(channels) == len(weights) and channels == expected[: len(channels)]:
            return network
    if not channels:
        raise WeightsError("it has no layers named features.0.weight, 0.weight or conv1_1.weight")
    found = ", ".join(map(str, channels[:8])) + ("…" if len(channels) > 8 else "")
    raise WeightsError(f"its layers have {found} channels: that is neither VGG-16 nor VGG-19")


def _convolutions(
    network: str, modules: Mapping[str, Mapping[str, Tensor]], sources: list[str]
) -> tuple[Convolution, ...]:
    result: list[Convolution] = []
    inputs = 3
    for name, source in zip(_layer_names(network), sources, strict=False):
        outputs = _CHANNELS[int(name[4]) - 1]
        module = modules.get(source, {})
        weight = _checked(module, source, "weight", (outputs, inputs, 3, 3))
        result.append(Convolution(name, weight, _checked(module, source, "bias", (outputs,))))
        inputs = outputs
    return tuple(result)


def _checked(module: Mapping[str, Tensor], source: str, kind: str, shape: tuple[int, ...]) -> Tensor:
    tensor = module.get(kind)
    if tensor is None:
        raise WeightsError(f"{source}.{kind} is missing")
    if tensor.shape != shape:
        raise WeightsError(f"{source}.{kind} has shape {tuple(tensor.shape)}, not {shape}")
    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.device.type != "cpu":
        raise WeightsError(f"{source}.{kind} is no plain tensor of numbers")
    if not tensor.is_floating_point():
        kind_of_numbers = str(tensor.dtype).removeprefix("torch.")
        raise WeightsError(f"{source}.{kind} has numbers of the type {kind_of_numbers}, no real ones")
    values = tensor.detach().float()
    if not values.isfinite().all():
        raise WeightsError(f"{source}.{kind} has values that are not finite numbers")
    # A bias may be: many networks begin with that.
    if kind == "weight" and not values.any():
        raise WeightsError(f"{source}.{kind} is zero everywhere: the network was never trained")
    return values


def _layer_names(network: str) -> list[str]:
    blocks = enumerate(_BLOCKS[network], 1)
    return [f"conv{block}_{number}" for block, count in blocks for number in range(1, count + 1)]
