"""VGG features: maps by layer name, `conv4_2`, `relu4_2` after the rectifier, `pool4` after the block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

import torch
import torch.nn.functional as F
from torch import Tensor

from compositor.convolution.geometry import reach
from compositor.convolution.pooling import average_pool, max_pool
from compositor.errors import LayerError
from compositor.networks.conv_relu import Kernel, convolution, pooled_convolution, rectified_convolution
from compositor.networks.vgg import Convolution, NetworkWeights
from compositor.settings import Pooling

REPLICATE_FROM = 160
"""Pixels: from this longer side of a frame on, every convolution replicates the border.

Measured on an evening landscape, 150 steps of L-BFGS: on 128×72 px the style loss ends at 0.046 instead of
0.035, as most of the deep maps is then border; at 160×90 and 192×108 px it ends the same, without a rim.
"""

AVERAGE_POOLING_GAIN = 1.45
"""Factor of average pooling, so that a layer's activations, and with them what its biases and a loss weight
mean, are about those of max pooling, which the network was trained with.

Measured on three code-made paintings at 256×192 and 384×288, embedded network: with it the root mean square
of relu2_1, relu3_1, relu4_1, relu4_2 and relu5_1 is 1.09, 1.10, 0.99, 0.91 and 0.75 times that with max
pooling (the mean over the paintings); without it, 0.75, 0.52, 0.33, 0.30 and 0.17 times.
"""


class FeatureNetwork:
    """A frozen VGG trunk on one device.

    Departs from the network as it was trained in two places, both at the border. Where training padded with
    zeros, the convolutions can replicate the border: zeros cause a dark rim around the image, and the style
    statistics of small pictures contain them, which shows as blobs. And pooling keeps a last odd row or
    column, which would otherwise get no gradient from the deeper layers.

    Args:
        dtype: of the features from `conv1_2` on. The first convolution, a hundredth of the work, is always
            float32: bfloat16 would round its input to whole levels of 0..255 and coarser.
    """

    def __init__(
        self,
        weights: NetworkWeights,
        pooling: Pooling,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.dtype = dtype
        self._pool, self._gain = _POOLINGS[pooling]
        self._mean = torch.tensor(weights.mean, device=device).view(1, 3, 1, 1)
        self._convolutions = [(_names(each), self._placed(each, device)) for each in weights.convolutions]
        self.layers = tuple(name for names, _ in self._convolutions for name in names)

    def check(self, names: Iterable[str]) -> None:
        """Raises LayerError, with what there is, when a name is no layer of this network."""
        for name in names:
            if name not in self.layers:
                raise LayerError(f"the network has no layer {name!r}; it has: {', '.join(self.layers)}")

    def reach(self, names: Iterable[str]) -> int:
        """Reach of the receptive field of the named layers, in px (`convolution.geometry.reach`)."""
        return reach([name for name in self.layers if name.startswith("conv")], names)

    def __call__(self, image: Tensor, names: Iterable[str], *, replicate: bool = True) -> dict[str, Tensor]:
        """The feature maps of the named layers.

        Args:
            image: (1, 3, H, W) float32, sRGB in 0..1, H and W at least 16.
            names: layers; nothing deeper than the deepest of them is computed.
            replicate: replicate the border in every convolution; else in the first alone, and the deeper
                ones pad with zeros (see `REPLICATE_FROM`).

        Returns:
            (1, C, h, w) of the network's dtype each, in channels-last memory, differentiable (once) towards
            the image.
        """
        wanted = set(names)
        features: dict[str, Tensor] = {}
        current = (image * 255.0 - self._mean).contiguous(memory_format=torch.channels_last)
        for name, maps in self._maps(current, wanted, replicate):
            if name in wanted:
                features[name] = maps
                if len(features) == len(wanted):
                    break
        return features

    def _maps(self, current: Tensor, wanted: Set[str], replicate: bool) -> Iterator[tuple[str, Tensor]]:
        """The maps layer by layer; those before a rectifier only if wanted."""
        pooled = False
        for number, ((*pool, conv, relu), kernel) in enumerate(self._convolutions):
            if pool and not pooled:
                current = self._pool(current)
            if pool and pool[0] in wanted:
                yield pool[0], self._gain * current
            border = replicate or conv == "conv1_1"
            pooled = self._pools_after(number) and wanted.isdisjoint((conv, relu))
            if pooled:
                current = pooled_convolution(current, kernel, replicate=border, dtype=self.dtype)
                continue
            if conv in wanted:
                current = convolution(current, kernel, replicate=border).to(self.dtype)
                yield conv, current
                current = F.relu(current)
            else:
                current = rectified_convolution(current, kernel, replicate=border, dtype=self.dtype)
            yield relu, current

    def _pools_after(self, number: int) -> bool:
        """Whether average pooling follows a convolution."""
        following = self._convolutions[number + 1 : number + 2]
        return self._pool is average_pool and any(names[0].startswith("pool") for names, _ in following)

    def _placed(self, trained: Convolution, device: torch.device) -> Kernel:
        """A convolution's kernel on the device; the first of a block has the pooling gain in its weights."""
        *pool, conv, _ = _names(trained)
        own = torch.float32 if conv == "conv1_1" else self.dtype
        gain = self._gain if pool else 1.0
        weight = (gain * trained.weight).to(device, own, memory_format=torch.channels_last)
        return Kernel(weight, trained.bias.to(device, own))


def _names(trained: Convolution) -> tuple[str, ...]:
    """The layer names of a convolution with the pooling before it: pool1 conv2_1 relu2_1."""
    block, number = trained.name[4:].split("_")
    pool = (f"pool{int(block) - 1}",) if number == "1" and block != "1" else ()
    return *pool, trained.name, f"relu{block}_{number}"


_POOLINGS = {Pooling.AVERAGE: (average_pool, AVERAGE_POOLING_GAIN), Pooling.MAX: (max_pool, 1.0)}
