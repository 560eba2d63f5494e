"""JIT compiler: compiles LLVM assembly for this machine's processor, and runs it on PyTorch's own threads."""

from __future__ import annotations

import ctypes
import sys
from array import array
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import torch

_TEAMS = "libgomp*.so*"


class JitModule:
    """The functions of one module of LLVM's assembly.

    Args:
        assembly: every function takes the address of 64-bit integers and returns nothing. They are: a counter
            that work items are taken from, a counter that thread numbers are taken from, the number of work
            items, and the function's arguments.

    Raises:
        ImportError, RuntimeError: there is no LLVM here, or it cannot make code for this processor.
        OSError: this PyTorch's threads are not known here.
    """

    def __init__(self, assembly: str) -> None:
        from llvmlite import binding

        self._team = _team()
        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
        machine = binding.Target.from_default_triple().create_target_machine(
            cpu=binding.get_host_cpu_name(), features=binding.get_host_cpu_features().flatten(), opt=2
        )
        # Without LLVM's passes over the assembly: it is written as it is to be, they make it no faster, and
        # take longer than all the rest.
        module = binding.parse_assembly(assembly)
        module.verify()
        # Kept alive, because it owns the code.
        self._engine = binding.create_mcjit_compiler(module, machine)
        self._engine.finalize_object()
        self._addresses: dict[str, int] = {}

    def run(self, name: str, work_items: int, arguments: Iterable[int]) -> None:
        """Runs a function on all threads until all work items are done."""
        given = array("q", (0, 0, work_items, *arguments))
        self._team.GOMP_parallel(self._address(name), given.buffer_info()[0], torch.get_num_threads(), 0)

    def _address(self, name: str) -> int:
        if name not in self._addresses:
            self._addresses[name] = self._engine.get_function_address(name)
        return self._addresses[name]


def has_wide_registers() -> bool:
    """Whether the processor has AVX-512's 32 registers of 16 values.

    Raises:
        ImportError: there is no LLVM here.
    """
    from llvmlite import binding

    return bool(binding.get_host_cpu_features().get("avx512f"))


@cache
def _team() -> ctypes.CDLL:
    """The OpenMP runtime that PyTorch itself uses: threads of another would wait for a core that its own keep
    busy between two operations.

    Raises:
        OSError: this PyTorch has none that is known here.
    """
    folder = Path(torch.__file__).parent
    found = [*folder.glob(f"lib/{_TEAMS}"), *folder.parent.glob(f"torch.libs/{_TEAMS}")]
    if not sys.platform.startswith("linux") or not found:
        raise OSError("PyTorch's threads are not GNU OpenMP's")
    team = ctypes.CDLL(str(found[0]))
    team.GOMP_parallel.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]
    team.GOMP_parallel.restype = None
    return team
