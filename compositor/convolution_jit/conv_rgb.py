"""The network's first convolution, of the picture itself, in machine code."""

from __future__ import annotations

import torch
from torch import Tensor

from compositor.convolution_jit.kernel_arguments import IMAGE_CHANNELS, Image, ImageGradient
from compositor.convolution_jit.kernels import KernelGroup, flags_of, in_lines, run

_COLORS = 3
LEAST_WIDTH = 4
"""px that a picture must be wide at least."""


def fits(weight: Tensor) -> bool:
    """Whether a kernel (D, C, 3, 3) is one that this is made for."""
    single = weight.dtype is torch.float32 and weight.device.type == "cpu"
    return single and weight.shape == (IMAGE_CHANNELS, _COLORS, 3, 3)


def by_taps(weight: Tensor) -> Tensor:
    """A kernel (64, 3, 3, 3) as (27, 64), as the functions below take it."""
    return weight.permute(2, 3, 1, 0).reshape(-1, IMAGE_CHANNELS).contiguous()


def convolved(picture: Tensor, taps: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """The rectified convolution (1, 64, H, W) of a picture (1, 3, H, W), whose border is copied.

    Returns:
        It, and where it is above zero, as `run.flags_of` has it.
    """
    picture = in_lines(picture)
    height, width = picture.shape[2:]
    result = picture.new_empty(1, height, width, IMAGE_CHANNELS)
    flags = flags_of(height, width, IMAGE_CHANNELS)
    image = Image(
        picture=picture.data_ptr(), height=height, width=width, line=picture.stride(2),
        weight=taps.data_ptr(), bias=bias.data_ptr(), result=result.data_ptr(), flags=flags.data_ptr(),
    )  # fmt: skip
    run(KernelGroup.IMAGE, "image", height, image)
    return result.permute(0, 3, 1, 2), flags


def gradient_below(gradient: Tensor, taps: Tensor, flags: Tensor) -> Tensor:
    """The gradient of the picture with its border, (1, 3, H + 2, W + 2), from that of its convolution.

    Args:
        gradient: (1, 64, H, W).
        flags: as they came with the result.
    """
    gradient = in_lines(gradient)
    height, width = gradient.shape[2:]
    result = gradient.new_empty(1, height + 2, width + 2, _COLORS)
    arguments = ImageGradient(
        gradient=gradient.data_ptr(), line=gradient.stride(2), flags=flags.data_ptr(),
        height=height, width=width, weight=taps.data_ptr(), result=result.data_ptr(),
    )  # fmt: skip
    run(KernelGroup.IMAGE, "image_gradient", height + 2, arguments)
    return result.permute(0, 3, 1, 2)
