"""Settings of the feature network: its weights, its layers, and how its features are compared."""

from __future__ import annotations

from dataclasses import dataclass

from compositor.settings.choices import (
    InputNormalization,
    LossScale,
    Pooling,
    StyleStatistic,
)
from compositor.settings.info import Group, setting

NETWORK = Group.NETWORK


@dataclass(frozen=True)
class NetworkSettings:
    """Which features of a frame are compared with those of the style picture, and how."""

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
