"""What it saves to optimize only the part of a frame that changes: warm frames with and without.

    python tests/benchmark/focus.py [--scenes still,shadow] [--frames 3] [--width 480] [--work DIR]

The engine looks at the part that is not at rest, with the network's reach of 58 px around it, and takes the
rest of the Gram matrices from the frame before; only if that part is small enough to pay. Both ways run in
one process over the same frames, by motion vectors, at the frames' own size.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from compositor.engine import StyleEngine
from compositor.settings import WorkingDetail
from compositor.stylization import multiscale
from tests.benchmark.coherence import render_scene, style_loss, stylize
from video.images.image_files import write_png
from video.paintings.painting import Painting, paint
from video.settings import MotionSource, Preset, SequenceSettings, with_preset


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="focus-") as scratch:
        work = arguments.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        style = paint(Painting.SWIRLS, arguments.width, arguments.width * 3 // 4)
        write_png(work / "style.png", style)
        settings, sequence = with_preset(Preset.STANDARD, sequence=SequenceSettings(movie=False))
        engine = StyleEngine(replace(settings, working_detail=WorkingDetail.FULL), style)
        print(f"{'scene':8}{'':8}{'s/frame':>9}{'style':>9}", flush=True)
        for name in arguments.scenes:
            scene = render_scene(name, arguments.frames, arguments.width, work)
            seconds: list[float] = []
            for label, worth in (("whole", 0.0), ("part", multiscale.MAX_ACTIVE_SHARE)):
                with patch.object(multiscale, "MAX_ACTIVE_SHARE", worth):
                    styled = stylize(scene, MotionSource.VECTORS, engine, sequence, work / name / label)
                seconds.append(styled.seconds)
                style_error = style_loss(engine, styled)
                print(f"{name:8}{label:8}{styled.seconds:9.2f}{style_error:9.4f}", flush=True)
            print(f"{name:8}{'ratio':8}{seconds[1] / seconds[0]:9.3f}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scenes", type=lambda text: text.split(","), default=["still", "shadow"])
    parser.add_argument("--frames", type=int, default=3)
    parser.add_argument("--width", type=int, default=480, help="of the frames, which are 16:9")
    parser.add_argument("--work", type=Path, default=None, help="folder to keep everything in")
    return parser.parse_args()


if __name__ == "__main__":
    main()
