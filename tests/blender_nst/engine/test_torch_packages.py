"""The choice of PyTorch's build, by a driver's program that stands on the PATH."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from blender_nst.engine.torch_packages import TORCH_FOR_CPU, TORCH_FOR_GPU, packages_for_this_machine

pytestmark = pytest.mark.skipif(os.name != "posix", reason="puts a shell script in the place of nvidia-smi")


@pytest.mark.parametrize(
    ("says", "code", "packages"),
    [
        ("GPU 0: NVIDIA RTX (UUID: GPU-1)", 0, TORCH_FOR_GPU),
        ("No devices found.", 0, TORCH_FOR_CPU),
        ("NVIDIA-SMI has failed: GPU access blocked", 9, TORCH_FOR_CPU),
    ],
)
def test_a_gpu_that_the_driver_lists_gets_the_newest_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, code: int, packages: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert packages_for_this_machine() == TORCH_FOR_CPU
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n", "utf-8")
    program.chmod(0o755)
    assert packages_for_this_machine() == packages
