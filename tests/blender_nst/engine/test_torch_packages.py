"""The choice of PyTorch's build, by a driver's program that stands on the PATH."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest

from blender_nst.engine.torch_packages import (
    TORCH_FOR_CPU,
    TORCH_FOR_GPU,
    TorchBackend,
    TorchRequest,
    torch_request,
)

pytestmark = pytest.mark.skipif(
    os.name != "posix" or sys.platform == "darwin", reason="puts a shell script in the place of nvidia-smi"
)

ON_CPU = TorchRequest(TORCH_FOR_CPU, (), TorchBackend.CPU)
ON_GPU = TorchRequest(TORCH_FOR_GPU, (), TorchBackend.AUTO)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("UV_TORCH_BACKEND", raising=False)
    return tmp_path


def write_nvidia_smi(folder: Path, says: str, code: int = 0) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n", "utf-8")
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("says", "code", "request_"),
    [
        ("GPU 0: NVIDIA RTX (UUID: GPU-1)", 0, ON_GPU),
        ("No devices found.", 0, ON_CPU),
        ("NVIDIA-SMI has failed: GPU access blocked", 9, ON_CPU),
    ],
)
def test_only_a_gpu_that_the_driver_lists_gets_a_build_for_cuda(
    folder: Path, says: str, code: int, request_: TorchRequest
) -> None:
    assert torch_request() == ON_CPU
    write_nvidia_smi(folder, says, code)
    assert torch_request() == request_


@pytest.mark.parametrize(
    ("named", "packages", "options"),
    [
        ("torch==2.9 torchvision", ("torch==2.9", "torchvision"), ()),
        (
            "torch --index-url https://builds.example/cu130 torchvision",
            ("torch", "torchvision"),
            ("--index-url", "https://builds.example/cu130"),
        ),
        ("--pre torch", ("torch",), ("--pre",)),
        (
            "--extra-index-url=https://builds.example",
            TORCH_FOR_CPU,
            ("--extra-index-url=https://builds.example",),
        ),
    ],
)
@pytest.mark.usefixtures("folder")
def test_the_users_own_options_choose_the_build(
    named: str, packages: tuple[str, ...], options: tuple[str, ...]
) -> None:
    backend = None if options else TorchBackend.CPU
    assert torch_request(shlex.split(named)) == TorchRequest(packages, options, backend)


def test_a_backend_that_uv_was_told_is_left_to_uv(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_nvidia_smi(folder, "GPU 0: NVIDIA RTX (UUID: GPU-1)")
    monkeypatch.setenv("UV_TORCH_BACKEND", "cu126")
    assert torch_request() == TorchRequest(TORCH_FOR_GPU)
