"""The sizes of the downloads that are told before the click."""

from __future__ import annotations

import re
from importlib.metadata import distributions

import pytest

from blender_nst.engine.locks.download_sizes import TorchBuild, download_size, this_platform
from blender_nst.engine.locks.lock_files import ENGINE_LOCK, locked_packages


@pytest.mark.parametrize("system", ["linux-x86_64", "win32-amd64", "darwin-arm64"])
def test_the_build_for_the_processor_is_known_on_each_system(system: str) -> None:
    size = download_size(TorchBuild.CPU, system)
    assert size is not None
    assert 200e6 < size < 600e6


def test_the_build_for_cuda_is_several_times_as_large() -> None:
    cpu, cuda = (download_size(build, "linux-x86_64") for build in TorchBuild)
    assert cpu is not None
    assert cuda is not None
    assert cuda > 5 * cpu


def test_what_is_not_listed_is_not_known() -> None:
    assert download_size(TorchBuild.CPU, "plan9-mips") is None
    assert re.fullmatch(r"\w+-\w+", this_platform())


@pytest.mark.skipif(this_platform() != "linux-x86_64", reason="looks at what is installed here")
def test_it_is_what_the_installed_packages_would_be_compressed() -> None:
    """The locked packages that are installed here take two to six bytes for each that was fetched."""
    locked = {package.name for package in locked_packages(ENGINE_LOCK.read_text("utf-8"))}
    installed = {
        name: sum(file.size or 0 for file in each.files or ())
        for each in distributions()
        if (name := re.sub(r"[-_.]+", "-", each.metadata["Name"]).lower()) in locked
    }
    assert "torch" in installed
    cuda = any(name.startswith("nvidia-") for name in installed)
    size = download_size(TorchBuild.CUDA if cuda else TorchBuild.CPU)
    assert size is not None
    assert (1.2 if cuda else 2.0) < sum(installed.values()) / size < 6.0
