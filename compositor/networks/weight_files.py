"""Weights files: reads the tensors of safetensors and PyTorch files, and never executes their content."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from compositor.errors import WeightsError

SUFFIXES = (".safetensors", ".pth", ".pt")


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors by name, on the CPU; those of the entry `state_dict`, when a checkpoint has one.

    Raises:
        WeightsError: no such file, one of another kind, damaged, or one that would have to be executed.
    """
    if not os.path.isfile(path):  # noqa: PTH113 - pathlib's fails for a name that no file system takes
        raise WeightsError(f"{path}: there is no such file")
    if path.suffix.lower() not in SUFFIXES:
        raise WeightsError(f"{path}: a weights file ends in {', '.join(SUFFIXES)}")
    content = _read_safetensors(path) if path.suffix.lower() == ".safetensors" else _read_torch(path)
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping):
        raise WeightsError(f"{path}: it holds no state dict but a {type(content).__name__}")
    return {str(name): each for name, each in content.items() if isinstance(each, Tensor)}


def _read_safetensors(path: Path) -> object:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path}: no readable safetensors file ({_one_line(error)})") from None


def _read_torch(path: Path) -> object:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "global" not in str(error).lower():
            raise WeightsError(f"{path}: no readable PyTorch file ({_one_line(error)})") from None
        raise WeightsError(
            f"{path}: it holds more than numbers, and nothing in a weights file is executed;"
            " save the model's state_dict() alone"
        ) from None
    except Exception as error:  # What a damaged pickle raises depends on where the damage is.
        raise WeightsError(f"{path}: no readable PyTorch file ({_one_line(error)})") from None


def _one_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:200]
