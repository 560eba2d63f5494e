"""Loss weights of a frame: those of the settings, turned towards detail or towards paint by one of them."""

from __future__ import annotations

from dataclasses import dataclass

from compositor.settings import StyleSettings

# Factors at `paint` 1; at 0 they are the inverse. Found by eye, on a figure in a room and an orbit, each with
# three paintings: at 0 strokes only color and roughen the render, at 1 its large shapes are left.
_CONTENT_SPAN, _STYLE_SPAN, _LOCAL_SPAN = 1.0 / 3.0, 1.5, 3.0


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
