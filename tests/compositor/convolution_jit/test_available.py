"""Whether machine code can be made."""

from __future__ import annotations

import pytest

from compositor.convolution_jit import kernels


@pytest.mark.parametrize("error", [ImportError, OSError, RuntimeError])
def test_without_a_compiler_there_is_none_and_no_error(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(assembly: str) -> None:
        raise error("none here")

    fresh = kernels.available.__wrapped__
    before = fresh()
    monkeypatch.setattr(kernels, "JitModule", fail)
    kernels._functions.cache_clear()
    assert not fresh()
    monkeypatch.undo()
    assert fresh() == before
