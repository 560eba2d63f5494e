"""Compares the engine with the published method, by its objective: time, and the losses that both end with.

    python tests/benchmark/quality.py [--size 192] [--steps 500] [--contents 1] [--json]

Three contents by three styles, both ways in one process with the same network. The reference minimizes the
engine's own objective (see `compositor.benchmark.gatys_reference`), without the local style term, but with a
style weight of 15 where the settings here have 11: with equal weights the engine ends with a far lower style
loss and a slightly higher content loss, and neither column could be compared by itself. Every loss here is
the engine's relative loss at full size, whichever way a picture came about.
`until` is the time until ours was as good as the reference in the
end. `reference_by_itself` and `ours_by_reference` in the JSON output are the
objective as the reference computes it: another with `--network published`.

Sizes are multiples of 64, of which a picture takes 4:3: both sides are then multiples of 16, where the
engine's pooling and the reference's do the same. Below 200 px a step's time is mostly overhead, for both.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial

import numpy as np
import torch

from compositor.benchmark.gatys_reference import Reference, noise_start
from compositor.engine import StyleEngine
from compositor.image_ops.arrays import to_array, to_tensor
from compositor.losses import terms
from compositor.networks.weights import load_network
from compositor.progress import FrameCallbacks, Progress
from compositor.settings import DeviceChoice, StyleSettings, WorkingDetail
from compositor.stylization.frame_inputs import FrameInputs
from tests.benchmark.contents import contents
from video.paintings.painting import Painting, paint
from video.settings import Preset, with_preset

_CPU = torch.device("cpu")
_REFERENCE_STYLE_WEIGHT = 15.0


@dataclass(frozen=True)
class Scores:
    """What a picture took and how good it is: seconds, and the engine's losses at full size."""

    seconds: float
    style: float
    content: float
    total: float


@dataclass(frozen=True)
class Pair:
    """One content in one style, both ways; then the reference's own objective of each, and the seconds until
    ours was as good as the reference in the end, by the engine's objective; None if it never was."""

    content: str
    style: str
    reference: Scores
    ours: Scores
    reference_by_itself: float
    ours_by_reference: float
    until: float | None


class Bench:
    """One content, one style, and the measure of what comes of them."""

    def __init__(
        self, content: np.ndarray, style: np.ndarray, settings: StyleSettings, arguments: Arguments
    ) -> None:
        weights = load_network()
        self._settings = settings
        self._arguments = arguments
        self._content = content
        picture = to_tensor(content, _CPU)
        self._engine = StyleEngine(settings, style)
        published = arguments.network == "published"
        theirs = replace(settings, style_weight=_REFERENCE_STYLE_WEIGHT)
        self._reference = Reference(
            weights, picture, to_tensor(style, _CPU), theirs, published_network=published
        )
        self._start = noise_start(picture, weights) if arguments.start == "noise" else picture

    def compare(self, content_name: str, style_name: str) -> Pair:
        """Stylizes both ways and measures the results."""
        begun = time.perf_counter()
        theirs = self._reference.minimize(self._start, self._arguments.steps)
        between = time.perf_counter()
        way: list[tuple[float, float]] = []
        ours = self._engine.stylize(
            FrameInputs(self._content), callbacks=FrameCallbacks(progress=partial(self._note, way))
        ).optimized
        ended = time.perf_counter()
        scores = self._scores(to_array(theirs), between - begun)
        return Pair(
            content_name,
            style_name,
            scores,
            self._scores(ours, ended - between),
            self._reference.relative_objective(theirs),
            self._reference.relative_objective(to_tensor(ours, _CPU)),
            next((moment - between for moment, total in way if total <= scores.total), None),
        )

    def _note(self, way: list[tuple[float, float]], progress: Progress) -> None:
        """Keeps the moment and the objective of a step at full size; coarse scales are of other pictures."""
        if (progress.height, progress.width) == self._content.shape[:2]:
            way.append((time.perf_counter(), progress.losses["total"]))

    def _scores(self, image: np.ndarray, seconds: float) -> Scores:
        settings = self._settings
        content = self._engine.content_error(image, self._content)
        style = self._engine.style_error(image)
        tv = float(terms.tv_loss(to_tensor(image, _CPU)))
        weighted = settings.content_weight * content + settings.style_weight * style
        return Scores(seconds, style, content, weighted + settings.tv_weight * tv)


@dataclass(frozen=True)
class Arguments:
    """The command line's."""

    size: int
    steps: int
    contents: int
    start: str
    network: str
    json: bool


def main() -> None:
    arguments = _arguments()
    settings = replace(
        with_preset(Preset.STANDARD)[0],
        device=DeviceChoice.CPU,
        working_detail=WorkingDetail.FULL,
        # The published objective: the reference has neither contrast nor local style term.
        contrast_weight=0.0,
        style_weight=11.0,
        local_weight=0.0,
        tv_weight=5.0,
    )
    width, height = arguments.size, arguments.size * 3 // 4
    styles = {painting.value: paint(painting, width, height) for painting in Painting}
    if not arguments.json:
        print(_HEADINGS, flush=True)
    pairs: list[Pair] = []
    for content_name, content in list(contents(width, height).items())[: arguments.contents]:
        for style_name, style in styles.items():
            pairs.append(Bench(content, style, settings, arguments).compare(content_name, style_name))
            if not arguments.json:
                print(_row(pairs[-1]), flush=True)
    if arguments.json:
        print(json.dumps([asdict(pair) for pair in pairs], indent=2))
    else:
        print(_summary(pairs))


def _arguments() -> Arguments:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--size", type=int, default=192, help="picture width in px, a multiple of 64")
    parser.add_argument("--steps", type=int, default=500, help="steps of the reference")
    parser.add_argument("--contents", type=int, default=3, help="how many of the three contents")
    parser.add_argument("--start", choices=("content", "noise"), default="content", help="of the reference")
    parser.add_argument(
        "--network", choices=("engine", "published"), default="engine", help="of the reference"
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    arguments = Arguments(**vars(parser.parse_args()))
    if arguments.size % 64 or arguments.size <= 0:
        parser.error("--size must be a multiple of 64")
    return arguments


_HEADINGS = (
    f"{'':21}{'seconds':^25}  {'style loss':^19}  {'content loss':^17}  {'objective':^17}\n"
    f"{'content':11}{'style':8}{'ref':>7}{'ours':>7}{'ratio':>7}{'until':>6}"
    + "".join(f"  {'ref':>8}{'ours':>9}" for _ in range(3))
)


def _row(pair: Pair) -> str:
    theirs, ours = pair.reference, pair.ours
    columns = (theirs.style, ours.style, theirs.content, ours.content, theirs.total, ours.total)
    return (
        f"{pair.content:11}{pair.style:8}{theirs.seconds:7.1f}{ours.seconds:7.1f}"
        f"{ours.seconds / theirs.seconds:7.3f}{pair.until or math.nan:6.1f}"
        + "".join(f"{'  ' if index % 2 == 0 else ' '}{value:8.4f}" for index, value in enumerate(columns))
    )


def _summary(pairs: Sequence[Pair]) -> str:
    """Medians over the pairs of ours over the reference's, and how many pairs we are no worse in."""
    lines = ["", f"{'ours / reference':18}{'median':>8}{'worst':>8}   no worse in"]
    for name in ("seconds", "style", "content", "total"):
        ratios = [getattr(pair.ours, name) / getattr(pair.reference, name) for pair in pairs]
        wins = sum(ratio <= 1.0 for ratio in ratios)
        lines.append(f"{name:18}{statistics.median(ratios):8.3f}{max(ratios):8.3f}   {wins} of {len(pairs)}")
    shares = [math.inf if each.until is None else each.until / each.reference.seconds for each in pairs]
    lines.append(
        f"seconds until the reference's objective, of its: median {statistics.median(shares):.3f},"
        f" worst {max(shares):.3f}"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
