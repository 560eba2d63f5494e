"""What PyTorch has no operation for, as machine code that LLVM makes for the processor at hand.

`available` says whether that can be done here; all it does PyTorch's operations can do as well, in more time.
"""

from __future__ import annotations

from compositor.convolution_jit.kernels import available

__all__ = ["available"]
