"""Conversion between numpy arrays (H, W, C) and tensors (1, C, H, W), and checks of arrays."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from compositor.errors import ImageError


def check_image(image: np.ndarray, name: str) -> np.ndarray:
    """Returns the array if it is an image (H, W, 3 or 4) of finite numbers and large enough for the network.

    Raises:
        ImageError: it is not; the message names it.
    """
    if image.ndim != 3 or image.shape[2] not in (3, 4):
        raise ImageError(f"the {name} has shape {image.shape}, not (height, width, 3 or 4)")
    if min(image.shape[:2]) < SMALLEST_SIDE:
        raise ImageError(f"the {name} is {size_text(image)}: each side must have at least {SMALLEST_SIDE} px")
    if not np.isfinite(image).all():
        raise ImageError(f"the {name} has pixels that are not finite numbers")
    return image


def check_size(array: np.ndarray, content: np.ndarray, name: str) -> np.ndarray:
    """Returns the array if it has the content's height and width; raises ImageError otherwise."""
    if array.shape[:2] != content.shape[:2]:
        raise ImageError(f"the {name} is {size_text(array)}, the content {size_text(content)}")
    return array


def size_text(array: np.ndarray) -> str:
    """`320×180 px`."""
    return f"{array.shape[1]}×{array.shape[0]} px"


def to_tensor(image: np.ndarray, device: torch.device) -> Tensor:
    """(1, C, H, W) float32 from (H, W, C)."""
    values = torch.from_numpy(np.ascontiguousarray(image, dtype=np.float32))
    if device.type == "cuda":
        values = values.pin_memory()
    return values.permute(2, 0, 1)[None].to(device, non_blocking=True).contiguous()


def map_to_tensor(values: np.ndarray, device: torch.device) -> Tensor:
    """(1, 1, H, W) float32 from a map (H, W)."""
    return to_tensor(values[..., None], device)


def to_array(tensor: Tensor) -> np.ndarray:
    """(H, W, C) float32 from (1, C, H, W)."""
    values = tensor.detach()[0].permute(1, 2, 0)
    if values.device.type == "cuda":
        values = torch.empty(values.shape, dtype=values.dtype, pin_memory=True).copy_(values)
    return values.cpu().numpy().astype(np.float32)


SMALLEST_SIDE = 16
"""Pixels: a smaller image vanishes in the four poolings before `relu5_1`."""
