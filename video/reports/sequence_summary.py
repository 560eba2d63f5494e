"""Summary of a styled sequence: means over the frames, noise relative to the first frame, light."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compositor.losses.local_style_distance import WINDOW_CELLS
from video.reports.frame_measure import MEASURES, FrameMeasure
from video.reports.light import light

# The first frame's noise counts as so much at least: one outlier in ten thousand pixels, and a mean distance
# of 1/40 of an 8-bit level. A first frame that has none would make any other infinitely worse.
_LEAST_NOISE = 1e-4

SUMMARY_TITLES = {
    **{
        f"revealed_to_rest_{layer}": f"local style distance, revealed ÷ rest, {layer}"
        for layer in WINDOW_CELLS
    },
    "outliers_worst_to_first": "outliers, worst frame ÷ first",
    "outliers_mean_to_first": "outliers, mean of the later ÷ first",
    "edge_noise_worst_to_first": "edge noise, worst frame ÷ first",
    "edge_noise_mean_to_first": "edge noise, mean of the later ÷ first",
    "light_slope": "light: slope of styled over rendered luma",
    "light_correlation": "light: correlation with the render",
}
"""What is known of the sequence as a whole, by its name in JSON."""


def means(measured: Sequence[FrameMeasure]) -> dict[str, float | None]:
    """The mean of each measure over the frames that have it."""
    found: dict[str, float | None] = {}
    for measure in MEASURES:
        values = [value for each in measured if (value := measure.of(each)) is not None]
        found[measure.name] = float(np.mean(values)) if values else None
    return found


def summary(measured: Sequence[FrameMeasure]) -> dict[str, float | None]:
    """What is known of the sequence as a whole, as `SUMMARY_TITLES` names it."""
    outliers_worst, outliers_mean = _to_first([each.outliers for each in measured])
    edges_worst, edges_mean = _to_first([each.edge_noise for each in measured])
    lumas = [
        (each.rendered_luma, each.styled_luma)
        for each in measured
        if each.rendered_luma is not None and each.styled_luma is not None
    ]
    followed = light([rendered for rendered, _ in lumas], [styled for _, styled in lumas])
    return {
        **{f"revealed_to_rest_{layer}": _revealed_to_rest(measured, layer) for layer in WINDOW_CELLS},
        "outliers_worst_to_first": outliers_worst,
        "outliers_mean_to_first": outliers_mean,
        "edge_noise_worst_to_first": edges_worst,
        "edge_noise_mean_to_first": edges_mean,
        "light_slope": None if followed is None else followed.slope,
        "light_correlation": None if followed is None else followed.correlation,
    }


def _revealed_to_rest(measured: Sequence[FrameMeasure], layer: str) -> float | None:
    """The mean distance of what was revealed over that of the rest, in the frames that have both."""
    pairs = [
        (each.revealed_style[layer].mean, each.rest_style[layer].mean)
        for each in measured
        if each.revealed_style is not None and each.rest_style is not None
    ]
    revealed, rest = (sum(values) for values in zip(*pairs, strict=True)) if pairs else (0.0, 0.0)
    return revealed / rest if rest else None


def _to_first(values: Sequence[float | None]) -> tuple[float | None, float | None]:
    """The worst and the mean value of the later frames, relative to the first frame's."""
    later = [value for value in values[1:] if value is not None]
    if not later or values[0] is None:
        return None, None
    first = max(values[0], _LEAST_NOISE)
    return max(later) / first, float(np.mean(later)) / first
