"""What the engine's installation asks for as PyTorch, and whether uv may choose a build for CUDA.

The standard library alone, and no Blender.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ..awake_time import run_command

# The release of PyTorch that the engine's CPU tests ran on; with an NVIDIA GPU the newest build is taken.
TORCH_FOR_CPU = ("torch==2.13.0", "torchvision==0.28.0")
TORCH_FOR_GPU = ("torch", "torchvision")

_FLAGS = frozenset({"--pre", "--no-index"})


class TorchBackend(StrEnum):
    """A value of uv's --torch-backend: which of PyTorch's own indexes uv takes the build from."""

    AUTO = "auto"
    """By the GPU's driver."""

    CPU = "cpu"


@dataclass(frozen=True)
class TorchRequest:
    """What is installed as PyTorch.

    Args:
        packages: requirements.
        options: the user's own, such as the index of a build; then no backend is chosen.
        backend: None for the builds of the package index.
    """

    packages: tuple[str, ...] = TORCH_FOR_CPU
    options: tuple[str, ...] = ()
    backend: TorchBackend | None = None


def torch_request(named: Sequence[str] = ()) -> TorchRequest:
    """The request for this machine.

    Args:
        named: the user's requirements and options; empty for the choice by whether there is an NVIDIA GPU.
    """
    packages, options = _split(named)
    gpu = has_nvidia_gpu()
    # On macOS the package index has the one build that there is.
    if options or sys.platform == "darwin" or "UV_TORCH_BACKEND" in os.environ:
        backend = None
    else:
        backend = TorchBackend.AUTO if gpu else TorchBackend.CPU
    return TorchRequest(packages or (TORCH_FOR_GPU if gpu else TORCH_FOR_CPU), options, backend)


def has_nvidia_gpu() -> bool:
    """Whether NVIDIA's driver lists a GPU."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return False
    try:
        ended = run_command([program, "-L"], 15.0)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0 and b"GPU" in ended.stdout


def _split(named: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The requirements among the user's words, and the options, each followed by its value."""
    packages: list[str] = []
    options: list[str] = []
    value_expected = False
    for word in named:
        (options if value_expected or word.startswith("-") else packages).append(word)
        value_expected = word.startswith("-") and "=" not in word and word not in _FLAGS
    return tuple(packages), tuple(options)
