"""Which build of PyTorch the engine gets, by whether there is an NVIDIA GPU.

The standard library alone, and no Blender.
"""

from __future__ import annotations

import shutil
import subprocess

# The release of PyTorch that the engine's CPU tests ran on; with an NVIDIA GPU the newest build is taken.
TORCH_FOR_CPU = ("torch==2.13.0", "torchvision==0.28.0")
TORCH_FOR_GPU = ("torch", "torchvision")

WINDOWS_ADVICE = (
    "For an NVIDIA GPU on Windows, put the packages and the --index-url that pytorch.org names for its CUDA"
    " into PyTorch below: the general package index has builds for the CPU alone"
)


def packages_for_this_machine() -> tuple[str, ...]:
    """What pip is given for PyTorch on this machine."""
    return TORCH_FOR_GPU if has_nvidia_gpu() else TORCH_FOR_CPU


def has_nvidia_gpu() -> bool:
    """Whether NVIDIA's driver lists a GPU."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return False
    try:
        ended = subprocess.run([program, "-L"], capture_output=True, text=True, check=False, timeout=15)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0 and "GPU" in ended.stdout
