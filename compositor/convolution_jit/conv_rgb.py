"""First convolution of the network, of an RGB image, compiled."""

from __future__ import annotations

import torch
from torch import Tensor

from compositor.convolution_jit.kernel_arguments import IMAGE_CHANNELS, Image, ImageGradient
from compositor.convolution_jit.kernels import KernelGroup, empty_relu_mask_bits, in_lines, run

_COLORS = 3
LEAST_WIDTH = 4
"""Pixels: least width of an image."""


def fits(weight: Tensor) -> bool:
    """Whether a kernel (D, C, 3, 3) is float32 on the CPU, from 3 channels to 64."""
    single = weight.dtype is torch.float32 and weight.device.type == "cpu"
    return single and weight.shape == (IMAGE_CHANNELS, _COLORS, 3, 3)


def by_taps(weight: Tensor) -> Tensor:
    """A kernel (64, 3, 3, 3) as (27, 64), as the functions below take it."""
    return weight.permute(2, 3, 1, 0).reshape(-1, IMAGE_CHANNELS).contiguous()


def convolved(picture: Tensor, taps: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """The rectified convolution of an image (1, 3, H, W) with a replicated border.

    Returns:
        (1, 64, H, W) in channels-last memory, and the rectifier's mask (`kernels.empty_relu_mask_bits`).
    """
    picture = in_lines(picture)
    height, width = picture.shape[2:]
    result = picture.new_empty(1, height, width, IMAGE_CHANNELS)
    relu_mask_bits = empty_relu_mask_bits(height, width, IMAGE_CHANNELS)
    image = Image(
        picture=picture.data_ptr(), height=height, width=width, row_stride=picture.stride(2),
        weight=taps.data_ptr(), bias=bias.data_ptr(), result=result.data_ptr(),
        relu_mask_bits=relu_mask_bits.data_ptr(),
    )  # fmt: skip
    run(KernelGroup.IMAGE, "image", height, image)
    return result.permute(0, 3, 1, 2), relu_mask_bits


def gradient_below(gradient: Tensor, taps: Tensor, relu_mask_bits: Tensor) -> Tensor:
    """The gradient of the image with its border, (1, 3, H + 2, W + 2), from that of its convolution.

    Args:
        gradient: (1, 64, H, W).
        relu_mask_bits: as `convolved` returned them.
    """
    gradient = in_lines(gradient)
    height, width = gradient.shape[2:]
    result = gradient.new_empty(1, height + 2, width + 2, _COLORS)
    arguments = ImageGradient(
        gradient=gradient.data_ptr(), row_stride=gradient.stride(2), relu_mask_bits=relu_mask_bits.data_ptr(),
        height=height, width=width, weight=taps.data_ptr(), result=result.data_ptr(),
    )  # fmt: skip
    run(KernelGroup.IMAGE, "image_gradient", height + 2, arguments)
    return result.permute(0, 3, 1, 2)
