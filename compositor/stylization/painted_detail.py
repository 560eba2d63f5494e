"""Painted detail: what an enlarged image lacks, taken from the most similar places of the style pictures.

The finer scales of a large frame begin with it, and need few steps then. Learning the fine from the coarse by
an example of both: Freeman, Jones, Pasztor 2002; Hertzmann et al. 2001 (Image Analogies), whose trade between
nearest and coherent places is taken over (section 3.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

from compositor.image_ops.color import luma
from compositor.image_ops.joint_upsampling import joint_upsample
from compositor.image_ops.mesh_filter import without_mesh
from compositor.image_ops.resize import reduced, resize
from compositor.losses.local_term import drawn
from compositor.losses.style_targets import StylePicture
from compositor.stylization.content_frame import ContentFrame
from compositor.stylization.pyramid import Size
from compositor.stylization.style_library import StyleLibrary

# Pixels of the coarse image on either side of a place that are compared.
_RADIUS = 2
# Factor on the differences of chroma in it.
_CHROMA = 0.6
# Principal components of the surroundings that are compared, and the places that these are taken from.
_COMPONENTS, _SAMPLES = 24, 16384
# Places of a style picture that each place is compared with; its neighbors' matches are tried beside them.
_CANDIDATES = 4096
# Rounds over the eight neighbors. In the last one a neighbor's match is taken although it is farther by this
# factor: what is copied hangs together then.
_ROUNDS, _COHERENCE = 3, 1.15
# Coarse pixels: standard deviation of the share that a match has in the pixels around its place.
_SPREAD = 0.7
# A difference, in squared units of 0..1, below which matches count alike.
_EQUAL = 1e-3
# Share of the painting's detail that is added. With all of it grain is left after the few steps that follow.
_AMOUNT = 0.6
# Times that the difference to the coarse image is taken back.
_CORRECTIONS = 2
# Pixels: side of the cells in which it is compared how much detail there is; and the least mean square of it.
_CELL, _LEAST_ENERGY = 16, 1e-8
# Rows down and columns to the right.
_NEIGHBORS = [shift for shift in product((0, 1, -1), repeat=2) if shift != (0, 0)]


def with_painted_detail(
    image: Tensor, size: Size, content_frame: ContentFrame, library: StyleLibrary
) -> Tensor:
    """An image (1, 3, h, w) in 0..1, enlarged to a size (H, W), with detail of the style pictures.

    Its silhouettes are those of the render at that size. The luma has the detail of the places in the style
    pictures, as large as the coarse scale compares them, that are most like each place of the image; reduced
    again it is the image, but for waves of two pixels. Chroma stays smooth: that of a scanned painting is
    mostly noise.

    Args:
        content_frame: at any size.
    """
    coarse = content_frame.at(*image.shape[-2:])
    content = content_frame.at(*size).content
    result = joint_upsample(image, coarse.content, content)
    factor = size[0] / image.shape[-2]
    for name, mask in coarse.masks.items():
        small, fine = coarse.pictures(library, name), coarse.pictures(library, name, factor)
        detail = _AMOUNT * _detail(image, size, small, fine)
        result = result + (detail if mask is None else detail * resize(mask, *size).clamp(0.0, 1.0))
    for _ in range(_CORRECTIONS):
        difference = without_mesh(image - reduced(result, *image.shape[-2:]))
        result = (result + resize(difference, *size)).clamp(0.0, 1.0)
    return result


def with_as_much_detail(image: Tensor, painted: Tensor, coarse: Sequence[int]) -> Tensor:
    """An image (1, 3, H, W) with as much more of the painted one's detail as it has too little of its own.

    Args:
        painted: (1, 3, H, W), the image `with_painted_detail`.
        coarse: detail is what this size cannot show.
    """
    fresh, own = (lost_detail(each, coarse, each.shape[-2:]) for each in (painted, image))
    wanted, present = _energy(fresh), _energy(own)
    return image + ((wanted - present) / wanted.clamp_min(_LEAST_ENERGY)).clamp(0.0, 1.0).sqrt() * fresh


def lost_detail(source: Tensor, coarse: Sequence[int], fine: Sequence[int]) -> Tensor:
    """The detail of an image that is lost at the coarser scale, (1, 3, H, W), around zero.

    Added to an upsampled coarse result: its fine shapes are then there from the first step, in their place,
    and need not be restored by the losses.
    """
    target, (height, width) = resize(source, fine[0], fine[1]), fine
    return target - resize(resize(source, coarse[0], coarse[1]), height, width)


def _energy(detail: Tensor) -> Tensor:
    """(1, 1, H, W): the mean square of the luma around each pixel."""
    cells = F.avg_pool2d(luma(detail).square(), _CELL, ceil_mode=True, count_include_pad=False)
    return F.interpolate(cells, detail.shape[-2:], mode="bilinear", align_corners=False)


@dataclass(frozen=True)
class _Matches:
    """The most similar place of a picture for each place of an image.

    Attributes:
        rows, columns: (h, w) int64, in px of the small picture.
        distance: (h, w), squared.
    """

    rows: Tensor
    columns: Tensor
    distance: Tensor


def _detail(image: Tensor, size: Size, small: Sequence[StylePicture], fine: Sequence[StylePicture]) -> Tensor:
    """(1, 1, H, W) around zero: the luma's detail, that of the most similar picture at each place."""
    candidates = []
    for reduced_picture, picture in zip(small, fine, strict=True):
        matches = _matches(image, reduced_picture)
        lost = lost_detail(luma(picture.image), reduced_picture.image.shape[-2:], picture.image.shape[-2:])
        candidates.append((resize(matches.distance[None, None], *size), _voted(matches, lost, size)))
    distances, details = (torch.cat(each) for each in zip(*candidates, strict=True))
    return details.gather(0, distances.argmin(dim=0, keepdim=True))


def _matches(image: Tensor, picture: StylePicture) -> _Matches:
    """By nearest surroundings among some places, and by those of the neighbors' matches (Ashikhmin 2001)."""
    height, width = image.shape[-2:]
    columns = picture.image.shape[-1]
    places, entries = _surroundings(image), _surroundings(picture.image)
    mean, components = _components(entries)
    places, entries = (places - mean) @ components, (entries - mean) @ components
    shown = _shown(picture, entries.device)
    chosen = shown[drawn(len(shown), _CANDIDATES).to(shown.device)]
    nearest = chosen[_nearest(places, entries[chosen])]
    hidden = torch.ones(len(entries), dtype=torch.bool, device=entries.device)
    hidden[shown] = False

    def distance(index: Tensor) -> Tensor:
        found = (places - entries[index.flatten()]).square().sum(dim=1)
        return found.masked_fill(hidden[index.flatten()], torch.inf).view(height, width)

    index = nearest.view(height, width)
    known = distance(index)
    for turn, (down, right) in product(range(_ROUNDS), _NEIGHBORS):
        tried = _shifted(index, columns, len(entries), down, right)
        other = distance(tried)
        taken = other < known * (_COHERENCE if turn == _ROUNDS - 1 else 1.0)
        index, known = torch.where(taken, tried, index), torch.where(taken, other, known)
    return _Matches(index // columns, index % columns, known)


def _shifted(index: Tensor, columns: int, count: int, down: int, right: int) -> Tensor:
    """What the neighbor's match makes of each place: its own place shifted by as much."""
    height, width = index.shape
    above = (torch.arange(height, device=index.device) - down).clamp(0, height - 1)
    beside = (torch.arange(width, device=index.device) - right).clamp(0, width - 1)
    source = index[above][:, beside]
    row = (source // columns + down).clamp(0, count // columns - 1)
    return row * columns + (source % columns + right).clamp(0, columns - 1)


def _voted(matches: _Matches, detail: Tensor, size: Size) -> Tensor:
    """(1, 1, H, W): the detail (1, 1, H', W') that the matches around each pixel give it, in the mean."""
    (height, width), (rows, columns) = size, matches.rows.shape
    device = detail.device
    y = (torch.arange(height, device=device) + 0.5) * (rows / height)
    x = (torch.arange(width, device=device) + 0.5) * (columns / width)
    total, weights = torch.zeros(1, 1, *size, device=device), torch.zeros(size, device=device)
    for down, right in product((0, 1, -1), repeat=2):
        row, column = (y.long() + down).clamp(0, rows - 1), (x.long() + right).clamp(0, columns - 1)
        below, beside = (y - (row + 0.5))[:, None], (x - (column + 0.5))[None, :]
        at = (row[:, None] * columns + column[None, :]).flatten()
        share = torch.exp(-(below.square() + beside.square()) / (2.0 * _SPREAD**2))
        share = share / (matches.distance.flatten()[at].view(size) + _EQUAL)
        place_y = matches.rows.flatten()[at].view(size) + 0.5 + below
        place_x = matches.columns.flatten()[at].view(size) + 0.5 + beside
        total += share * _sampled(detail, place_x * (width / columns), place_y * (height / rows))
        weights += share
    return total / weights


def _sampled(detail: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """The detail at places (H, W) in px of its own."""
    grid = torch.stack([2.0 * x / detail.shape[-1] - 1.0, 2.0 * y / detail.shape[-2] - 1.0], dim=-1)
    return F.grid_sample(detail, grid[None], "bilinear", "border", align_corners=False)


def _surroundings(image: Tensor) -> Tensor:
    """(h·w, n): luma and chroma around each pixel."""
    gray = luma(image)
    channels = torch.cat([gray, _CHROMA * (image[:, ::2] - gray)], dim=1)
    padded = F.pad(channels, (_RADIUS,) * 4, "replicate")
    return F.unfold(padded, 2 * _RADIUS + 1)[0].T


def _components(entries: Tensor) -> tuple[Tensor, Tensor]:
    """The mean (n) of surroundings, and their first principal components (n, k)."""
    some = entries[drawn(len(entries), _SAMPLES).to(entries.device)]
    mean = some.mean(dim=0)
    covariance = (some - mean).T @ (some - mean)
    return mean, torch.linalg.eigh(covariance).eigenvectors[:, -_COMPONENTS:].contiguous()


def _nearest(places: Tensor, entries: Tensor) -> Tensor:
    """(n) int64: the entry nearest to each place."""
    squares = entries.square().sum(dim=1)
    found = [torch.addmm(squares, rows, entries.T, alpha=-2.0).argmin(dim=1) for rows in places.split(1024)]
    return torch.cat(found)


def _shown(picture: StylePicture, device: torch.device) -> Tensor:
    """The places of a picture that are visible; the most visible ones where none wholly is."""
    if picture.visible is None:
        return torch.arange(picture.image[0, 0].numel(), device=device)
    shares = picture.visible.flatten()
    return (shares >= min(0.999, float(shares.max()))).nonzero().flatten()
