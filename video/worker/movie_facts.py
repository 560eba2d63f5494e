"""Prints what a movie or a picture holds, for Blender, which cannot decode it: `python -m` this FILE.

A line of JSON: `{"length": 48, "pixel_aspect": 1.0}`, or `{"error": "one line"}` with exit code 2.
"""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from pathlib import Path

from video.errors import FileError
from video.images.headers.pixel_aspect import read_pixel_aspect
from video.movies.movie import MOVIE_SUFFIXES, movie_info


def main() -> None:
    """Answers about the file that the first argument names."""
    try:
        length, aspect = _facts(Path(sys.argv[1]))
    except FileError as error:
        print(json.dumps({"error": str(error)}))
        sys.exit(2)
    print(json.dumps({"length": length, "pixel_aspect": float(aspect)}))


def _facts(path: Path) -> tuple[int, Fraction]:
    if path.suffix.lower() not in MOVIE_SUFFIXES:
        return 1, read_pixel_aspect(path)
    info = movie_info(path)
    return info.length, info.pixel_aspect


if __name__ == "__main__":
    main()
