"""Objective of one scale: weighted content, contrast, style, local style, smoothness and temporal loss."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from compositor.image_ops.resize import reduced
from compositor.losses import terms
from compositor.losses.contrast_term import ContrastTerm
from compositor.losses.feature_objective import WEIGHTED, ActiveRegion, FeatureObjective, Region
from compositor.losses.loss_weights import LossWeights, OctaveLosses
from compositor.losses.temporal_term import SMOOTHING, SPECKLE, TemporalTerm
from compositor.networks.features import FeatureNetwork
from compositor.settings import StyleSettings
from compositor.tiling.windows import Window


class StyleObjective:
    """Losses of an image against one frame's content and its styles (Gatys 2016, equation 7, extended).

    The losses of features are means over octaves: of the image, of the same at about half its size, and so
    on. What the network sees of a stroke has a fixed size in pixels. Optimized at one size alone, a large
    frame gets many small strokes, and seen as a whole it has neither the painting's nor its shapes.

    Args:
        content: (1, 3, H, W), sRGB in 0..1.
        regions: the styles and where they apply.
        visible: (1, 1, H, W) in 0..1, for the total variation; None for an opaque frame.
        temporal_term: ties the image to the frame before.
        windows: that the frame is computed in; None for the frame as one.
        active_region: the part that changes; None for all of it.
        octave: what is compared at full size; None for all.
        coarser: the other octaves, each smaller than the one before (`reduced`).
    """

    def __init__(
        self,
        network: FeatureNetwork,
        settings: StyleSettings,
        content: Tensor,
        regions: Sequence[Region],
        *,
        visible: Tensor | None = None,
        temporal_term: TemporalTerm | None = None,
        windows: Sequence[Window] | None = None,
        active_region: ActiveRegion | None = None,
        octave: OctaveLosses | None = None,
        coarser: Sequence[FeatureObjective] = (),
    ) -> None:
        self._weights = LossWeights.of(settings)
        self._tv_weight = settings.tv_weight
        self._visible = visible
        self._temporal_term = temporal_term
        self._contrast_term = ContrastTerm(content, visible) if self._weights.contrast > 0.0 else None
        full_size = FeatureObjective(
            network,
            octave or OctaveLosses(settings),
            content,
            regions,
            style_gain=1.0 if temporal_term is None else temporal_term.style_gain,
            emphasis=None if temporal_term is None else temporal_term.emphasis,
            windows=windows,
            active_region=active_region,
        )
        self._octaves = [full_size, *coarser]

    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        """The losses of an image (1, 3, H, W) by name, scalars.

        `content`, `style`, `tv`, with their weights above 0 `contrast` and `local`, and with a temporal term
        `temporal` are unweighted; `total` is weighted.
        """
        with torch.no_grad():
            octaves = [
                objective(each) for objective, each in zip(self._octaves, self._sizes(image), strict=True)
            ]
            return _joined(octaves, *self._image_losses(image))

    def value_and_grad(self, image: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """The losses of an image (1, 3, H, W), and the gradient of their total, of its shape."""
        leaf = image.detach().requires_grad_(True)
        sizes = self._sizes(leaf)
        found = [
            objective.value_and_grad(each.detach())
            for objective, each in zip(self._octaves, sizes, strict=True)
        ]
        losses, weighted = self._image_losses(leaf)
        # The octaves' gradients are led back through the reductions.
        of_features = terms.with_gradients(sizes, [each / len(sizes) for _, each in found])
        (gradient,) = torch.autograd.grad(weighted + of_features, leaf)
        result = _joined([each for each, _ in found], losses, weighted)
        return {name: value.detach() for name, value in result.items()}, gradient

    def renew(self) -> None:
        """Has the targets of the local style loss found anew for the image that is given next."""
        for each in self._octaves:
            each.renew()

    def _sizes(self, image: Tensor) -> list[Tensor]:
        """The image at the size of each octave."""
        sizes = [image]
        for octave in self._octaves[1:]:
            sizes.append(reduced(sizes[-1], *octave.size))
        return sizes

    def _image_losses(self, image: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """The losses that are taken from the pixels themselves, and their weighted sum; differentiable."""
        losses = {"tv": terms.tv_loss(image, self._visible)}
        term, noise = self._temporal_term, losses["tv"]
        if term is not None:
            noise = SMOOTHING * noise + SPECKLE * terms.speckle_loss(image, self._visible)
        weighted = self._tv_weight * noise
        if self._contrast_term is not None:
            losses["contrast"] = self._contrast_term(image)
            weighted = weighted + self._weights.contrast * losses["contrast"]
        if term is not None:
            losses["temporal"] = terms.temporal_loss(image, term.target, term.reliability)
            weighted = weighted + term.weight * losses["temporal"]
        return losses, weighted


def _joined(
    octaves: Sequence[dict[str, Tensor]], image_losses: dict[str, Tensor], weighted: Tensor
) -> dict[str, Tensor]:
    """All losses by name: means over the octaves, those of the pixels, and the total."""
    means = {name: torch.stack([each[name] for each in octaves]).mean() for name in octaves[0]}
    total = means.pop(WEIGHTED) + weighted
    return means | image_losses | {"total": total}
