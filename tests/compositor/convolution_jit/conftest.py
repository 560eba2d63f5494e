"""What tests that run machine code need."""

from __future__ import annotations

import pytest

from compositor.convolution_jit import available


@pytest.fixture
def needs_code() -> None:
    """Skips where machine code cannot be made."""
    if not available():
        pytest.skip("no machine code here: llvmlite or GNU OpenMP is missing")
