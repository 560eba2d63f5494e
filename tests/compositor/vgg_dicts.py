"""State dicts of VGG-16 and VGG-19 made on the fly, with torchvision's and with Caffe's names."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

BLOCKS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}


@functools.cache
def make_tensors(network: str, convolutions: int = 99) -> list[tuple[str, int, Tensor, Tensor]]:
    """The first convolutions: name as `conv1_1`, torchvision's number, and random weight and bias."""
    generator = torch.Generator().manual_seed(0)
    result: list[tuple[str, int, Tensor, Tensor]] = []
    inputs, index = 3, 0
    for block, count in enumerate(BLOCKS[network], 1):
        outputs = min(512, 32 * 2**block)
        for number in range(1, count + 1):
            scale = (2.0 / (9 * inputs)) ** 0.5
            weight = scale * torch.randn(outputs, inputs, 3, 3, generator=generator)
            bias = 0.1 * torch.randn(outputs, generator=generator)
            result.append((f"conv{block}_{number}", index, weight, bias))
            inputs, index = outputs, index + 2
        index += 1
    return result[:convolutions]


def numbered_dict(network: str, prefix: str = "features.", convolutions: int = 99) -> dict[str, Tensor]:
    """With torchvision's names."""
    entries = make_tensors(network, convolutions)
    return {
        f"{prefix}{index}.{kind}": tensor
        for _, index, weight, bias in entries
        for kind, tensor in (("weight", weight), ("bias", bias))
    }


def named_dict(network: str, convolutions: int = 99) -> dict[str, Tensor]:
    """With Caffe's names."""
    entries = make_tensors(network, convolutions)
    return {
        f"{name}.{kind}": tensor
        for name, _, weight, bias in entries
        for kind, tensor in (("weight", weight), ("bias", bias))
    }
