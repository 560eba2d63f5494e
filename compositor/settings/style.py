"""The settings of one frame: the losses, the strokes, the network, the optimization."""

from __future__ import annotations

from dataclasses import dataclass

from compositor.settings.choices import (
    Color,
    DeviceChoice,
    InputNormalization,
    LossScale,
    Optimizer,
    Pooling,
    Precision,
    Start,
    StyleStatistic,
    WorkingDetail,
)
from compositor.settings.info import Group, setting
from compositor.settings.values import check_ranges

LOOK, STROKES, COLOR = Group.LOOK, Group.STROKES, Group.COLOR
OPTIMIZATION, NETWORK, OUTPUT = Group.OPTIMIZATION, Group.NETWORK, Group.OUTPUT


@dataclass(frozen=True)
class StyleSettings:
    """How one frame is stylized. Loss weights are relative: see `compositor.losses.terms` for their scale."""

    strength: float = setting(
        LOOK, 1.0, "Strength", "How much of the style is mixed with the render", minimum=0.0, maximum=1.0
    )
    paint: float = setting(
        LOOK,
        0.5,
        "Paint",
        "From the render's detail (0) to the style picture's strokes (1): turns content, style and local"
        " weight together",
        minimum=0.0,
        maximum=1.0,
    )
    style_weight: float = setting(
        LOOK,
        9.0,
        "Style Weight",
        "How strongly the style picture's strokes and colors are taken over the frame as a whole",
        advanced=True,
        minimum=0.0,
        maximum=1e9,
    )
    content_weight: float = setting(
        LOOK,
        1.0,
        "Content Weight",
        "How strongly the render's shapes are kept",
        advanced=True,
        minimum=0.0,
        maximum=1e6,
    )
    local_weight: float = setting(
        LOOK,
        2.5,
        "Local Weight",
        "How strongly every place is painted as the part of the style picture that it is most like; 0 matches"
        " the frame as a whole alone, as Gatys 2016",
        advanced=True,
        minimum=0.0,
        maximum=1e6,
    )
    color: Color = setting(LOOK, Color.STYLE, "Color", "Whose colors the result has", formerly="colour")
    style_scale: float = setting(
        STROKES,
        1.0,
        "Style Scale",
        "Size of the strokes: a factor on the style picture's size",
        minimum=0.1,
        maximum=10.0,
    )
    style_size: int = setting(
        STROKES,
        0,
        "Style Size",
        "Longer side of the style picture; 0 follows the frame's",
        advanced=True,
        minimum=0,
        maximum=8192,
        unit="px",
    )
    tv_weight: float = setting(
        STROKES,
        10.0,
        "TV Weight",
        "Total variation: how strongly fine noise is smoothed away",
        minimum=0.0,
        maximum=1e6,
    )
    red_gain: float = setting(COLOR, 1.0, "Red Gain", "Factor on the result's red", minimum=0.0, maximum=4.0)
    green_gain: float = setting(
        COLOR, 1.0, "Green Gain", "Factor on the result's green", minimum=0.0, maximum=4.0
    )
    blue_gain: float = setting(
        COLOR, 1.0, "Blue Gain", "Factor on the result's blue", minimum=0.0, maximum=4.0
    )
    steps: int = setting(
        OPTIMIZATION,
        200,
        "Steps",
        "Optimization steps for a frame without a predecessor, over all scales",
        minimum=1,
        maximum=100_000,
        draft=60,
        final=400,
    )
    working_detail: WorkingDetail = setting(
        OPTIMIZATION,
        WorkingDetail.STANDARD,
        "Working Detail",
        "Detail in which large frames are optimized before they are upsampled to their size: how large that"
        " is goes by the device; full optimizes them at their own size",
        draft=WorkingDetail.DRAFT,
        final=WorkingDetail.FINAL,
        changes_pixels=False,  # the size that comes of it is compared frame by frame, see `Journal.resumed`
    )
    device: DeviceChoice = setting(
        OPTIMIZATION,
        DeviceChoice.AUTO,
        "Device",
        "Where the engine computes",
        changes_pixels=False,
        in_presets=False,
    )
    working_size: int = setting(
        OPTIMIZATION,
        0,
        "Working Size",
        "Longer side at which larger frames are optimized and from which they are upsampled; 0 goes by"
        " working_detail",
        advanced=True,
        minimum=0,
        maximum=16384,
        unit="px",
        changes_pixels=False,  # as working_detail
    )
    finishing_steps: int = setting(
        OPTIMIZATION,
        5,
        "Finishing Steps",
        "Steps at full size that sharpen the strokes of a frame that was optimized smaller and upsampled",
        advanced=True,
        minimum=0,
        maximum=1000,
        draft=0,
        final=10,
    )
    coarsest_size: int = setting(
        OPTIMIZATION,
        256,
        "Coarsest Size",
        "Longer side of the coarsest scale of the pyramid",
        advanced=True,
        minimum=32,
        maximum=4096,
        unit="px",
        final=192,
    )
    tolerance: float = setting(
        OPTIMIZATION,
        0.0,
        "Tolerance",
        "Stop a scale when the loss falls by less than this share in 20 steps; 0 never stops early",
        advanced=True,
        minimum=0.0,
        maximum=1.0,
    )
    start: Start = setting(
        OPTIMIZATION,
        Start.CONTENT,
        "Start",
        "Image that a frame without a predecessor starts from",
        advanced=True,
    )
    seed: int = setting(
        OPTIMIZATION, 0, "Seed", "Seed of the noise", advanced=True, minimum=0, maximum=2**31 - 1
    )
    optimizer: Optimizer = setting(
        OPTIMIZATION,
        Optimizer.LBFGS,
        "Optimizer",
        "Optimizer: L-BFGS gets furthest in a step; Adam takes less memory",
        advanced=True,
    )
    lbfgs_history: int = setting(
        OPTIMIZATION,
        20,
        "L-BFGS History",
        "Steps that L-BFGS remembers",
        advanced=True,
        minimum=1,
        maximum=1000,
    )
    learning_rate: float = setting(
        OPTIMIZATION,
        0.02,
        "Learning Rate",
        "Adam's step size, in units of the image's 0..1 range",
        advanced=True,
        minimum=1e-5,
        maximum=1.0,
    )
    adam_beta1: float = setting(
        OPTIMIZATION,
        0.9,
        "Adam Beta 1",
        "Decay of Adam's running mean of the gradient",
        advanced=True,
        minimum=0.0,
        maximum=0.9999,
    )
    adam_beta2: float = setting(
        OPTIMIZATION,
        0.99,
        "Adam Beta 2",
        "Decay of Adam's running mean of the gradient's square",
        advanced=True,
        minimum=0.0,
        maximum=0.99999,
    )
    precision: Precision = setting(
        OPTIMIZATION,
        Precision.AUTO,
        "Precision",
        "Precision of the network's features; auto takes bfloat16 where it is faster",
        advanced=True,
    )
    network: str = setting(
        NETWORK,
        "embedded",
        "Network",
        "Feature network: embedded, vgg16 or vgg19 (fetched on first use), or the path of a file",
    )
    style_statistic: StyleStatistic = setting(
        NETWORK,
        StyleStatistic.GRAM,
        "Style Statistic",
        "What of the style is matched: Gram matrices, or means and covariances",
    )
    content_layers: tuple[str, ...] = setting(
        NETWORK,
        ("relu4_2",),
        "Content Layers",
        "Network layers that hold the content; relu4_2:0.5 gives one a weight",
        advanced=True,
    )
    style_layers: tuple[str, ...] = setting(
        NETWORK,
        ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"),
        "Style Layers",
        "Network layers that hold the style; relu2_1:0.5 gives one a weight",
        advanced=True,
    )
    local_layers: tuple[str, ...] = setting(
        NETWORK,
        ("relu3_1",),
        "Local Layers",
        "Network layers at which every place is painted as the most similar one of the style picture;"
        " relu3_1:0.5 gives one a weight",
        advanced=True,
    )
    window_layers: tuple[str, ...] = setting(
        NETWORK,
        ("relu4_1",),
        "Window Layers",
        "Network layers at which every part of the frame is put together as the most similar part of the"
        " style picture",
        advanced=True,
    )
    pooling: Pooling = setting(
        NETWORK, Pooling.AVERAGE, "Pooling", "How the network shrinks its feature maps", advanced=True
    )
    loss_scale: LossScale = setting(
        NETWORK,
        LossScale.RELATIVE,
        "Loss Scale",
        "How content and style loss are normalized",
        advanced=True,
    )
    input_normalization: InputNormalization = setting(
        NETWORK,
        InputNormalization.AUTO,
        "Input Normalization",
        "What a weights file was trained on; auto goes by the names of file and layers",
        advanced=True,
    )
    normalized_network: bool = setting(
        NETWORK,
        False,
        "Normalized Network",
        "Rescale the network so that every filter's mean activation over the style pictures is one",
        advanced=True,
    )
    snapshot_every: int = setting(
        OUTPUT,
        0,
        "Snapshot Every",
        "Keep the picture and its losses every so many steps; 0 keeps none",
        advanced=True,
        minimum=0,
        maximum=100_000,
        changes_pixels=False,
    )

    def __post_init__(self) -> None:
        check_ranges(self)
