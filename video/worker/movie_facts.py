"""Prints what a movie or a picture holds, for Blender, which cannot decode it: `python -m` this FILE.

A line of JSON: `{"length": 48, "size": [1920, 1080], "pixel_aspect": 1.0}`, or `{"error": "one line"}` with
exit code 2.
"""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from pathlib import Path

from video.errors import VideoError
from video.images.headers.pixel_aspect import read_pixel_aspect
from video.images.image_files import read_header
from video.movies.movie import MOVIE_SUFFIXES, movie_info


def main() -> None:
    """Answers about the file that the first argument names."""
    try:
        length, size, aspect = _facts(Path(sys.argv[1]))
    except VideoError as error:
        print(json.dumps({"error": str(error)}))
        sys.exit(2)
    print(json.dumps({"length": length, "size": size, "pixel_aspect": float(aspect)}))


def _facts(path: Path) -> tuple[int, tuple[int, int], Fraction]:
    if path.suffix.lower() not in MOVIE_SUFFIXES:
        return 1, read_header(path).size, read_pixel_aspect(path)
    info = movie_info(path)
    return info.length, info.size, info.pixel_aspect


if __name__ == "__main__":
    main()
