"""Input normalization of VGG files: known means and deviations, and the guess for a file. Free of torch.

The same network was published for differently prepared pictures, and the weights alone do not say for which.
"""

from __future__ import annotations

from compositor.settings import InputNormalization

IMAGENET_MEAN = (123.68, 116.779, 103.939)
"""Mean color of ImageNet, RGB in 0..255, subtracted from the input of the Caffe networks."""

TORCHVISION_MEAN = (0.485, 0.456, 0.406)
TORCHVISION_STD = (0.229, 0.224, 0.225)
"""RGB in 0..1: mean and deviation of the input of torchvision's networks."""


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
    """The normalization of a file for the setting `auto`.

    Args:
        stem: the file's name without its suffix.
        numbered: its layers are numbered (`features.0`, torchvision's habit), not named (`conv1_1`, Caffe's).
    """
    fallback = InputNormalization.TORCHVISION if numbered else InputNormalization.CAFFE
    return _KNOWN_FILES.get(stem, fallback)
