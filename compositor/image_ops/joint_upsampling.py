"""Joint upsampling: enlarges a result to the frame's size, guided by the full-size frame."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from compositor.image_ops.mesh_filter import without_mesh
from compositor.image_ops.resize import resize

# Radius, in px of the small image, of the windows in which the result is fitted by the render's colors.
_RADIUS = 2
# Regularization: variance of the render's colors, in squared units of 0..1, below which they explain nothing.
_FLAT = 2e-4
# Pixels of the full size that are processed at once.
_STRIP_PIXELS = 1 << 20


def joint_upsample(result: Tensor, small: Tensor, full: Tensor) -> Tensor:
    """The result enlarged to the frame's size.

    Where the result follows the render, its edges are the render's own at full size: in each small window it
    is fitted as an affine function of the render's colors, and the function is applied to the full render
    (He and Sun 2015, Fast Guided Filter, with a guide in color as in He, Sun, Tang 2013, equation 19).
    Departs from them in that no stroke is smoothed away: the residual of the fit is enlarged bicubically and
    added, without its mesh, which would be seen once it is enlarged. Reduced again, the image is the result
    but for that.

    Args:
        result: (1, 3, h, w) in 0..1.
        small: (1, 3, h, w), the render that the result was made from.
        full: (1, 3, H, W), the render at full size.

    Returns:
        (1, 3, H, W) in 0..1.
    """
    height, width = full.shape[-2:]
    if result.shape[-2:] == (height, width):
        return result
    slopes, offsets = _explained(result, small)
    strokes = resize(without_mesh(result - _applied(slopes, offsets, small)), height, width)
    upsampled = torch.empty_like(full)
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        part = slice(top, min(top + rows, height))
        guided = _applied(_rows(slopes, part, full), _rows(offsets, part, full), full[..., part, :])
        upsampled[..., part, :] = guided + strokes[..., part, :]
    return upsampled.clamp(0.0, 1.0)


def _explained(result: Tensor, guide: Tensor) -> tuple[Tensor, Tensor]:
    """Slopes (1, 9, h, w), row by the result's channel and column by the guide's; offsets (1, 3, h, w)."""
    means, wanted = _mean(guide), _mean(result)
    spread = _moments(guide, guide) - _outer(means, means)
    shared = _moments(result, guide) - _outer(wanted, means)
    height, width = guide.shape[-2:]
    ridge = _FLAT * torch.eye(3, device=guide.device)
    # (h·w, 3, 3) each; the spread is symmetric, so it can be solved for from the left.
    covariance, correlation = (each[0].flatten(1).T.reshape(-1, 3, 3) for each in (spread, shared))
    slopes = torch.linalg.solve(covariance + ridge, correlation.mT).mT
    slopes = slopes.reshape(-1, 9).T.reshape(1, 9, height, width)
    offsets = wanted - _applied(slopes, torch.zeros_like(wanted), means)
    return _mean(slopes), _mean(offsets)


def _applied(slopes: Tensor, offsets: Tensor, guide: Tensor) -> Tensor:
    height, width = guide.shape[-2:]
    return (slopes.view(1, 3, 3, height, width) * guide[:, None]).sum(dim=2) + offsets


def _outer(first: Tensor, second: Tensor) -> Tensor:
    """(1, 9, h, w), row by the first's channel."""
    return (first[:, :, None] * second[:, None]).flatten(1, 2)


def _moments(first: Tensor, second: Tensor) -> Tensor:
    return _mean(_outer(first, second))


def _mean(values: Tensor) -> Tensor:
    """Box filter over the window around each pixel, clipped at the border."""
    side = 2 * _RADIUS + 1
    return F.avg_pool2d(values, side, stride=1, padding=_RADIUS, count_include_pad=False)


def _rows(values: Tensor, rows: slice, full: Tensor) -> Tensor:
    """Some rows of a map, enlarged bilinearly to the size of `full`."""
    height, width = full.shape[-2:]
    small = values.shape[-2]
    across = F.interpolate(values, (small, width), mode="bilinear", align_corners=False)
    positions = (torch.arange(rows.start, rows.stop, device=values.device) + 0.5) * (small / height) - 0.5
    positions = positions.clamp(0.0, small - 1.0)
    above = positions.floor().long()
    share = (positions - above).view(1, 1, -1, 1)
    below = (above + 1).clamp_max(small - 1)
    return across[..., above, :] * (1.0 - share) + across[..., below, :] * share
