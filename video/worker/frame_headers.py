"""Checks the pictures of a job whose frames are all there, before the first one is stylized."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from video.errors import FrameError, VideoError
from video.images.image_files import read_header
from video.images.picture import PictureHeader
from video.protocol.messages import Frame


def check_headers(frames: Sequence[Frame]) -> None:
    """Checks all pictures as far as their headers tell; the pictures of movies are left out.

    Raises:
        FrameError: one is no picture that can be read, or has another size, or alpha, than the first.
    """
    first: tuple[Path, PictureHeader] | None = None
    for frame in frames:
        if frame.movie_frame is not None:
            continue
        path = Path(frame.content)
        try:
            header = read_header(path)
        except VideoError as error:
            raise FrameError(frame.frame, str(error)) from None
        if first is None:
            first = path, header
        elif header != first[1]:
            raise FrameError(
                frame.frame,
                f"{path.name} is {header} but {first[0].name} is {first[1]}; all frames must have one size,"
                " and all or none alpha",
            )
