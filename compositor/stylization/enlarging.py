"""Enlarging: brings what was optimized at the working size up to the frame's own size."""

from __future__ import annotations

import torch
from torch import Tensor

from compositor.image_ops.arrays import map_to_tensor, to_tensor
from compositor.image_ops.joint_upsampling import joint_upsample
from compositor.image_ops.resize import resize
from compositor.image_ops.sharpening import sharpened
from compositor.stylization.content_frame import ContentFrame
from compositor.stylization.temporal import DetailConstraint, fixed_pixels

# Pixels at the working size: tones this wide are taken from the new image in every frame. Strokes are
# finer.
_TONE_SIZE = 16
# Below this mean reliability of the surroundings the change of tone fades out.
_MIN_RELIABILITY = 0.05
# Share of the frame before in the strokes, where it is reliable. Enlarged anew alone, strokes differ by a
# little from frame to frame on a surface that moves by fractions of a pixel of the working size; kept
# alone, silhouettes collect what the warps leave at them: over three frames of an orbit at 1920×1080 edge
# noise grew by 1.16 with all of it, by 1.06 with three quarters, and not at all with a half.
_KEPT_STROKES = 0.5


def enlarged(
    optimized: Tensor, content_frame: ContentFrame, sharpening: float, detail: DetailConstraint | None
) -> Tensor:
    """The optimized image (1, 3, h, w) in 0..1 at the frame's own size, (1, 3, H, W) in 0..1.

    The same image if that is its size already.

    Args:
        content_frame: the frame at its own size (H, W).
        sharpening: see `sharpened`.
        detail: ties the strokes to those of the frame before.
    """
    height, width = optimized.shape[-2:]
    full = content_frame.content
    if full.shape[-2:] == (height, width):
        return optimized
    image = joint_upsample(optimized, content_frame.at(height, width).content, full)
    image = sharpened(image, full.shape[-2] / height, sharpening)
    if content_frame.circular is not None:
        # At either size the margins are whole pixels wide, so that the copies are a fraction apart.
        image = content_frame.circular.merged(image)
    return image if detail is None else _tied(image, detail, content_frame.working_scale)


def _tied(image: Tensor, detail: DetailConstraint, working_scale: float) -> Tensor:
    """The image with a share of the strokes before, and all of what does not move."""
    target, reliability = (
        to_tensor(detail.target, image.device),
        map_to_tensor(detail.reliability, image.device),
    )
    tied = _with_strokes_of(target, image, _KEPT_STROKES * reliability, round(_TONE_SIZE / working_scale))
    still = fixed_pixels(detail.still, image.device)
    return tied if still is None else torch.where(still, target, tied)


def _with_strokes_of(target: Tensor, image: Tensor, share: Tensor, tone_size: int) -> Tensor:
    """The image's tones (low frequencies), with strokes of which the target's are a share.

    Args:
        target, image: (1, 3, H, W) in 0..1.
        share: (1, 1, H, W) in 0..1.
        tone_size: pixels; finer variations belong to the strokes.
    """
    height, width = image.shape[-2:]
    small = max(1, round(height / tone_size)), max(1, round(width / tone_size))
    known = resize(resize(share, *small), height, width).clamp_min(_MIN_RELIABILITY)
    change = resize(resize(share * (image - target), *small), height, width) / known
    return (image + share * (target + change - image)).clamp(0.0, 1.0)
