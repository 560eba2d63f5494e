"""Multilayer EXRs as Blender writes them, made by code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR


def write_exr(
    path: Path,
    channels: dict[str, np.ndarray],
    *,
    parts: bool = False,
    compression: Any = OpenEXR.ZIP_COMPRESSION,
    attributes: dict[str, Any] | None = None,
) -> None:
    """Writes channels by their full names; `parts` gives each pass a part of its own, as Blender 5 does."""
    header = {"compression": compression, "type": OpenEXR.scanlineimage} | (attributes or {})
    if not parts:
        OpenEXR.File(header, channels).write(str(path))
        return
    by_pass: dict[str, dict[str, np.ndarray]] = {}
    for name, pixels in channels.items():
        by_pass.setdefault(name.rpartition(".")[0], {})[name] = pixels
    made = [OpenEXR.Part(dict(header), each, name) for name, each in by_pass.items()]
    OpenEXR.File(made).write(str(path))


def vector_channels(vector: np.ndarray, layer: str = "ViewLayer") -> dict[str, np.ndarray]:
    """A Vector pass (H, W, 4)."""
    return {
        f"{layer}.Vector.{letter}": np.ascontiguousarray(vector[..., place])
        for place, letter in enumerate("XYZW")
    }


def write_note(exr: Path, **values: Any) -> None:
    """The note beside an EXR."""
    exr.with_suffix(".json").write_text(json.dumps(values), "utf-8")
