"""Gatys' normalized network: every filter's mean activation is one (Gatys 2016, section 2).

Gatys takes the mean over the ImageNet validation set. Here it is taken over the pictures that the caller has,
which for the engine are the style pictures, because no set of photographs comes with the program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from compositor.image_ops.hidden_pixels import at_features
from compositor.networks.features import FeatureNetwork
from compositor.networks.vgg import Convolution, NetworkWeights
from compositor.settings import Pooling

# Filters that the pictures hardly excite are not amplified. On two paintings of 128×96, 34 of conv5_1's 512
# had less than 0.01 of the layer's median and some 0.0004: one stroke that excites such a filter would
# outweigh all the others.
_SILENT = 0.05


def normalize_network(
    weights: NetworkWeights,
    images: Sequence[Tensor],
    pooling: Pooling,
    visible: Sequence[Tensor | None] = (),
) -> NetworkWeights:
    """Rescales each convolution's filters so that their mean activation after the rectifier is one.

    A rectifier and either pooling pass a positive factor on, so each channel keeps its pattern: its map is
    that of the network as it was, divided by the channel's mean. How much channels and layers weigh against
    each other changes, which is the point. Filters that the pictures hardly excite get their layer's median
    factor instead of their own.

    Args:
        weights: the network as it was trained.
        images: (1, 3, H, W) float32, sRGB in 0..1, of any sizes of at least 16, on the device to compute on;
            the mean is over all their positions.
        pooling: as the network will be used, since the means depend on it.
        visible: of each image, (1, 1, H, W) in 0..1, by which its pixels count; None, or nothing at all, for
            all of them.

    Returns:
        The network on the CPU.
    """
    network = FeatureNetwork(weights, pooling, images[0].device)
    means = _mean_activations(network, weights, images, visible or [None] * len(images))
    before = torch.ones(3)
    convolutions: list[Convolution] = []
    for convolution in weights.convolutions:
        mean = _divisors(means[convolution.name])
        scale = (before / mean.view(-1, 1)).view(mean.numel(), -1, 1, 1)
        convolutions.append(
            Convolution(convolution.name, convolution.weight * scale, convolution.bias / mean)
        )
        before = mean
    return replace(weights, name=f"{weights.name}, normalized", convolutions=tuple(convolutions))


@torch.no_grad()
def _mean_activations(
    network: FeatureNetwork,
    weights: NetworkWeights,
    images: Sequence[Tensor],
    visible: Sequence[Tensor | None],
) -> dict[str, Tensor]:
    """The mean (C) of each convolution's filters after the rectifier, by the convolution's name."""
    names = {f"relu{each.name[4:]}": each.name for each in weights.convolutions}
    sums = {
        name: torch.zeros(each.bias.numel()) for name, each in zip(names, weights.convolutions, strict=True)
    }
    counts = dict.fromkeys(names, 0.0)
    for image, shown in zip(images, visible, strict=True):
        for name, features in network(image, names).items():
            mask = at_features(shown, features)
            sums[name] += (features if mask is None else features * mask).sum(dim=(0, 2, 3)).cpu()
            counts[name] += features.shape[-2] * features.shape[-1] if mask is None else float(mask.sum())
    return {names[name]: sums[name] / counts[name] for name in names}


def _divisors(mean: Tensor) -> Tensor:
    """The means, with the layer's median for filters that are all but silent (below `_SILENT` of it)."""
    median = mean.median()
    if median <= 0.0:
        median = torch.tensor(1.0)
    return torch.where(mean > _SILENT * median, mean, median)
