"""The losses of neural style transfer, each scaled so that its weight means the same at every image size.

Gatys, Ecker, Bethge: Image Style Transfer Using Convolutional Neural Networks, CVPR 2016 ("Gatys" below).
Every function returns a scalar tensor that is differentiable towards its first argument.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def gram(features: Tensor, mask: Tensor | None = None) -> Tensor:
    """The Gram matrix (C, C) of feature maps (1, C, H, W): the mean over the pixels of f fᵀ.

    Gatys equation 3 sums over the pixels; the mean makes maps of different sizes comparable. With a mask
    (1, 1, H, W) in 0..1 it is the weighted mean (compare Gatys et al. 2017, Controlling Perceptual Factors,
    equation 3, which multiplies the features instead, and so squares soft edges).
    """
    pixels = _pixels(features)
    if mask is None:
        return pixels.T @ pixels / pixels.shape[0]
    weights = _pixels(mask)
    return (pixels * weights).T @ pixels / _total(weights)


def feature_mean(features: Tensor, mask: Tensor | None = None) -> Tensor:
    """The mean (C) of feature maps (1, C, H, W) over the pixels, weighted by the mask (1, 1, H, W)."""
    pixels = _pixels(features)
    if mask is None:
        return pixels.mean(dim=0)
    weights = _pixels(mask)
    return (pixels * weights).sum(dim=0) / _total(weights)


def content_loss(features: Tensor, target: Tensor) -> Tensor:
    """Squared error of feature maps relative to the target's energy: ‖F − P‖² / ‖P‖².

    Gatys equation 1 has the factor 1/2 instead of the division by the energy (`gatys_content_loss`), which
    makes the same weight mean the same for every layer, size and render.
    """
    return (features - target).square().sum() / _energy(target)


def gatys_content_loss(features: Tensor, target: Tensor) -> Tensor:
    """Gatys equation 1: half the sum of squared differences."""
    return 0.5 * (features - target).square().sum()


def style_loss(features: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Squared error of the Gram matrix of `features` relative to the target's energy: ‖G − A‖² / ‖A‖².

    `target` is a Gram matrix (C, C) as `gram` makes it.
    """
    return _GramError.apply(features, target, mask, 1.0 / _energy(target))  # type: ignore[no-any-return]


def gatys_style_loss(features: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Gatys equation 4: ‖G − A‖² / (4 N² M²), N channels and M pixels, with Gram matrices that are sums.

    As `gram` and `target` are means over the pixels, the M² has cancelled already.
    """
    scale = target.new_tensor(0.25 / target.shape[0] ** 2)
    return _GramError.apply(features, target, mask, scale)  # type: ignore[no-any-return]


def wasserstein_loss(
    features: Tensor, mean: Tensor, root: Tensor, energy: Tensor, mask: Tensor | None = None
) -> Tensor:
    """Squared 2-Wasserstein distance of two Gaussians that have the feature maps' means and covariances,
    relative to the target's energy: ‖m − μ‖² + tr(C + Σ − 2 (Σ^½ C Σ^½)^½), over ‖μ‖² + tr Σ.

    Olkin and Pukelsheim 1982; as a style loss: Vacher et al. 2020, Texture Interpolation.

    Args:
        mean, root: the target's mean (C) and the square root (C, C) of its covariance.
        energy: ‖μ‖² + tr Σ of the target.
    """
    own_mean = feature_mean(features, mask)
    covariance = gram(features, mask) - torch.outer(own_mean, own_mean)
    cross = _RootTrace.apply(root @ covariance @ root)
    spread = covariance.diagonal().sum() + root.square().sum() - 2.0 * cross
    return ((own_mean - mean).square().sum() + spread) / energy.clamp_min(1e-12)


def tv_loss(image: Tensor, mask: Tensor | None = None) -> Tensor:
    """Total variation: the mean over pixels and channels of the squared difference to the right and lower
    neighbour (Mahendran and Vedaldi 2015, equation 3 with β = 2), on an image (1, 3, H, W) in 0..1.

    A pair of pixels counts as much as the less visible of the two, by the mask (1, 1, H, W).
    """
    across = (image[..., :, 1:] - image[..., :, :-1]).square()
    down = (image[..., 1:, :] - image[..., :-1, :]).square()
    if mask is not None:
        across = across * torch.minimum(mask[..., :, 1:], mask[..., :, :-1])
        down = down * torch.minimum(mask[..., 1:, :], mask[..., :-1, :])
    return across.mean() + down.mean()


def temporal_loss(image: Tensor, target: Tensor, reliability: Tensor) -> Tensor:
    """Reliability-weighted mean squared difference to the warped previous result.

    Ruder, Dosovitskiy, Brox 2016, equation 7. The mean is over all pixels and not only the reliable ones, so
    that a pixel is held equally firmly however few others are reliable.

    Args:
        image, target: (1, 3, H, W), 0..1.
        reliability: (1, 1, H, W), 0 (a revealed pixel: free) to 1.
    """
    return (reliability * (image - target).square()).mean()


def matrix_root(matrix: Tensor) -> Tensor:
    """The square root of a symmetric positive semi-definite matrix (C, C)."""
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp_min(0.0).sqrt()) @ vectors.T


class _GramError(torch.autograd.Function):
    """scale · ‖G − A‖², forward and backward in one matrix product each.

    Autograd would multiply the features with the Gram matrix's gradient twice, once for each side of f fᵀ;
    the two are each other's transposes.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, target: Tensor, mask: Tensor | None, scale: Tensor) -> Tensor:
        error = gram(features, mask) - target
        ctx.mask = mask
        ctx.save_for_backward(features, error, scale)
        return error.square().sum() * scale

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        features, error, scale = ctx.saved_tensors
        pixels = _pixels(features)
        weights = None if ctx.mask is None else _pixels(ctx.mask)
        count = pixels.shape[0] if weights is None else _total(weights)
        gradient = pixels @ (error * (4.0 * gradients[0] * scale / count))
        if weights is not None:
            gradient = gradient * weights
        height, width = features.shape[-2:]
        return gradient.view(1, height, width, -1).permute(0, 3, 1, 2), None, None, None


class _RootTrace(torch.autograd.Function):
    """tr(A^½) of a symmetric positive semi-definite matrix; its gradient is A^-½ / 2.

    Autograd's way through the eigenvectors divides by the differences of eigenvalues, many of which are zero.
    """

    @staticmethod
    def forward(ctx: Any, matrix: Tensor) -> Tensor:
        values, vectors = torch.linalg.eigh(0.5 * (matrix + matrix.T))
        # Directions that hardly vary would get an almost infinite gradient.
        floor = values.abs().max().clamp_min(1e-12) * 1e-6
        roots = values.clamp_min(floor).sqrt()
        ctx.save_for_backward(roots, vectors)
        return roots.sum()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        roots, vectors = ctx.saved_tensors
        return gradients[0] * 0.5 * (vectors / roots) @ vectors.T


def _pixels(features: Tensor) -> Tensor:
    """(H·W, C), without a copy when the maps are in channels-last memory."""
    return features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])


def _total(weights: Tensor) -> Tensor:
    return weights.sum().clamp_min(1e-6)


def _energy(target: Tensor) -> Tensor:
    # The floor keeps a black picture, whose feature maps may all be zero, from dividing by zero.
    return target.square().sum().clamp_min(1e-12)
