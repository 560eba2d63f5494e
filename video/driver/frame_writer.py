"""Writes styled frames in the format that the settings ask for, in the colors that their files came with."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from video.color.color_space import SceneLinear
from video.color.icc import DisplayProfile
from video.color.view_transform import ViewTransform
from video.errors import FileError, FrameError
from video.files import output_folder
from video.files.atomic import write_atomically
from video.frames.sequence import SourceFrame
from video.images.exr import write_exr
from video.images.image_files import write_png
from video.images.picture import Original, quantize
from video.images.scene_linear import VIEW_ATTRIBUTE, read_light
from video.settings import DynamicRange, FrameFormat, MovieCodec

_NO_VIEW = (
    "the passes do not say through which view transform their frames are displayed:"
    " the EXRs are made from the pictures alone"
)

OWN_SETTINGS = "blender_nst_frame_settings"
"""Text of a styled file: the settings that its frame has for itself, as JSON."""


def styled_pattern(file_format: FrameFormat, view: str = "") -> str:
    """Where the styled frames go within the output folder; those of a view have its suffix."""
    return output_folder.pattern(output_folder.STYLED, f"{view}{file_format.suffix}")


def movie_name(codec: MovieCodec, view: str = "") -> str:
    """The movie beside them."""
    return output_folder.movie(output_folder.STYLED, f"{view}{codec.suffix}")


@dataclass(frozen=True)
class FrameWriter:
    """Writes the frames of one run.

    Args:
        file_format: of the files.
        dynamic_range: of an EXR.
        metadata: texts for each file.
        warning: called, once for each reason, with, what an EXR had to be made without.
    """

    file_format: FrameFormat
    dynamic_range: DynamicRange = DynamicRange.DISPLAY
    metadata: Mapping[str, str] = field(default_factory=dict)
    warning: Callable[[str], None] = lambda text: None
    _told: set[str] = field(default_factory=set)

    def rounded(self, styled: np.ndarray) -> np.ndarray:
        """The picture in the levels of the format, see `FrameFormat.bits`."""
        return quantize(styled, self.file_format.bits)

    def write(self, path: Path, frame: SourceFrame, styled: np.ndarray) -> None:
        """Writes one frame; pixels that the style left alone have the values of the frame's own file.

        Args:
            frame: what was stylized.
            styled: (H, W, 3 or 4) float32, sRGB in 0..1, straight alpha, as `rounded` gives it.

        Raises:
            FileError: the file cannot be written.
            FrameError: for an EXR, the render's light cannot be read or is of another size.
        """
        if self.file_format is FrameFormat.EXR:
            self._write_exr(path, frame, styled)
            return
        original, profile = frame.original, None
        if original is not None and isinstance(original.space, DisplayProfile):
            profile = original.space.data
            styled = self._restored(frame, original, styled)
        write_png(
            path,
            styled,
            self.file_format.bits,
            metadata=self._metadata(frame),
            profile=profile,
            pixel_aspect=frame.pixel_aspect,
        )

    def _write_exr(self, path: Path, frame: SourceFrame, styled: np.ndarray) -> None:
        original = self._light(frame)
        if original is None:
            color = SceneLinear().from_display(styled[..., :3])
            alpha = styled[..., 3:]
            linear = np.concatenate([color * alpha, alpha], axis=2) if alpha.size else color
            write_exr(path, linear, self._metadata(frame), pixel_aspect=float(frame.pixel_aspect))
            return
        if original.pixels.shape[:2] != styled.shape[:2]:
            raise FrameError(
                frame.number, "the render's light in its EXR is of another size than its picture"
            )
        space, metadata = original.space, self._metadata(frame)
        if isinstance(space, ViewTransform):
            metadata[VIEW_ATTRIBUTE] = space.noted
            _keep_probe(space.probe, path)
        primaries = space.chromaticities if isinstance(space, SceneLinear) else None
        restored = self._restored(frame, original, styled)
        write_exr(path, restored, metadata, primaries, float(frame.pixel_aspect))

    def _metadata(self, frame: SourceFrame) -> dict[str, str]:
        """The texts of a frame's file, with the settings that it has for itself."""
        own = json.dumps(dict(frame.own_settings), sort_keys=True)
        return {**self.metadata, **({OWN_SETTINGS: own} if frame.own_settings else {})}

    def _light(self, frame: SourceFrame) -> Original | None:
        """The frame's scene-linear light, from its own file or from the render's passes."""
        if frame.original is not None:
            return frame.original if frame.original.space.scene_linear else None
        if frame.passes is None:
            return None
        try:
            light = read_light(frame.passes)
        except FileError as error:
            raise FrameError(frame.number, str(error)) from None
        if isinstance(light.space, ViewTransform):
            return light
        if not self._told:
            self._told.add(_NO_VIEW)
            self.warning(_NO_VIEW)
        return None

    def _restored(self, frame: SourceFrame, original: Original, styled: np.ndarray) -> np.ndarray:
        """The styled picture in the original's space, with the original's alpha."""
        content = self.rounded(frame.image[..., :3])
        untouched = (styled[..., :3] == content).all(axis=2)
        color = original.space.from_display(styled[..., :3])
        if original.space.scene_linear and self.dynamic_range is DynamicRange.HDR:
            light = original.straight()
            added = light + (color - original.space.from_display(content))
            color = np.maximum(added, np.minimum(light, 0.0))
        alpha = original.pixels[..., 3:]
        if alpha.size and original.space.scene_linear:
            color = color * alpha
            # Light without substance, as that of a flame, has no surface that could be painted.
            untouched |= alpha[..., 0] == 0.0
        color[untouched] = original.pixels[..., :3][untouched]
        return np.concatenate([color, alpha], axis=2)


def _keep_probe(probe: Path, path: Path) -> None:
    """Sees to it that the view transform is found from a styled EXR, see `video.images.scene_linear`."""
    places = (path.parent / probe.name, path.parent.parent / output_folder.PASSES / probe.name)
    if not any(place.is_file() for place in places):
        write_atomically(places[0], lambda temporary: temporary.write_bytes(probe.read_bytes()))
