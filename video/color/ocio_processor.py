"""OpenColorIO's processors on arrays of float32."""

# pyright: reportAttributeAccessIssue=false
# PyOpenColorIO comes without types.

from __future__ import annotations

import numpy as np
import PyOpenColorIO as ocio

# What is odd about a profile is no news to the user.
ocio.SetLoggingLevel(ocio.LOGGING_LEVEL_NONE)


def float_processor(processor: ocio.Processor) -> ocio.CPUProcessor:
    """The processor for float32, without approximations."""
    depth = ocio.BIT_DEPTH_F32
    return processor.getOptimizedCPUProcessor(depth, depth, ocio.OPTIMIZATION_LOSSLESS)


def apply_processor(processor: ocio.CPUProcessor, color: np.ndarray) -> np.ndarray:
    """(…, 3) float32, converted; the argument stays as it is."""
    converted = np.array(color, np.float32, order="C")
    processor.applyRGB(converted.reshape(-1, 3))
    return converted
