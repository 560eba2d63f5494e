"""Optical flow by torchvision's RAFT (Teed and Deng 2020), with weights from torch's cache."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from compositor.errors import WeightsError
from compositor.hardware.device import choose_device, translate_out_of_memory
from compositor.image_ops.arrays import to_tensor
from compositor.networks.download import PublishedFile, cached_path, check_content
from compositor.settings import DeviceChoice

FILES = {
    "raft_large": PublishedFile(
        "raft_large_C_T_SKHT_V2-ff5fadd5.pth",
        "ff5fadd56d26b40647388883af1547351ea17868b765c05b27231e72dd16a322",
    ),
    "raft_small": PublishedFile(
        "raft_small_C_T_V2-01064c6d.pth", "01064c6dba73b0fc9fc8edf772248560a00a3acfd62ac6677e9eeebad9680e27"
    ),
}
"""torchvision's files of the weights, by network; the better network first."""

# RAFT's coarsest correlation needs a sixteenth of an eighth of a side to be at least two.
_SMALLEST_SIDE = 128
_MULTIPLE = 8
_UPDATES = 20
_LESS_MEMORY = "take optical flow without a network (--motion dis) or make the frames smaller"


class Raft:
    """RAFT, large or else small, by which weights are in torch's cache.

    Args:
        device: what it computes on, as the setting `device` names it.

    Raises:
        DeviceError: the device is not there.
        MemoryShortageError: the network does not fit into the device's memory.
        WeightsError: there are none (the message says which file to put where), they are damaged, or
            torchvision cannot be imported.
    """

    def __init__(self, device: DeviceChoice = DeviceChoice.AUTO) -> None:
        name, path = _find()
        self._device = choose_device(device)
        try:
            network = getattr(importlib.import_module("torchvision.models.optical_flow"), name)()
        # A torchvision built for another torch fails in several ways, none of them an ImportError.
        except (ImportError, RuntimeError, AttributeError, OSError) as error:
            raise WeightsError(
                f"RAFT: torchvision cannot be imported ({error}); install the torchvision that goes with"
                f" torch {torch.__version__}, or use another motion source"
            ) from None
        try:
            network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        except Exception as error:
            raise WeightsError(f"{path} does not hold the weights of {name}: {_first_line(error)}") from None
        with translate_out_of_memory("the network of the optical flow", _LESS_MEMORY):
            self._network = network.to(self._device).eval().requires_grad_(False)

    def flow(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """The flow (H, W, 2) float32 in px, x and y (down), from pixels of `first` to those of `second`.

        Args:
            first, second: (H, W, 3 or 4) float32, sRGB in 0..1, of one size; alpha is left out.

        Raises:
            MemoryShortageError: frames of this size do not fit into the device's memory.
        """
        height, width = first.shape[:2]
        wanted = [_padded(side) for side in (height, width)]
        padding = (0, wanted[1] - width, 0, wanted[0] - height)
        what = f"the optical flow of a frame of {width}×{height} px"
        with torch.no_grad(), translate_out_of_memory(what, _LESS_MEMORY):
            images = [
                F.pad(to_tensor(each[..., :3], self._device) * 2.0 - 1.0, padding, mode="replicate")
                for each in (first, second)
            ]
            found = self._network(*images, num_flow_updates=_UPDATES)[-1]
            return found[0, :, :height, :width].permute(1, 2, 0).float().cpu().numpy()


def _padded(side: int) -> int:
    return max(_SMALLEST_SIDE, -(-side // _MULTIPLE) * _MULTIPLE)


def _find() -> tuple[str, Path]:
    for name, file in FILES.items():
        path = cached_path(file)
        if path.is_file():
            check_content(path, file, "get it again")
            return name, path
    best = cached_path(FILES["raft_large"])
    raise WeightsError(
        f"the weights of RAFT are not here: put torchvision's {best.name} to {best.parent}, or use another"
        " motion source"
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
