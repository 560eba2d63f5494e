"""torchvision for the tests, also where its wheel was built for another torch."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import pytest
import torch

_SCHEMAS = tuple(
    f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor" for name in ("nms", "qnms")
)
_library: torch.library.Library | None = None


@pytest.fixture(scope="session")
def torchvision_models() -> ModuleType:
    """`torchvision.models`. A torchvision for CUDA on a torch for the CPU lacks its operators, none of which
    a VGG needs: their schemas are defined here, and nowhere else.
    """
    global _library  # noqa: PLW0603 - the operators live as long as the library object
    try:
        return importlib.import_module("torchvision.models")
    except ImportError:
        pytest.skip("torchvision is not installed")
    except (RuntimeError, AttributeError):
        _library = torch.library.Library("torchvision", "DEF")
        for schema in _SCHEMAS:
            _library.define(schema)
    for name in [each for each in sys.modules if each.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    return importlib.import_module("torchvision.models")
