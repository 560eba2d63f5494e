"""Functions of LLVM's assembly on PyTorch's threads."""

from __future__ import annotations

import sys

import pytest
import torch

from compositor.convolution_jit import compiler as module
from compositor.convolution_jit.compiler import JitModule

pytest.importorskip("llvmlite")

# Adds one to each of the numbers from an address on, taking them from the counter.
COUNTING = """
define void @count(ptr %given) {
entry:
  %size.at = getelementptr i64, ptr %given, i64 2
  %size = load i64, ptr %size.at
  %numbers.at = getelementptr i64, ptr %given, i64 3
  %numbers = load i64, ptr %numbers.at
  br label %take
take:
  %taken = atomicrmw add ptr %given, i64 1 monotonic
  %left = icmp slt i64 %taken, %size
  br i1 %left, label %work, label %end
work:
  %offset = mul i64 %taken, 8
  %address = add i64 %numbers, %offset
  %at = inttoptr i64 %address to ptr
  %old = load i64, ptr %at
  %new = add i64 %old, 1
  store i64 %new, ptr %at
  br label %take
end:
  ret void
}
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="GNU OpenMP is Linux's")
def test_every_piece_is_taken_once() -> None:
    functions = JitModule(COUNTING)
    numbers = torch.zeros(10_001, dtype=torch.int64)
    for _ in range(3):
        functions.run("count", 10_000, (numbers.data_ptr(),))
    assert torch.equal(numbers, torch.cat([torch.full((10_000,), 3), torch.zeros(1, dtype=torch.int64)]))


def test_assembly_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="expected"):
        JitModule("define nothing")


def test_a_pytorch_with_other_threads_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TEAMS", "libother*.so*")
    module._team.cache_clear()
    with pytest.raises(OSError, match="GNU OpenMP"):
        JitModule(COUNTING)
