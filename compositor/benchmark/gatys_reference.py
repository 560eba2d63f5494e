"""Reference implementation of Gatys et al. 2016 in plain PyTorch, for tests and benchmarks only.

Gatys, Ecker, Bethge 2016 as neural-style-pt (Johnson, ProGamerGov) computes it: equation 1 on relu4_2 and
equation 4 on relu1_1 to relu5_1 as mean squared errors, and torch's L-BFGS without line search, all steps at
full size, on an image that nothing keeps within its range until the end.

The weights are chosen so that, up to one factor, it minimizes what the engine minimizes: the content layer
has neural-style-pt's weight, and each style layer and the total variation the weight that gives them the
ratio to it that they have in `StyleSettings`. Both then have the same goal, and their losses can be compared
without guessing at a weight. Total variation is the engine's squared one; the papers have none.

For the same reason the network is the engine's by default. The published one differs from it at the border
and in its average pooling, and a picture that is best for the one is not quite so for the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from compositor.losses.style_targets import replicates
from compositor.networks.features import AVERAGE_POOLING_GAIN
from compositor.networks.weights import Convolution, NetworkWeights
from compositor.settings import StyleSettings

CONTENT_LAYER = "relu4_2"
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")

# neural-style-pt's default. L-BFGS is not indifferent to it: its first step is the bare gradient, and torch
# forgets the curvature of gradients as small as those of the engine's objective.
_CONTENT_WEIGHT = 5.0


class Reference:
    """The published objective for one content and one style, and its minimization.

    Args:
        weights: of VGG.
        content, style: (1, 3, H, W), sRGB in 0..1.
        settings: where the losses' weights come from.
        published_network: pad with zeros, and pool without gain.
    """

    def __init__(
        self,
        weights: NetworkWeights,
        content: Tensor,
        style: Tensor,
        settings: StyleSettings,
        *,
        published_network: bool = False,
    ) -> None:
        device = content.device
        self._convolutions = [
            replace(each, weight=each.weight.to(device), bias=each.bias.to(device))
            for each in weights.convolutions
        ]
        self._mean = torch.tensor(weights.mean, device=device).view(1, 3, 1, 1)
        self._published_network = published_network
        self._replicate = not published_network and replicates(max(content.shape[-2:]))
        with torch.no_grad():
            self._content = self._features(self._preprocess(content))[CONTENT_LAYER]
            features = self._features(self._preprocess(style))
            self._grams = {layer: _gram(features[layer]) for layer in STYLE_LAYERS}
        scale = _CONTENT_WEIGHT * float(self._content.square().mean()) / settings.content_weight
        self._style_weights = {
            layer: scale * settings.style_weight / len(STYLE_LAYERS) / float(gram.square().mean())
            for layer, gram in self._grams.items()
        }
        self._tv_weight = scale * settings.tv_weight / 255.0**2
        self._scale = scale

    def relative_objective(self, image: Tensor) -> float:
        """The objective of an image (1, 3, H, W) in 0..1, in the units of the engine's total loss."""
        with torch.no_grad():
            return float(self._objective(self._preprocess(image))) / self._scale

    def minimize(self, start: Tensor, steps: int, watch: Callable[[Tensor], None] | None = None) -> Tensor:
        """The image, (1, 3, H, W) in 0..1, after so many steps of L-BFGS from `start`.

        `watch` is called with the image of every step.
        """
        image = self._preprocess(start).contiguous().requires_grad_(True)
        lbfgs = torch.optim.LBFGS(
            [image], lr=1.0, max_iter=steps, history_size=100, tolerance_grad=-1.0, tolerance_change=-1.0
        )

        def closure() -> float:
            if watch is not None:
                watch(self._shown(image))
            lbfgs.zero_grad()
            loss = self._objective(image)
            loss.backward()
            return float(loss.detach())

        lbfgs.step(closure)
        return self._shown(image)

    def _shown(self, image: Tensor) -> Tensor:
        return ((image.detach() + self._mean) / 255.0).clamp(0.0, 1.0)

    def _preprocess(self, image: Tensor) -> Tensor:
        return image * 255.0 - self._mean

    def _objective(self, image: Tensor) -> Tensor:
        features = self._features(image)
        loss = _CONTENT_WEIGHT * F.mse_loss(features[CONTENT_LAYER], self._content)
        for layer, target in self._grams.items():
            loss = loss + self._style_weights[layer] * F.mse_loss(_gram(features[layer]), target)
        across = (image[..., :, 1:] - image[..., :, :-1]).square().mean()
        down = (image[..., 1:, :] - image[..., :-1, :]).square().mean()
        return loss + self._tv_weight * (across + down)

    def _features(self, image: Tensor) -> dict[str, Tensor]:
        features: dict[str, Tensor] = {}
        current, block = image, "1"
        for convolution in self._convolutions:
            if convolution.name[4] != block:
                current, block = self._pool(current), convolution.name[4]
            current = F.relu(self._convolve(current, convolution))
            name = f"relu{convolution.name[4:]}"
            features[name] = current
            if name == STYLE_LAYERS[-1]:
                break
        return features

    def _convolve(self, maps: Tensor, convolution: Convolution) -> Tensor:
        if not (self._replicate or (convolution.name == "conv1_1" and not self._published_network)):
            return F.conv2d(maps, convolution.weight, convolution.bias, padding=1)
        return F.conv2d(F.pad(maps, (1, 1, 1, 1), mode="replicate"), convolution.weight, convolution.bias)

    def _pool(self, maps: Tensor) -> Tensor:
        return F.avg_pool2d(maps, 2) * (1.0 if self._published_network else AVERAGE_POOLING_GAIN)


def noise_start(content: Tensor, weights: NetworkWeights) -> Tensor:
    """Almost the mean color everywhere: neural-style-pt's default start."""
    noise = torch.randn(content.shape, generator=torch.Generator().manual_seed(0))
    return (0.001 * noise + torch.tensor(weights.mean).view(1, 3, 1, 1)) / 255.0


def _gram(features: Tensor) -> Tensor:
    rows = features[0].flatten(1)
    return rows @ rows.T / features.numel()
