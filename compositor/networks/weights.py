"""Weights of the feature network: embedded, torchvision's, or a user's file.

The embedded default is VGG-16, `conv1_1` to `conv5_1`, as float16 safetensors; `data/derive_vgg16.py` makes
it and NOTICE says where it comes from.
"""

from __future__ import annotations

import os
from pathlib import Path

from compositor.errors import WeightsError
from compositor.networks.download import FILES, DownloadProgress, torchvision_file
from compositor.networks.input_normalization import guess_normalization
from compositor.networks.vgg import Convolution, NetworkWeights, recognize, to_one_convention
from compositor.networks.weight_files import SUFFIXES, read_tensors
from compositor.settings import InputNormalization

__all__ = ["EMBEDDED", "NETWORKS", "Convolution", "InputNormalization", "NetworkWeights", "load_network"]

EMBEDDED = Path(__file__).parent.parent / "data" / "vgg16.safetensors"

NETWORKS = ("embedded", *FILES)
"""Networks that have a name; any other name is the path of a file."""


def network_files(name: str) -> list[Path]:
    """The user's own file that the name of a network is the path of; none for a network that has a name."""
    # Not by pathlib, which raises for impossible users and names.
    return [] if name in NETWORKS else [Path(os.path.expanduser(name))]  # noqa: PTH111


def load_network(
    name: str = "embedded",
    normalization: InputNormalization = InputNormalization.AUTO,
    report: DownloadProgress | None = None,
) -> NetworkWeights:
    """The convolutions of a network, float32, on the CPU, for RGB in 0..255 less the network's mean.

    Args:
        name: `embedded`; `vgg16` or `vgg19`, torchvision's, fetched unless they are in torch's cache; or the
            path of a .safetensors, .pth or .pt file with the state dict of a VGG-16 or VGG-19.
        normalization: of the input of a file at a path; that of a named network is known.
        report: called with the progress of a download.

    Raises:
        WeightsError: there is no such network; or its file is missing, cannot be fetched, is damaged, holds
            code, or is no VGG-16 or VGG-19.
    """
    if name == "embedded":
        if not EMBEDDED.is_file():
            raise WeightsError(f"{EMBEDDED}: the network's weights are missing; install the package again")
        return _load(EMBEDDED, InputNormalization.CAFFE_RGB, "embedded")
    if name in FILES:
        return _load(torchvision_file(name, report), InputNormalization.TORCHVISION, "torchvision")
    (path,) = network_files(name)
    if path.suffix.lower() not in SUFFIXES and not os.path.isfile(path):  # noqa: PTH113
        raise WeightsError(
            f"there is no network {name!r}; there are: {', '.join(NETWORKS)},"
            f" or the path of a file that ends in {', '.join(SUFFIXES)}"
        )
    return _load(path, normalization, str(path))


def _load(path: Path, normalization: InputNormalization, source: str) -> NetworkWeights:
    tensors = read_tensors(path)
    try:
        trunk = recognize(tensors)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None
    if normalization is InputNormalization.AUTO:
        normalization = guess_normalization(path.stem, trunk.numbered)
    return to_one_convention(trunk, normalization, f"{trunk.network} ({source})")
