"""What an artist can set about stylizing one frame, each setting defined once.

The command line's options, the worker's JSON and Blender's properties all derive from the dataclass fields
here and in `video.settings`: default, range, unit and help travel in each field's metadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from enum import Enum, StrEnum
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from compositor.errors import SettingsError


class Pooling(StrEnum):
    """How VGG shrinks its feature maps. Gatys 2016 section 2: average pooling looks slightly better."""

    AVERAGE = "average"
    MAX = "max"


class Start(StrEnum):
    """The image that the optimization starts from when no image is given."""

    CONTENT = "content"
    NOISE = "noise"
    """Gray noise."""
    STYLE = "style"
    """Noise with the style picture's mean color and covariance."""


class LossScale(StrEnum):
    """How the content and style losses are normalized; the weights mean something else in each."""

    RELATIVE = "relative"
    """By the target's energy: a weight means the same for every size and picture."""
    GATYS = "gatys"
    """As in Gatys 2016, equations 1 and 4."""


class StyleStatistic(StrEnum):
    """What of the style's feature maps is matched."""

    GRAM = "gram"
    """The Gram matrices (Gatys 2016)."""
    WASSERSTEIN = "wasserstein"
    """Means and covariances, by the Wasserstein distance; always relative to the target's energy."""


class Color(StrEnum):
    """Whose colors the result has."""

    STYLE = "style"
    """The style picture's."""
    LUMINANCE = "luminance"
    """The render's: only the luminance is stylized."""
    MATCH = "match"
    """The render's palette: the style picture is recolored to it first."""


class Optimizer(StrEnum):
    """Which optimizer moves the pixels."""

    ADAM = "adam"
    LBFGS = "lbfgs"


class DeviceChoice(StrEnum):
    """Where the engine computes; `auto` takes the first of cuda, mps, cpu that there is."""

    AUTO = "auto"
    CUDA = "cuda"
    MPS = "mps"
    CPU = "cpu"


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


class WorkingDetail(StrEnum):
    """The size at which large frames are optimized; by device in `compositor.stylization.working_size`."""

    DRAFT = "draft"
    STANDARD = "standard"
    FINAL = "final"
    FULL = "full"
    """Their own, however long it takes."""


def setting(
    default: Any,
    help: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    unit: str = "",
) -> Any:
    """A dataclass field that carries what every user interface needs to show and check it."""
    return field(
        default=default, metadata={"help": help, "minimum": minimum, "maximum": maximum, "unit": unit}
    )


class Precision(StrEnum):
    """What the network's features are computed with; picture, Gram matrices and losses are always float32."""

    AUTO = "auto"
    """bfloat16 where the hardware has it and is faster with it, see `compositor.hardware.precision`."""
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


@dataclass(frozen=True)
class StyleSettings:
    """How one frame is stylized. Loss weights are relative: see `compositor.losses.terms` for their scale."""

    content_weight: float = setting(
        1.0, "How strongly the render's shapes are kept", minimum=0.0, maximum=1e6
    )
    style_weight: float = setting(
        11.0, "How strongly the style picture's strokes and colors are taken", minimum=0.0, maximum=1e9
    )
    tv_weight: float = setting(
        5.0, "Total variation: how strongly fine noise is smoothed away", minimum=0.0, maximum=1e6
    )
    content_layers: tuple[str, ...] = setting(
        ("relu4_2",), "Network layers that hold the content; relu4_2:0.5 gives one a weight"
    )
    style_layers: tuple[str, ...] = setting(
        ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"),
        "Network layers that hold the style; relu2_1:0.5 gives one a weight",
    )
    network: str = setting(
        "embedded",
        "Feature network: embedded, vgg16 or vgg19 (fetched on first use), or the path of a file",
    )
    input_normalization: InputNormalization = setting(
        InputNormalization.AUTO,
        "What a weights file was trained on; auto goes by the names of file and layers",
    )
    normalized_network: bool = setting(
        False, "Rescale the network so that every filter's mean activation over the style pictures is one"
    )
    pooling: Pooling = setting(Pooling.AVERAGE, "How the network shrinks its feature maps")
    loss_scale: LossScale = setting(LossScale.RELATIVE, "How content and style loss are normalized")
    style_statistic: StyleStatistic = setting(
        StyleStatistic.GRAM, "What of the style is matched: Gram matrices, or means and covariances"
    )
    color: Color = setting(Color.STYLE, "Whose colors the result has")
    strength: float = setting(1.0, "How much of the style is mixed with the render", minimum=0.0, maximum=1.0)
    red_gain: float = setting(1.0, "Factor on the result's red", minimum=0.0, maximum=4.0)
    green_gain: float = setting(1.0, "Factor on the result's green", minimum=0.0, maximum=4.0)
    blue_gain: float = setting(1.0, "Factor on the result's blue", minimum=0.0, maximum=4.0)
    style_size: int = setting(
        0, "Longer side of the style picture; 0 follows the frame's", minimum=0, maximum=8192, unit="px"
    )
    style_scale: float = setting(
        1.0,
        "Size of the strokes: a factor on the style picture's size",
        minimum=0.1,
        maximum=10.0,
    )
    start: Start = setting(Start.CONTENT, "Image that a frame without a predecessor starts from")
    optimizer: Optimizer = setting(
        Optimizer.LBFGS, "Optimizer: L-BFGS gets furthest in a step; Adam takes less memory"
    )
    learning_rate: float = setting(
        0.02, "Adam's step size, in units of the image's 0..1 range", minimum=1e-5, maximum=1.0
    )
    adam_beta1: float = setting(0.9, "Adam's memory of the gradient", minimum=0.0, maximum=0.9999)
    adam_beta2: float = setting(0.99, "Adam's memory of its square", minimum=0.0, maximum=0.99999)
    lbfgs_history: int = setting(20, "Steps that L-BFGS remembers", minimum=1, maximum=1000)
    steps: int = setting(
        200,
        "Optimization steps for a frame without a predecessor, over all scales",
        minimum=1,
        maximum=100_000,
    )
    coarsest_size: int = setting(
        256, "Longer side of the coarsest scale of the pyramid", minimum=32, maximum=4096, unit="px"
    )
    tolerance: float = setting(
        0.0,
        "Stop a scale when the loss falls by less than this share in 20 steps; 0 never stops early",
        minimum=0.0,
        maximum=1.0,
    )
    working_detail: WorkingDetail = setting(
        WorkingDetail.STANDARD,
        "Detail in which large frames are painted before they are brought up to their size: how large that is"
        " goes by the device; full paints them at their own size",
    )
    working_size: int = setting(
        0,
        "Longer side at which larger frames are painted and from which they are brought up; 0 goes by"
        " working_detail",
        minimum=0,
        maximum=16384,
        unit="px",
    )
    finishing_steps: int = setting(
        5,
        "Steps at full size that sharpen the strokes of a frame that was painted smaller and brought up",
        minimum=0,
        maximum=1000,
    )
    snapshot_every: int = setting(
        0, "Keep the picture and its losses every so many steps; 0 keeps none", minimum=0, maximum=100_000
    )
    seed: int = setting(0, "Seed of the noise", minimum=0, maximum=2**31 - 1)
    device: DeviceChoice = setting(DeviceChoice.AUTO, "Where the engine computes")
    precision: Precision = setting(
        Precision.AUTO, "Precision of the network's features; auto takes bfloat16 where it is faster"
    )

    def __post_init__(self) -> None:
        check_ranges(self)


S = TypeVar("S")


def check_ranges(settings: Any) -> None:
    """Raises SettingsError naming the first field whose value is outside its range."""
    for entry in fields(settings):
        value, low, high = getattr(settings, entry.name), entry.metadata["minimum"], entry.metadata["maximum"]
        below = low is not None and not value >= low
        if below or (high is not None and not value <= high):
            raise SettingsError(f"{entry.name} is {value}: it must be between {low} and {high}")


def settings_to_json(settings: Any) -> dict[str, Any]:
    """The settings as JSON values: enums as their strings, tuples as lists."""
    result: dict[str, Any] = {}
    for entry in fields(settings):
        value = getattr(settings, entry.name)
        if isinstance(value, Enum):
            value = value.value
        result[entry.name] = list(value) if isinstance(value, tuple) else value
    return result


def settings_from_json(kind: type[S], values: Mapping[str, Any]) -> S:
    """Builds `kind` from JSON values; fields that are absent keep their defaults.

    Raises:
        SettingsError: a name that is no setting, a value of the wrong type, or one outside its range.
    """
    known = {entry.name: entry for entry in fields(kind)}  # type: ignore[arg-type]
    for name in values:
        if name not in known:
            raise SettingsError(f"there is no setting {name!r}; there are: {', '.join(known)}")
    hints = get_type_hints(kind)
    return kind(**{name: _convert(known[name], hints[name], value) for name, value in values.items()})


def _convert(entry: Field[Any], hint: Any, value: Any) -> Any:
    wrong = SettingsError(f"{entry.name} is {value!r}: expected {describe_type(hint)}")
    if get_origin(hint) is tuple:
        item = get_args(hint)[0]
        if not isinstance(value, (list, tuple)) or not all(isinstance(each, item) for each in value):
            raise wrong
        return tuple(value)
    if issubclass(hint, Enum):
        try:
            return hint(value)
        except ValueError:
            raise wrong from None
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise wrong from None
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise wrong
    return value


def describe_type(hint: Any) -> str:
    """A type as a person would say it: 'one of average, max', 'a number', 'a list of names'."""
    if get_origin(hint) is tuple:
        return "a list of names"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return "one of " + ", ".join(member.value for member in hint)
    return {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}[hint]


def field_default(entry: Field[Any]) -> Any:
    """The default of a settings field (every setting has one)."""
    if entry.default is MISSING:
        raise SettingsError(f"{entry.name} has no default")
    return entry.default
