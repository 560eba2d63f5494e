"""Loss weights of a frame: those of the settings, turned towards detail or paint, and of its octaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from compositor.losses.style_targets import active_local_layers, active_window_layers, compared_layers
from compositor.networks.features import FeatureNetwork
from compositor.networks.layer_weights import layer_weights
from compositor.settings import StyleSettings

# Factors at `paint` 1; at 0 they are the inverse. Found by eye, on a figure in a room and an orbit, each with
# three paintings: at 0 strokes only color and roughen the render, at 1 its large shapes are left.
_CONTENT_SPAN, _STYLE_SPAN, _LOCAL_SPAN = 1.0 / 3.0, 1.5, 3.0

# From this share of an octave's size on the last octave sees nearly all that its deep layers would see.
_NEAR = 0.55

# Factor on content and windows in finer octaves; the last one has the rest. It sees shapes and the order of
# strokes as they are seen in the whole frame.
_FINER = 0.5


@dataclass(frozen=True)
class LossWeights:
    """Factors on the losses of `StyleObjective`; the style's is without a warm frame's style gain."""

    content: float
    contrast: float
    style: float
    local: float

    @classmethod
    def of(cls, settings: StyleSettings) -> LossWeights:
        """The weights of the settings, times what `paint` makes of them: 1 at its default, 0.5."""
        turn = 2.0 * settings.paint - 1.0
        return cls(
            content=settings.content_weight * _CONTENT_SPAN**turn,
            contrast=settings.contrast_weight * _CONTENT_SPAN**turn,
            style=settings.style_weight * _STYLE_SPAN**turn,
            local=settings.local_weight * _LOCAL_SPAN**turn,
        )


@dataclass(frozen=True)
class OctaveLosses:
    """What an octave of `StyleObjective` compares, and by how much it counts in the mean over the octaves.

    Attributes:
        settings: with the layers that it compares.
        is_finer: coarser octaves follow.
        content_factor: of the content loss.
        windows_factor: of the local style's windows.
    """

    settings: StyleSettings
    is_finer: bool = False
    content_factor: float = 1.0
    windows_factor: float = 1.0


def octave_losses(
    settings: StyleSettings, network: FeatureNetwork, sizes: Sequence[tuple[int, int]]
) -> list[OctaveLosses]:
    """What the octaves of the sizes (height, width), fine to coarse, compare; of one alone, all layers."""
    last = max(sizes[-1])
    finer = [_settings_of_finer(settings, network, last >= _NEAR * max(size)) for size in sizes[:-1]]
    compared = [*finer, settings]
    content = _factors([bool(each.content_layers) for each in compared])
    windows = _factors([bool(each.window_layers) for each in compared])
    return [
        OctaveLosses(own, is_finer=index < len(finer), content_factor=first, windows_factor=second)
        for index, (own, first, second) in enumerate(zip(compared, content, windows, strict=True))
    ]


def _factors(present: Sequence[bool]) -> list[float]:
    """The factors of a loss for each octave, fine to coarse, some of which have it; their mean is 1."""
    finer = [_FINER if each else 0.0 for each in present[:-1]]
    return [*finer, len(present) - sum(finer)] if present[-1] else [1.0] * len(present)


def _settings_of_finer(settings: StyleSettings, network: FeatureNetwork, near: bool) -> StyleSettings:
    """The settings of an octave that coarser ones follow.

    It has no style layers for which it would go deeper than for the rest: they take a sixth of a step in
    VGG-16. With the last octave near, it has no layers deeper than the local features': they take half of a
    step, and what they tell, shapes and how strokes go together, is seen by the last one nearly as well. Far
    from it, the content would get lost: a loss of 2.5 at 960 px, where it is 1.5 with all layers.
    """
    depth = {name: index for index, name in enumerate(network.layers)}
    decisive = list(active_local_layers(settings))
    if not near:
        decisive += [*layer_weights(settings.content_layers), *active_window_layers(settings)]
    deepest = max(depth[name] for name in decisive or compared_layers(settings))

    def kept(names: tuple[str, ...]) -> tuple[str, ...]:
        weights = layer_weights(names)
        return tuple(f"{name}:{weight}" for name, weight in weights.items() if depth[name] <= deepest)

    return replace(
        settings,
        content_layers=kept(settings.content_layers),
        style_layers=kept(settings.style_layers) or settings.style_layers,
        window_layers=kept(settings.window_layers),
    )
