"""What is measured of a styled frame, and how it is named in tables, JSON and plots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from compositor.losses.local_style_distance import WINDOW_CELLS, DistanceSummary
from video.reports.high_frequency import HighFrequency

LONG_TERM = 4
"""Frames between the two that the long-term warp error compares."""

ByLayer = Mapping[str, DistanceSummary] | None


@dataclass(frozen=True)
class FrameMeasure:
    """The metrics of one frame; None where there is nothing to compare with, or no style was given.

    Attributes:
        warp_error: to the previous frame, see `video.motion.warp_error`; None for the first of a shot.
        long_warp_error: the same to the frame `LONG_TERM` before.
        style, content: losses as `compositor.losses.terms` defines them.
        local_style: the local style distance by layer, see `compositor.losses.local_style_distance`.
        revealed_style: that of the windows at least half of which the first frame of the shot did not show.
        rest_style: that of the windows at least half of which it did show.
        outliers: share of the pixels, see `pixel_noise.outlier_share`.
        edge_noise: see `pixel_noise.edge_noise`; None without a depth pass or without edges.
        imprint: see `imprint`; None without depth and motion vectors.
        high_frequency: relative to the paintings', see `high_frequency`.
        styled_luma, rendered_luma: mean of the styled and of the rendered frame, see `light.mean_luma`.
    """

    number: int
    warp_error: float | None = None
    long_warp_error: float | None = None
    style: float | None = None
    content: float | None = None
    local_style: ByLayer = None
    revealed_style: ByLayer = None
    rest_style: ByLayer = None
    outliers: float | None = None
    edge_noise: float | None = None
    imprint: float | None = None
    high_frequency: HighFrequency | None = None
    styled_luma: float | None = None
    rendered_luma: float | None = None


class MeasureTable(Enum):
    """The tables that the measures are shown in; the value is the title."""

    SEQUENCE = "flicker and losses"
    LOCAL_STYLE = "local style distance"
    REVEALED = "local style distance of what the first frame did not show"
    PICTURE = "noise and fine detail"
    LIGHT = "mean luma"


@dataclass(frozen=True)
class Measure:
    """One figure of a frame.

    Attributes:
        name: in JSON.
        heading: in its table.
        panel: label of its panel in a plot; measures of the same panel share it.
        of: its value.
    """

    name: str
    heading: str
    table: MeasureTable
    panel: str
    of: Callable[[FrameMeasure], float | None]


def _plain(name: str, heading: str, table: MeasureTable, panel: str | None = None) -> Measure:
    """A measure that is an attribute of `FrameMeasure`."""
    return Measure(name, heading, table, panel or heading, lambda frame: getattr(frame, name))


def _by_layer(name: str, part: str, table: MeasureTable, panel: str) -> list[Measure]:
    """Mean and 90th percentile of an attribute that is a `ByLayer`."""
    found: list[Measure] = []
    for layer in WINDOW_CELLS:
        for figure, ending, heading in (("mean", "", layer), ("p90", "_p90", "90 %")):
            found.append(
                Measure(f"{name}_{layer}{ending}", heading, table, panel, _summary_of(part, layer, figure))
            )
    return found


def _summary_of(part: str, layer: str, figure: str) -> Callable[[FrameMeasure], float | None]:
    def value(frame: FrameMeasure) -> float | None:
        summaries: ByLayer = getattr(frame, part)
        return None if summaries is None else getattr(summaries[layer], figure)

    return value


def _fine(channel: str) -> Measure:
    def value(frame: FrameMeasure) -> float | None:
        return None if frame.high_frequency is None else getattr(frame.high_frequency, channel)

    return Measure(f"fine_{channel}", f"fine {channel}", MeasureTable.PICTURE, "fine detail", value)


MEASURES: tuple[Measure, ...] = (
    _plain("warp_error", "warp error", MeasureTable.SEQUENCE),
    _plain("long_warp_error", f"over {LONG_TERM} frames", MeasureTable.SEQUENCE),
    _plain("style", "style loss", MeasureTable.SEQUENCE),
    _plain("content", "content loss", MeasureTable.SEQUENCE),
    *_by_layer("local", "local_style", MeasureTable.LOCAL_STYLE, "local style\n(dashed: 90 %)"),
    *_by_layer("revealed", "revealed_style", MeasureTable.REVEALED, "revealed\n(dashed: 90 %)"),
    _plain("outliers", "outliers", MeasureTable.PICTURE),
    _plain("edge_noise", "edge noise", MeasureTable.PICTURE),
    _plain("imprint", "imprint", MeasureTable.PICTURE),
    _fine("luma"),
    _fine("chroma"),
    _plain("styled_luma", "styled", MeasureTable.LIGHT, "mean luma"),
    _plain("rendered_luma", "rendered", MeasureTable.LIGHT, "mean luma"),
)
"""Every measure, in the order in which they are shown."""
