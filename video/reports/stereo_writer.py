"""Writes both eyes' styled frames in one picture, and the movie of these pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from video.color.color_space import SceneLinear
from video.color.icc import DisplayProfile
from video.color.view_transform import ViewTransform
from video.errors import FileError
from video.files import output_folder
from video.frames.sequence import frame_path
from video.frames.stereo import StereoFormat
from video.images.exr import write_exr
from video.images.headers.pixel_aspect import read_pixel_aspect
from video.images.image_files import read_image, read_picture, write_png
from video.images.picture import Picture
from video.images.scene_linear import VIEW_ATTRIBUTE
from video.movies.movie import DEFAULT_FRAME_RATE, write_movie
from video.settings import FrameFormat, SequenceSettings


@dataclass(frozen=True)
class StereoWriter:
    """Writes the stereo pictures of one run: `stereo/stereo_####.png` (or `.exr`).

    Args:
        output: the run's folder.
        stereo: how the eyes are put together.
        metadata: texts for each file.
    """

    settings: SequenceSettings
    output: Path
    stereo: StereoFormat
    metadata: Mapping[str, str] = field(default_factory=dict)

    def path(self, number: int) -> Path:
        """The stereo picture of a frame."""
        suffix = self.settings.output_format.suffix
        return frame_path(self.output / output_folder.pattern(output_folder.STEREO, suffix), number)

    def write(self, number: int, left: Path, right: Path) -> None:
        """Writes the stereo picture of a frame, from the styled files of its eyes; what is newer stays.

        Raises:
            FileError: a file cannot be read or written, or the two are of another size.
        """
        path = self.path(number)
        if _is_newer(path, (left, right)):
            return
        pictures = read_picture(left), read_picture(right)
        eyes = [_pixels(picture) for picture in pictures]
        if eyes[0].shape != eyes[1].shape:
            raise FileError(right, "is of another size than the other eye's frame; begin anew (--restart)")
        both = self.stereo.combined(eyes[0], eyes[1])
        aspect = read_pixel_aspect(left)
        original = pictures[0].original
        space = None if original is None else original.space
        if self.settings.output_format is FrameFormat.EXR:
            metadata = dict(self.metadata)
            if isinstance(space, ViewTransform):
                metadata[VIEW_ATTRIBUTE] = space.noted
            primaries = space.chromaticities if isinstance(space, SceneLinear) else None
            write_exr(path, both, metadata, primaries, float(aspect))
            return
        write_png(
            path,
            both,
            self.settings.output_format.bits,
            metadata=self.metadata,
            profile=space.data if isinstance(space, DisplayProfile) else None,
            pixel_aspect=aspect,
        )

    def write_movie(self, numbers: Sequence[int], warning: Callable[[str], None]) -> Path:
        """Writes the movie of these frames' stereo pictures; raises FileError if that is not possible."""
        codec = self.settings.movie_codec
        path = self.output / output_folder.movie(output_folder.STEREO, codec.suffix)
        write_movie(
            path,
            (read_image(self.path(number)) for number in numbers),
            self.settings.frame_rate or DEFAULT_FRAME_RATE,
            codec,
            self.settings.output_format.bits,
            metadata=self.metadata,
            pixel_aspect=read_pixel_aspect(self.path(numbers[0])),
            notify=warning,
        )
        return path


def _pixels(picture: Picture) -> np.ndarray:
    """(H, W, C) as the file has it: the eyes are put together in its own space."""
    return picture.image if picture.original is None else picture.original.pixels


def _is_newer(path: Path, sources: Sequence[Path]) -> bool:
    try:
        return path.stat().st_mtime_ns > max(source.stat().st_mtime_ns for source in sources)
    except OSError:
        return False
