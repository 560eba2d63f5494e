"""Loss terms: content, style (Gram matrix, Wasserstein), total variation, speckle and temporal loss.

Each is scaled so that its weight means the same at every image size.

Gatys, Ecker, Bethge: Image Style Transfer Using Convolutional Neural Networks, CVPR 2016 ("Gatys" below).
Every function returns a scalar tensor that is differentiable towards its first argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

# Keeps a black picture, whose feature maps may all be zero, from dividing by zero.
_LEAST_ENERGY = 1e-12
LEAST_COUNT = 1e-6
"""Pixels: a masked mean divides by this at least, so that an empty mask does not divide by zero."""
STROKE_CONTRAST = 0.115
"""So much, of 0..1, a pixel of a fine stroke may differ from the mean of the 3×3 pixels around it."""
# A Gram matrix of this many times as many pixels as channels is summed up from so many parts.
_LEAST_PARTED, _PARTS = 64, 8


def gram_sum(features: Tensor, mask: Tensor | None = None) -> Tensor:
    """The sum over the pixels of f fᵀ, (C, C), of feature maps (1, C, H, W); Gatys equation 3.

    With a mask (1, 1, H, W) in 0..1 each pixel counts as much as its mask says (compare Gatys et al. 2017,
    Controlling Perceptual Factors, equation 3, which multiplies the features, and so squares soft edges).
    """
    return _GramSum.apply(features, mask)  # type: ignore[no-any-return]


def gram(features: Tensor, mask: Tensor | None = None) -> Tensor:
    """The Gram matrix (C, C) of feature maps (1, C, H, W) as the mean over the pixels of f fᵀ, by the mask.

    The mean makes maps of different sizes comparable.
    """
    return gram_sum(features, mask) / pixel_count(features, mask)


def feature_sum(features: Tensor, mask: Tensor | None = None) -> Tensor:
    """The sum (C) of feature maps (1, C, H, W) over the pixels, weighted by the mask (1, 1, H, W)."""
    pixels = _pixels(features).float() if features.dtype is torch.bfloat16 else _pixels(features)
    return pixels.sum(dim=0) if mask is None else (pixels * _pixels(mask)).sum(dim=0)


def feature_mean(features: Tensor, mask: Tensor | None = None) -> Tensor:
    """The mean (C) of feature maps (1, C, H, W) over the pixels, weighted by the mask (1, 1, H, W)."""
    return feature_sum(features, mask) / pixel_count(features, mask)


def pixel_count(features: Tensor, mask: Tensor | None = None) -> Tensor | float:
    """The number of pixels of feature maps (1, C, H, W), by the mask (1, 1, H, W), for means."""
    if mask is None:
        return float(features.shape[-2] * features.shape[-1])
    return mask.sum().clamp_min(LEAST_COUNT)


def squared_sum(maps: Tensor, mask: Tensor | None = None) -> Tensor:
    """The sum of the squares of maps (1, C, H, W), weighted by the mask (1, 1, H, W)."""
    squares = maps.float().square()
    return (squares if mask is None else squares * mask).sum()


def content_distance(squares: Tensor, energy: Tensor) -> Tensor:
    """Squared error of feature maps relative to the target's energy: ‖F − P‖² / ‖P‖².

    Gatys equation 1 has the factor 1/2 instead of the division by the energy (`gatys_content_distance`),
    which makes the same weight mean the same for every layer, size and render.

    Args:
        squares: ‖F − P‖², over the whole frame.
        energy: ‖P‖².
    """
    return squares / energy.clamp_min(_LEAST_ENERGY)


def gatys_content_distance(squares: Tensor) -> Tensor:
    """Gatys equation 1: half the sum of squared differences."""
    return 0.5 * squares


def gram_distance(own: Tensor, target: Tensor) -> Tensor:
    """Squared error of a Gram matrix relative to the target's energy: ‖G − A‖² / ‖A‖²."""
    return F.mse_loss(own, target, reduction="sum") / _energy(target)


def gatys_gram_distance(own: Tensor, target: Tensor) -> Tensor:
    """Gatys equation 4: ‖G − A‖² / (4 N² M²), N channels and M pixels, with Gram matrices that are sums.

    As these are means over the pixels, the M² has cancelled already.
    """
    return F.mse_loss(own, target, reduction="sum") * (0.25 / target.shape[0] ** 2)


def gaussian_distance(own: Tensor, own_mean: Tensor, mean: Tensor, root: Tensor, energy: Tensor) -> Tensor:
    """Squared 2-Wasserstein distance of two Gaussians that have the feature maps' means and covariances,
    relative to the target's energy: ‖m − μ‖² + tr(C + Σ − 2 (Σ^½ C Σ^½)^½), over ‖μ‖² + tr Σ.

    Olkin and Pukelsheim 1982; as a style loss: Vacher et al. 2020, Texture Interpolation.

    Args:
        own, own_mean: Gram matrix (C, C) and mean (C) of the features.
        mean, root: the target's mean (C) and the square root (C, C) of its covariance.
        energy: ‖μ‖² + tr Σ of the target.
    """
    covariance = own - torch.outer(own_mean, own_mean)
    cross = _RootTrace.apply(root @ covariance @ root)
    spread = covariance.diagonal().sum() + root.square().sum() - 2.0 * cross
    return ((own_mean - mean).square().sum() + spread) / energy.clamp_min(_LEAST_ENERGY)


def tv_loss(image: Tensor, mask: Tensor | None = None) -> Tensor:
    """Total variation: the mean over pixels and channels of the squared difference to the right and lower
    neighbor (Mahendran and Vedaldi 2015, equation 3 with β = 2), on an image (1, 3, H, W) in 0..1.

    A pair of pixels counts as much as the less visible of the two, by the mask (1, 1, H, W).
    """
    left, right, upper, lower = image[..., :-1], image[..., 1:], image[..., :-1, :], image[..., 1:, :]
    if mask is None:
        return F.mse_loss(right, left) + F.mse_loss(lower, upper)
    across = (right - left).square() * torch.minimum(mask[..., 1:], mask[..., :-1])
    down = (lower - upper).square() * torch.minimum(mask[..., 1:, :], mask[..., :-1, :])
    return across.mean() + down.mean()


def speckle_loss(image: Tensor, mask: Tensor | None = None) -> Tensor:
    """Speckle: by how much pixels differ from the mean of the 3×3 pixels around them, beyond
    `STROKE_CONTRAST`; the mean of the squares over pixels and channels, on an image (1, 3, H, W) in 0..1.

    The total variation counts the two sides of a stroke as well; this only what stands out of all that is
    around it, as single pixels and lines of one pixel do. Pixels count by the mask (1, 1, H, W).
    """
    around = F.avg_pool2d(image, 3, stride=1, padding=1, count_include_pad=False)
    excess = ((image - around).abs() - STROKE_CONTRAST).clamp_min(0.0).square()
    return excess.mean() if mask is None else (excess * mask).mean()


def temporal_loss(image: Tensor, target: Tensor, reliability: Tensor) -> Tensor:
    """Reliability-weighted mean squared difference to the warped previous result.

    Ruder, Dosovitskiy, Brox 2016, equation 7. The mean is over all pixels and not only the reliable ones, so
    that the pull on a pixel does not depend on how many others are reliable.

    Args:
        image, target: (1, 3, H, W), 0..1.
        reliability: (1, 1, H, W) in 0..1; 0 leaves a pixel free (disocclusion).
    """
    return (reliability * (image - target).square()).mean()


def with_gradients(values: Sequence[Tensor], gradients: Sequence[Tensor]) -> Tensor:
    """Zero, whose gradient towards each of some values is the given one, of its shape: the chain rule.

    Not `grad_outputs` of `torch.autograd.grad`, whose checks import SymPy: half a second of each process.
    """
    return _GivenGradients.apply(gradients, *values)  # type: ignore[no-any-return]


def matrix_root(matrix: Tensor) -> Tensor:
    """The square root of a symmetric positive semi-definite matrix (C, C)."""
    values, vectors = _eigh(matrix)
    return (vectors * values.clamp_min(0.0).sqrt()) @ vectors.T


class _GramSum(torch.autograd.Function):
    """Gram matrix as a sum, Σ f fᵀ, with a backward pass of one matrix product.

    Autograd would multiply the features with the Gram matrix's gradient twice, once for each side of f fᵀ;
    the two are each other's transposes.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor, mask: Tensor | None) -> Tensor:
        ctx.mask = mask
        ctx.save_for_backward(features)
        pixels = _pixels(features)
        weighted = pixels if mask is None else pixels * _pixels(mask).to(pixels.dtype)
        return _sum_of_products(weighted, pixels)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (features,) = ctx.saved_tensors
        gradient = _pixels(features) @ (gradients[0] + gradients[0].T).to(features.dtype)
        if ctx.mask is not None:
            gradient = gradient * _pixels(ctx.mask).to(features.dtype)
        height, width = features.shape[-2:]
        return gradient.view(1, height, width, -1).permute(0, 3, 1, 2), None


class _GivenGradients(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, given: Sequence[Tensor], *values: Tensor) -> Tensor:
        ctx.given = given
        return given[0].new_zeros(())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return None, *ctx.given


class _RootTrace(torch.autograd.Function):
    """tr(A^½) of a symmetric positive semi-definite matrix; its gradient is A^-½ / 2.

    Autograd through the eigenvectors would divide by differences of eigenvalues, many of which are zero.
    """

    @staticmethod
    def forward(ctx: Any, matrix: Tensor) -> Tensor:
        values, vectors = _eigh(0.5 * (matrix + matrix.T))
        # Directions that hardly vary would get an almost infinite gradient.
        floor = values.abs().max().clamp_min(1e-12) * 1e-6
        roots = values.clamp_min(floor).sqrt()
        ctx.save_for_backward(roots, vectors)
        return roots.sum()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        roots, vectors = ctx.saved_tensors
        return gradients[0] * 0.5 * (vectors / roots) @ vectors.T


def _eigh(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues and eigenvectors; in double precision where single precision does not converge, as happens
    when a map has fewer pixels than channels and most eigenvalues are zero."""
    try:
        values, vectors = torch.linalg.eigh(matrix)
    except RuntimeError:  # LinAlgError, which is one, has no public name
        values, vectors = (each.to(matrix.dtype) for each in torch.linalg.eigh(matrix.double()))
    return values, vectors


def _sum_of_products(one: Tensor, other: Tensor) -> Tensor:
    """oneᵀ · other, of (pixels, C) each; in parts where pixels are many: 0.7 to 0.8 of the time on a CPU."""
    pixels, channels = one.shape
    if one.device.type != "cpu" or pixels < _LEAST_PARTED * channels or one.dtype is torch.bfloat16:
        return _product(one.T, other)
    length = pixels // _PARTS
    parts = [each[: _PARTS * length].unflatten(0, (_PARTS, length)) for each in (one, other)]
    total = torch.bmm(parts[0].transpose(1, 2), parts[1]).sum(dim=0)
    return total.addmm_(one[_PARTS * length :].T, other[_PARTS * length :])


def _product(one: Tensor, other: Tensor) -> Tensor:
    """A matrix product that is summed up in single precision at least, whatever is multiplied.

    On a CPU a product of bfloat16 matrices is, inside, but comes out rounded to bfloat16: an entry of a Gram
    matrix is off by 1/500 at most, where a good style loss leaves it a tenth away from its target.
    """
    if one.dtype is not torch.bfloat16:
        return one @ other
    if one.device.type == "cuda":
        return torch.mm(one, other, out_dtype=torch.float32)
    return (one @ other).float()


def _pixels(features: Tensor) -> Tensor:
    """(H·W, C), without a copy when the maps are in channels-last memory."""
    return features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])


def _energy(target: Tensor) -> Tensor:
    return target.square().sum().clamp_min(_LEAST_ENERGY)
