"""Whether kernels are compiled: with a compiler, and unless they are turned off."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from compositor import convolution_jit
from compositor.convolution_jit import kernels
from compositor.networks.conv_algorithm import is_compiled
from compositor.networks.conv_relu import Kernel


@pytest.mark.parametrize("error", [ImportError, OSError, RuntimeError])
def test_without_a_compiler_there_is_none_and_no_error(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(assembly: str) -> None:
        raise error("none here")

    fresh = kernels._compiles.__wrapped__
    before = fresh()
    monkeypatch.setattr(kernels, "JitModule", fail)
    kernels._functions.cache_clear()
    assert not fresh()
    monkeypatch.undo()
    assert fresh() == before


@pytest.mark.parametrize("value", ["0", " 0 "])
def test_the_environment_turns_it_off(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(convolution_jit.SWITCH, value)
    assert not convolution_jit.is_enabled()
    assert not convolution_jit.available()
    weight = torch.zeros(64, 64, 3, 3)
    assert not is_compiled(weight)
    assert Kernel(weight, torch.zeros(64)).packed is None


@pytest.mark.parametrize("value", [None, "", "1"])
def test_it_is_on_unless_it_is_turned_off(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if value is None:
        monkeypatch.delenv(convolution_jit.SWITCH, raising=False)
    else:
        monkeypatch.setenv(convolution_jit.SWITCH, value)
    assert convolution_jit.is_enabled()
    assert convolution_jit.available() == kernels._compiles()


def test_importing_the_package_imports_no_compiler(child_environment: dict[str, str]) -> None:
    program = "import sys, compositor.networks.conv_relu; sys.exit('llvmlite' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], env=child_environment, check=False).returncode == 0
