"""What a quick look asks the engine for: the scene's settings for one small frame."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from ...capture.style_picture import ImageKey, StylePictureError, find_image, write_image
from ...engine.messages import Frame, Stylize
from ...engine.options import EngineOptions
from ...properties.scene import settings_dicts
from ...state import state_of
from ..checks.scene_checks import SessionError
from ..measured_speed import AUTO, last_speed, speed_of
from ..plan import style_files

SIDES = (192, 256, 320)
"""Pixels that a look may have on its longer side."""

RENEW_SECONDS = 3.0
"""How long a painted style may have changed before a look shows it."""

STEP_SECONDS = 0.12
"""The longest that a step of a look may take, as far as a smaller one is allowed."""

_ALONE = {
    "pass_count": 1,
    "movie": False,
    "contact_sheet": False,
    "debug": False,
    "output_format": "png",
    "motion": "none",
}
"""Sequence settings of a frame that is nothing but looked at."""


_OF_A_FRAME = ("denoise", "denoise_strength")
"""Sequence settings that change a frame without a predecessor."""


class LookImages:
    """The files of styles that are images of Blender; painted ones are written anew every few seconds."""

    def __init__(self) -> None:
        self._written: dict[ImageKey, tuple[Path, float]] = {}

    def file(self, key: ImageKey) -> Path:
        """The file of an image; raises SessionError if it cannot be written."""
        path, at = self._written.get(key, (None, 0.0))
        if path is None or time.monotonic() > at + RENEW_SECONDS or not path.is_file():
            try:
                path = write_image(find_image(key), Path(bpy.app.tempdir))
            except StylePictureError as error:
                raise SessionError(str(error)) from None
            self._written[key] = path, time.monotonic()
        return path


@dataclass(frozen=True)
class LookRequest:
    """All that a look's picture depends on but the rendered picture; equal ones need not be made again."""

    styles: tuple[tuple[Path, int], ...]
    """Files, with the times of their last change."""
    weights: tuple[float, ...]
    style_settings: dict[str, Any]
    sequence_settings: dict[str, Any]
    pixel_aspect: float
    side: int

    @classmethod
    def from_scene(cls, scene: bpy.types.Scene, engine: EngineOptions) -> LookRequest:
        """Reads the scene's settings.

        Raises:
            SessionError: there is no style for the whole picture, or it is not there.
        """
        images: dict[Path, ImageKey] = {}
        files = style_files(scene, Path(), images)
        written = {path: state_of(LookImages).file(key) for path, key in images.items()}
        files = [written.get(path, path) for path in files]
        style, sequence = settings_dicts(scene)
        if style["device"] == AUTO:
            style["device"] = engine.device
        try:
            styles = tuple((each, each.stat().st_mtime_ns) for each in files)
        except OSError as error:
            raise SessionError(f"{error.filename}: the style picture cannot be read") from None
        return cls(
            styles,
            tuple(float(f"{each.weight:.7g}") for each in scene.nst.styles),
            style | {"snapshot_every": 0},
            {name: sequence[name] for name in _OF_A_FRAME} | _ALONE,
            scene.render.pixel_aspect_x / scene.render.pixel_aspect_y,
            look_side(style["device"]),
        )

    def commands(self, job: str, picture: Path, output: Path) -> tuple[Stylize, Frame]:
        """The commands for a rendered picture; the engine shows of all steps what it finds time for."""
        stylize = Stylize(
            job=job,
            styles=[str(path) for path, _ in self.styles],
            output=str(output),
            style_settings=self.style_settings,
            sequence_settings=self.sequence_settings,
            total=1,
            style_weights=list(self.weights),
            preview_every=1,
            restart=True,
            complete=True,
            pixel_aspect=self.pixel_aspect,
            longest_side=self.side,
        )
        return stylize, Frame(job, 1, str(picture))


def look_side(device: str) -> int:
    """The longer side of a look in px: the largest of `SIDES` at which steps are quick, as was measured."""
    speed = last_speed() if device == AUTO else speed_of(device)
    if speed is None:
        return SIDES[1]
    quick = [
        side
        for side in SIDES
        if speed.step_seconds + side * round(side * 9 / 16) * speed.pixel_seconds <= STEP_SECONDS
    ]
    return max(quick, default=SIDES[0])
