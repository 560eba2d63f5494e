"""What the eye sees of whole shots: real scenes in real paintings, by the measures of `metrics`.

    python tests/benchmark/eye.py --style PAINTING.jpg [--scenes orbit,still] [--frames 24] [--width 480]
                                  [--against CHECKOUT] [--work DIR] [OPTIONS OF stylize ...]

Scenes are rendered by Blender with passes, stylized by `blender-nst stylize` and measured by `metrics`, all
by this checkout; with `--against` they are stylized by another one too, such as a worktree of a release, and
measured the same way. The ratios of the values, this checkout's over the other's, stand beside them then.

`local` is the mean distance of local style, `p90` its 90th percentile, `revealed` that of pixels that came
into view over that of the rest, each for relu2_1, relu3_1 and relu4_1. `outliers` and `edges` are the worst
frame over the first. The frames stay in `--work`, to be looked at; what is there is not made again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmark.coherence import render_scene
from video.images.image_files import write_png
from video.paintings.painting import Painting, paint

SCENES = ("orbit", "still", "pan", "fade", "foliage")
_LAYERS = ("relu2_1", "relu3_1", "relu4_1")
_HERE = Path(__file__).parents[2]
# Of any checkout; older ones have another module for the console script.
_ENTRY = "from blender_nst.cli.app import main; main()"


def main() -> None:
    arguments, options = _arguments()
    with tempfile.TemporaryDirectory(prefix="eye-") as scratch:
        work = (arguments.work or Path(scratch)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        # Scenes are rendered by a command that stylizes; this style is not seen.
        write_png(work / "style.png", paint(Painting.SWIRLS, 64, 48))
        for name in arguments.scenes:
            render_scene(name, arguments.frames, arguments.width, work)
            rendered = work / f"{name}-{arguments.frames}-{arguments.width}"
            other = None
            if arguments.against is not None:
                checkout = arguments.against.resolve()
                other = _measured(checkout, rendered, arguments.style, f"{arguments.name}-against", [])
            mine = _measured(_HERE, rendered, arguments.style, arguments.name, options)
            print("\n".join(_rows(name, mine, other)), flush=True)


def _arguments() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--style", type=Path, required=True, help="a painting")
    parser.add_argument("--scenes", type=lambda text: text.split(","), default=list(SCENES))
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--width", type=int, default=480, help="of the frames, which are 16:9")
    parser.add_argument("--against", type=Path, default=None, help="another checkout")
    parser.add_argument("--work", type=Path, default=None, help="folder to keep everything in")
    parser.add_argument("--name", default="styled", help="of the results in the work folder")
    return parser.parse_known_args()


def _measured(
    checkout: Path, rendered: Path, style: Path, name: str, options: Sequence[str]
) -> dict[str, Any]:
    """What `metrics` says of the frames, stylized by a checkout where that has not been done."""
    out = rendered / f"{name}-{style.stem}"
    given = ["--passes", str(rendered / "passes"), "--style", str(style.resolve())]
    _run(checkout, "stylize", [str(rendered / "content"), *given, "--out", str(out), "--no-movie", *options])
    content = ["--content", str(rendered / "content"), "--json"]
    text = _run(_HERE, "metrics", [str(out), *content, *given])
    measured = json.loads(text)
    (out / "metrics.json").write_text(text, "utf-8")
    return measured["all"] | {"imprint_worst": _worst(measured["frames"], "imprint")}


def _run(checkout: Path, command: str, arguments: Sequence[str]) -> str:
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    done = subprocess.run(
        [sys.executable, "-c", _ENTRY, command, *arguments],
        env=environment,
        cwd=checkout,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise SystemExit(f"{command} in {checkout}: {done.stderr[-2000:]}")
    return done.stdout


def _worst(frames: Sequence[Mapping[str, float | None]], name: str) -> float | None:
    values = [value for frame in frames if (value := frame[name]) is not None]
    return max(values, default=None)


def _rows(scene: str, mine: Mapping[str, Any], other: Mapping[str, Any] | None) -> list[str]:
    """The table of a scene: a line a measure, its value here, there, and their ratio."""
    rows = [f"{scene:10}{'here':>26}" + ("" if other is None else f"{'against':>26}{'ratio':>22}")]
    for title, names in _measures().items():
        here, there = (None if each is None else [each.get(name) for name in names] for each in (mine, other))
        line = f"  {title:12}{_values(here):>22}"
        if there is not None and here is not None:
            ratios = [a / b if a is not None and b else None for a, b in zip(here, there, strict=True)]
            line += f"{_values(there):>26}{_values(ratios):>22}"
        rows.append(line)
    return rows


def _measures() -> dict[str, list[str]]:
    return {
        "local": [f"local_{layer}" for layer in _LAYERS],
        "p90": [f"local_{layer}_p90" for layer in _LAYERS],
        "revealed": [f"revealed_to_rest_{layer}" for layer in _LAYERS],
        "content": ["content"],
        "style": ["style"],
        "outliers": ["outliers_worst_to_first", "outliers_mean_to_first"],
        "edges": ["edge_noise_worst_to_first", "edge_noise_mean_to_first"],
        "imprint": ["imprint", "imprint_worst"],
        "warp error": ["warp_error"],
        "light": ["light_slope", "light_correlation"],
        "fine": ["fine_luma", "fine_chroma"],
    }


def _values(values: Sequence[float | None] | None) -> str:
    return " / ".join("–" if value is None else f"{value:.3g}" for value in values or [])


if __name__ == "__main__":
    main()
