"""What a VGG file expects of its input, and how that is decided for a file: without torch, for settings.

The same network was published for differently prepared pictures, and the weights alone do not say for which.
"""

from __future__ import annotations

from enum import StrEnum

IMAGENET_MEAN = (123.68, 116.779, 103.939)
"""The mean colour of ImageNet, RGB in 0..255, that the Caffe networks were trained to have subtracted."""

TORCHVISION_MEAN = (0.485, 0.456, 0.406)
TORCHVISION_STD = (0.229, 0.224, 0.225)
"""RGB in 0..1: what torchvision's networks were trained to have subtracted, and divided by."""


class InputNormalization(StrEnum):
    """How the pictures were prepared that a weights file was trained on."""

    AUTO = "auto"
    """Decided by the file's name when it is a known one, else by how it names its layers."""
    TORCHVISION = "torchvision"
    """RGB in 0..1, less the mean, divided by the standard deviation."""
    CAFFE = "caffe"
    """BGR in 0..255, less the mean."""
    CAFFE_RGB = "caffe_rgb"
    """RGB in 0..255, less the mean: Caffe's weights with the first layer's channels already turned."""


# File names, without suffix, as published: torchvision's; torchvision's features-only file, which is
# Caffe's network; the Caffe networks that J. Johnson converted.
_KNOWN_FILES = {
    "vgg16-397923af": InputNormalization.TORCHVISION,
    "vgg19-dcbb9e9d": InputNormalization.TORCHVISION,
    "vgg16_features-amdegroot-88682ab5": InputNormalization.CAFFE_RGB,
    "vgg16-00b39a1b": InputNormalization.CAFFE,
    "vgg19-d01eb7cb": InputNormalization.CAFFE,
}


def guess_normalization(stem: str, numbered: bool) -> InputNormalization:
    """What `auto` means for a file.

    Args:
        stem: the file's name without its suffix.
        numbered: its layers are numbered (`features.0`, torchvision's habit), not named (`conv1_1`, Caffe's).
    """
    fallback = InputNormalization.TORCHVISION if numbered else InputNormalization.CAFFE
    return _KNOWN_FILES.get(stem, fallback)
