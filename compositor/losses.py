"""The losses of neural style transfer, each scaled so that its weight means the same at every image size.

Gatys, Ecker, Bethge: Image Style Transfer Using Convolutional Neural Networks, CVPR 2016 ("Gatys" below).
Every function returns a scalar tensor that is differentiable towards its first argument.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def gram(features: Tensor) -> Tensor:
    """The Gram matrix (C, C) of feature maps (1, C, H, W): the mean over pixels of f fᵀ.

    Gatys equation 3 sums over the pixels; the mean makes maps of different sizes comparable.
    """
    pixels = _pixels(features)
    return pixels.T @ pixels / pixels.shape[0]


def content_loss(features: Tensor, target: Tensor) -> Tensor:
    """Squared error of feature maps relative to the target's energy: ‖F − P‖² / ‖P‖².

    Gatys equation 1 has the factor 1/2 instead of the division by the energy, which makes the same weight
    mean the same for every layer, size and render.
    """
    return (features - target).square().sum() / _energy(target)


def style_loss(features: Tensor, target: Tensor) -> Tensor:
    """Squared error of the Gram matrix of `features` relative to the target's energy: ‖G − A‖² / ‖A‖².

    Gatys equation 4 divides by 4N²M² instead. `target` is a Gram matrix (C, C) as `gram` makes it.
    """
    return _RelativeGramError.apply(features, target)  # type: ignore[no-any-return]


def tv_loss(image: Tensor) -> Tensor:
    """Total variation: the mean over pixels and channels of the squared difference to the right and lower
    neighbour (Mahendran and Vedaldi 2015, equation 3 with β = 2), on an image (1, 3, H, W) in 0..1.
    """
    across = (image[..., :, 1:] - image[..., :, :-1]).square().mean()
    down = (image[..., 1:, :] - image[..., :-1, :]).square().mean()
    return across + down


def temporal_loss(image: Tensor, target: Tensor, reliability: Tensor) -> Tensor:
    """Reliability-weighted mean squared difference to the warped previous result.

    Ruder, Dosovitskiy, Brox 2016, equation 7. The mean is over all pixels and not only the reliable ones, so
    that a pixel is held equally firmly however few others are reliable.

    Args:
        image, target: (1, 3, H, W), 0..1.
        reliability: (1, 1, H, W), 0 (a revealed pixel: free) to 1.
    """
    return (reliability * (image - target).square()).mean()


class _RelativeGramError(torch.autograd.Function):
    """Forward and backward of `style_loss` in one matrix product each.

    Autograd would multiply the features with the Gram matrix's gradient twice, once for each side of f fᵀ;
    the two are each other's transposes.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, target: Tensor) -> Tensor:
        error = gram(features) - target
        energy = _energy(target)
        ctx.save_for_backward(features, error, energy)
        return error.square().sum() / energy

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        features, error, energy = ctx.saved_tensors
        pixels = _pixels(features)
        scale = 4.0 * gradients[0] / (energy * pixels.shape[0])
        height, width = features.shape[-2:]
        gradient = (pixels @ (error * scale)).view(1, height, width, -1).permute(0, 3, 1, 2)
        return gradient, None


def _pixels(features: Tensor) -> Tensor:
    """(H·W, C), without a copy when the maps are in channels-last memory."""
    return features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])


def _energy(target: Tensor) -> Tensor:
    # The floor keeps a black picture, whose feature maps may all be zero, from dividing by zero.
    return target.square().sum().clamp_min(1e-12)
