"""Fingerprints: the values and hashes that must be the same for a run to be resumed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from compositor.settings import StyleSettings, setting_infos, settings_to_json
from compositor.stylization.style_library import Style
from video.frames.render_passes import Passes
from video.frames.sequence import SourceFrame
from video.motion.motion_field import RenderedFrame
from video.settings import SequenceSettings

ALGORITHM_VERSION = 13
"""Version of what is computed from the same inputs and settings.

To be raised with every change that gives other pixels, in the engine, the motion, the warm start or the
finish, and with no other: a run that an earlier release has begun is resumed as long as this is the same,
whatever the version of the package.
"""

ALGORITHM = "algorithm version"
"""Its name in a run's identity."""

SOURCE_PREFIX = "source "
"""Of the names in a run's identity that say what the frames are rendered from, as far as the caller knows."""


def run_identity(
    settings: tuple[StyleSettings, SequenceSettings],
    styles: Iterable[Style],
    *,
    initial: np.ndarray | None = None,
    source: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The identity of a run, by which it may be resumed: JSON values by their names.

    Args:
        initial: the image that the first frame starts from.
        source: what the frames are made from, as far as the caller knows.
    """
    values = settings_to_json(settings[0]) | settings_to_json(settings[1])
    infos = setting_infos(settings[0]) | setting_infos(settings[1])
    return {
        ALGORITHM: ALGORITHM_VERSION,
        **{name: value for name, value in values.items() if infos[name].changes_pixels},
        **{
            f"{what} of style {place}": value
            for place, style in enumerate(styles, start=1)
            for what, value in (
                ("picture", style.digest),
                ("weight", style.weight),
                ("region", style.region),
            )
        },
        "start image": None if initial is None else _of_arrays(initial),
        **{f"{SOURCE_PREFIX}{name}": value for name, value in (source or {}).items()},
    }


def frame_fingerprint(
    frame: SourceFrame, rendered: RenderedFrame, other_view: str | None = None
) -> dict[str, str]:
    """The fingerprint of a frame: hashes of the image, masks and passes that its result depends on.

    With them the values of the settings that the frame has for itself.

    Hashes of pixels, not of files, into which Blender writes the time of the render.

    Args:
        other_view: the hash of the styled frame that another view has of the moment, if it starts from that.
    """
    masks = [part for name, mask in frame.masks.items() for part in (name, mask)]
    original = None if frame.original is None else frame.original.pixels
    return {
        "picture": _of_arrays(frame.image, original),
        "masks": _of_arrays(*masks, frame.keep),
        "passes": _of_arrays(*_parts((rendered.full or rendered).passes)),
        **{name: repr(float(value)) for name, value in sorted(frame.own_settings.items())},
        **({} if other_view is None else {"other view": other_view}),
    }


def file_fingerprint(path: Path) -> str:
    """The hash of a file's content; raises OSError where it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _parts(passes: Passes | None) -> list[np.ndarray | str | None]:
    if passes is None:
        return []
    camera = passes.camera
    lens = [] if camera is None else [camera.name, camera.world, camera.projection]
    if camera is not None and camera.sphere is not None:
        lens.append(str(camera.sphere))
    return [passes.vector, passes.depth, passes.index, str(passes.motion_blur), *lens]


def _of_arrays(*parts: np.ndarray | str | None) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype.str} {part.shape}\n".encode())
            digest.update(np.ascontiguousarray(part).data)
        else:
            digest.update(f"{part!r}\n".encode())
    return digest.hexdigest()
