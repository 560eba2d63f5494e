"""Plan of a session: everything it needs, read once from the scene and the preferences, and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import bpy

from ..capture.camera import frame_size
from ..capture.style_picture import (
    ImageKey,
    StylePictureError,
    check_image,
    find_image,
    image_file,
    image_key,
    write_image,
)
from ..capture.views import stereo_format
from ..compat.set_property import set_property_retrying
from ..engine.messages import StyledRegion
from ..engine.options import EngineOptions, EnginePythonError, engine_options
from ..output_folder import (
    STILLS,
    STYLE_PICTURES,
)
from ..properties.animation import OwnSettings, animated_settings, own_settings
from ..properties.regions import RegionError, described_regions
from ..properties.scene import settings_dicts
from ..properties.schema import SCHEMA, default_value
from .checks.scene_checks import (
    SessionError,
    absolute_path,
    check_kept,
    check_length,
    check_values,
    check_writable,
    view_suffixes,
)

DRAFT = "draft"


@dataclass(frozen=True)
class SessionPlan:
    """One job for the engine."""

    engine: EngineOptions
    styles: list[Path]
    style_weights: list[float]
    output: Path
    style_settings: dict[str, Any]
    sequence_settings: dict[str, Any]
    total: int
    scene: str
    """The scene's name."""
    frame_size: tuple[int, int]
    """Width and height in pixels."""
    regions: list[StyledRegion]
    restart: bool = False
    """Begin anew where the output folder holds finished frames."""
    put_aside: bool = False
    """Put other runs' frames aside, rather than refuse the folder; see `engine.messages.Stylize`."""
    source: dict[str, Any] = field(default_factory=dict)
    """What the frames are rendered from, where that is known; see `engine.messages.Stylize`."""
    pixel_aspect: float = 1.0
    """Width over height of a pixel of the frames."""
    views: list[str] = field(default_factory=list)
    """The suffixes of the frames' views, as of two eyes; none without."""
    stereo: dict[str, str | bool] = field(default_factory=dict)
    """How two views are put together in one picture as well; see `capture.views.stereo_format`."""
    images: dict[Path, ImageKey] = field(default_factory=dict)
    """The images of Blender that stand under these names among the styles until they are written."""
    animated: OwnSettings = field(default_factory=dict)
    """The animated settings with their values now; each frame has its own, and the run none."""

    @property
    def picture_count(self) -> int:
        """Of the styled frames, in all views."""
        return self.total * max(len(self.views), 1)

    @property
    def content_bits(self) -> int:
        """Of the captured pictures: as many as the styled ones can show."""
        return 8 if self.sequence_settings.get("output_format", "png") == "png" else 16

    @classmethod
    def from_scene(
        cls,
        scene: bpy.types.Scene,
        total: int | None = None,
        *,
        settings: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {}),
        in_views: bool = True,
    ) -> SessionPlan:
        """Reads and checks the scene's settings; writes nothing.

        Args:
            total: the number of frames; those of the scene's range by default.
            settings: style and sequence settings in place of the scene's; a frame rate of 0 is none.
            in_views: whether its frames have the scene's views; not so files that were picked.

        Raises:
            SessionError: a path is empty, not there or not writable, no engine is installed, the scene's
                views cannot be told apart, or a setting has a value that it cannot have.
        """
        views = view_suffixes(scene) if in_views else []
        check_values(scene)
        try:
            engine = engine_options()
        except EnginePythonError as error:
            raise SessionError(str(error)) from None
        output = absolute_path(scene.nst.output_path, "output folder")
        images: dict[Path, ImageKey] = {}
        regions = region_commands(scene, output, images)
        only_regions = not scene.nst.styles and any(region.style for region in regions)
        # Without a style for all, what is in no region is left as rendered.
        styles = [] if only_regions else style_files(scene, output, images)
        check_writable(output)
        check_kept(scene, output)
        style_settings, sequence_settings = settings_dicts(scene)
        scene_rate = sequence_settings["frame_rate"]
        animated = own_settings(scene, [name for name in animated_settings(scene) if name not in settings[0]])
        # A run has the same settings, wherever its scene stood when it was begun.
        style_settings |= {**{name: default_value(name) for name in animated}, **settings[0]}
        sequence_settings |= settings[1]
        sequence_settings["frame_rate"] = sequence_settings["frame_rate"] or scene_rate
        if style_settings["device"] == "auto":
            style_settings["device"] = engine.device
        if total is None:
            total = len(range(scene.frame_start, scene.frame_end + 1, scene.frame_step))
        check_length(total)
        return cls(
            engine,
            styles,
            [float(f"{style.weight:.7g}") for style in scene.nst.styles],
            output,
            style_settings,
            sequence_settings,
            total,
            scene.name,
            frame_size(scene),
            regions,
            scene.nst.restart,
            put_aside=True,
            pixel_aspect=scene.render.pixel_aspect_x / scene.render.pixel_aspect_y,
            views=views,
            stereo=stereo_format(scene) if views else {},
            images=images,
            animated=animated,
        )

    def with_written_images(self) -> SessionPlan:
        """The same with a file for each image of Blender; raises SessionError if one cannot be written."""
        try:
            written = {path: write_image(find_image(key), self.output) for path, key in self.images.items()}
        except StylePictureError as error:
            raise SessionError(str(error)) from None
        regions = [
            replace(region, style=region.style and str(written.get(Path(region.style), region.style)))
            for region in self.regions
        ]
        styles = [written.get(style, style) for style in self.styles]
        return replace(self, styles=styles, regions=regions, images={})

    def at_times_of_movie(self) -> SessionPlan:
        """The same for frames of a movie, whose own times they keep."""
        return replace(self, sequence_settings=self.sequence_settings | {"frame_rate": 0.0})

    def for_still(self, *, draft: bool = False) -> SessionPlan:
        """The same for one frame, in a folder of its own; a draft takes the steps of the draft preset."""
        style, sequence = {**self.style_settings, **self.animated}, dict(self.sequence_settings)
        if draft:
            style |= SCHEMA["presets"][DRAFT]["style_settings"]
            sequence |= SCHEMA["presets"][DRAFT]["sequence_settings"]
        sequence |= {"pass_count": 1, "movie": False, "contact_sheet": False}
        return replace(
            self,
            # Beside the animation, whose frames they must not replace.
            output=self.output / STILLS,
            style_settings=style,
            sequence_settings=sequence,
            total=1,
            restart=True,
            put_aside=False,
            animated={},
        )


def clear_restart(scene: bpy.types.Scene) -> None:
    """Unticks Restart, which is for one run."""
    if scene.nst.restart and scene.is_editable:
        set_property_retrying(scene.nst, "restart", False)


def style_files(scene: bpy.types.Scene, output: Path, images: dict[Path, ImageKey]) -> list[Path]:
    """The scene's style pictures; raises SessionError where there are none or one is missing.

    Args:
        images: takes in those that are to be written first, see `SessionPlan.images`.
    """
    if not scene.nst.styles:
        raise SessionError("no style picture is chosen: add one in Render Properties > Neural Style")
    return [_style_file(scene, style.path, style.image, output, images) for style in scene.nst.styles]


def region_commands(scene: bpy.types.Scene, output: Path, images: dict[Path, ImageKey]) -> list[StyledRegion]:
    """The scene's regions as the protocol has them; raises SessionError where one cannot be used."""
    try:
        regions = described_regions(scene)
    except RegionError as error:
        raise SessionError(str(error)) from None
    return [
        StyledRegion(
            region["kind"],
            region["names"],
            None
            if region["style"] is None
            else str(_style_file(scene, region["style"], region["image"], output, images)),
        )
        for region in regions
    ]


def _style_file(
    scene: bpy.types.Scene,
    path: str,
    image: bpy.types.Image | None,
    output: Path,
    images: dict[Path, ImageKey],
) -> Path:
    if image is not None:
        try:
            check_image(image)
        except StylePictureError as error:
            raise SessionError(str(error)) from None
        file = image_file(image)
        if file is None:
            file = output / STYLE_PICTURES / image.name_full.replace("/", "_")
            images[file] = image_key(image)
        return file
    file = absolute_path(path, "style picture", scene.library)
    if not file.is_file():
        raise SessionError(f"{file}: the style picture is not there; choose another")
    return file
