"""Just-in-time compiled Winograd convolutions for CPUs, by LLVM (llvmlite).

Optional: PyTorch's operations (`compositor.convolution`) compute the same in more time, and are used where
llvmlite or GNU OpenMP is missing. The environment variable BLENDER_NST_JIT=0 turns the package off.

Frozen: it is kept working, and no more kernels are added. This module is its whole interface; nothing outside
imports another one (import-linter checks it). llvmlite is imported when the first kernel is compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from compositor.convolution_jit import conv_by_blocks, conv_by_tiles
from compositor.convolution_jit.conv_by_blocks import packed as packed_for_blocks
from compositor.convolution_jit.kernel_arguments import GROUP as CHANNEL_GROUP
from compositor.convolution_jit.kernels import SWITCH, available, is_enabled

__all__ = [
    "CHANNEL_GROUP",
    "CONVOLUTION_BY_BLOCKS",
    "CONVOLUTION_BY_TILES",
    "SWITCH",
    "JitConvolution",
    "available",
    "is_enabled",
    "packed_for_blocks",
]


class JitConvolution(NamedTuple):
    """A 3×3 convolution with its rectifier, compiled.

    Attributes:
        convolved: see `conv_by_tiles.convolved`.
        gradient_below: see `conv_by_tiles.gradient_below`.
    """

    convolved: Callable[..., tuple[Tensor, Tensor]]
    gradient_below: Callable[..., Tensor]


CONVOLUTION_BY_TILES = JitConvolution(conv_by_tiles.convolved, conv_by_tiles.gradient_below)
CONVOLUTION_BY_BLOCKS = JitConvolution(conv_by_blocks.convolved, conv_by_blocks.gradient_below)
