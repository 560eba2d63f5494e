"""The choices that the settings of a frame have, each with its title and help."""

from __future__ import annotations

from compositor.settings.info import Choice


class Pooling(Choice):
    """How VGG shrinks its feature maps. Gatys 2016 section 2: average pooling looks slightly better."""

    AVERAGE = "average", "Average", "The mean of four values, as in Gatys 2016: softer strokes"
    MAX = "max", "Maximum", "The largest of four values, as the network was trained"


class Start(Choice):
    """The image that the optimization starts from when no image is given."""

    CONTENT = "content", "Content", "The rendered frame"
    NOISE = "noise", "Noise", "Gray noise"
    STYLE = "style", "Style", "Noise with the style picture's mean color and covariance"


class LossScale(Choice):
    """How the content and style losses are normalized; the weights mean something else in each."""

    RELATIVE = (
        "relative",
        "Relative",
        "By the target's energy: a weight means the same for every size and picture",
    )
    GATYS = "gatys", "Gatys", "As in Gatys 2016, equations 1 and 4"


class StyleStatistic(Choice):
    """What of the style's feature maps is matched."""

    GRAM = "gram", "Gram", "The Gram matrices (Gatys 2016)"
    WASSERSTEIN = (
        "wasserstein",
        "Wasserstein",
        "Means and covariances, by the Wasserstein distance; always relative to the target's energy",
    )


class Color(Choice):
    """Whose colors the result has."""

    STYLE = "style", "Style", "The style picture's"
    LUMINANCE = "luminance", "Luminance", "The render's: only the luminance is stylized"
    MATCH = "match", "Match", "The render's palette: the style picture is recolored to it first"


class Optimizer(Choice):
    """Which optimizer moves the pixels."""

    ADAM = "adam", "Adam", "Takes less memory, and more steps"
    LBFGS = "lbfgs", "L-BFGS", "Gets furthest in a step; takes memory for the steps that it remembers"


class DeviceChoice(Choice):
    """Where the engine computes."""

    AUTO = "auto", "Auto", "The first of CUDA, Metal and the processor that there is"
    CUDA = "cuda", "CUDA", "An NVIDIA graphics card"
    MPS = "mps", "MPS", "An Apple graphics processor, by Metal"
    CPU = "cpu", "CPU", "The processor"


class Precision(Choice):
    """What the network's features are computed with; picture, Gram matrices and losses are always float32."""

    AUTO = "auto", "Auto", "bfloat16 where the hardware has it and is faster with it"
    FLOAT32 = "float32", "Float32", "Single precision"
    BFLOAT16 = "bfloat16", "Bfloat16", "Half the bits: faster on hardware that is made for it"


class InputNormalization(Choice):
    """How the pictures were prepared that a weights file was trained on."""

    AUTO = "auto", "Auto", "By the file's name when it is a known one, else by how it names its layers"
    TORCHVISION = (
        "torchvision",
        "Torchvision",
        "RGB in 0 to 1, less the mean, divided by the standard deviation",
    )
    CAFFE = "caffe", "Caffe", "BGR in 0 to 255, less the mean"
    CAFFE_RGB = (
        "caffe_rgb",
        "Caffe RGB",
        "RGB in 0 to 255, less the mean: Caffe's weights with the first layer's channels in reverse order",
    )


class WorkingDetail(Choice):
    """The size at which large frames are optimized; by device in `compositor.stylization.working_size`."""

    DRAFT = "draft", "Draft", "Small: on a CPU 640 pixels for the longer side"
    STANDARD = "standard", "Standard", "On a CPU 960 pixels for the longer side"
    FINAL = "final", "Final", "Large: on a CPU 1280 pixels for the longer side"
    FULL = "full", "Full", "The frames' own size, however long it takes"
