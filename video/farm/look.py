"""Look of a farm's run: what all of its chunks must have in common, `farm.json` in the output folder.

The first chunk writes it, the others compare. Two machines on which it is the same compute the same picture
but for rounding; the number of threads is no part of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from compositor.hardware.device import choose_device
from compositor.hardware.precision import chosen_precision
from compositor.settings import StyleSettings, settings_to_json
from compositor.stylization.style_library import Style, styles_digest
from video.errors import FileError, JournalError, SequenceError
from video.files.atomic import temporary_name, write_atomically
from video.files.json_values import JsonError, decode, read_json
from video.files.output_folder import FARM, JOURNAL
from video.frames.metadata import frame_metadata
from video.frames.sequence import FrameRange
from video.resume.fingerprint import ALGORITHM, run_identity
from video.resume.journal import differences
from video.settings import SequenceSettings

_FORMAT = 1
_MOST_FRAMES = 1 << 21
"""The numbers of a scene's frames; Blender's own limit is half of it."""
_DECIDED_BY_MACHINE = (ALGORITHM, "precision")
_DECIDES_SIZE = ("working_detail", "working_size")
"""Settings that a run by itself compares frame by frame, by the size that comes of them."""


class MixedLookError(JournalError):
    """This machine would give a chunk another look than the others have; a machine of their kind does not."""


@dataclass(frozen=True)
class Timeline:
    """Frames of a scene, the first ones of its shots, and the settings that its animation has."""

    first: int
    last: int
    step: int
    shots: list[int]
    frame_rate: float
    animated: list[str] = field(default_factory=list)

    @property
    def range(self) -> FrameRange:
        """All of the frames."""
        return FrameRange(self.first, self.last, self.step)


@dataclass(frozen=True)
class FarmLook:
    """What all chunks of a run must have in common.

    Attributes:
        identity: of the run, see `video.resume.fingerprint`: algorithm version, settings, styles, source.
        machine: `device class` (cpu, cuda, mps) and `precision` of the features. Machines that differ in it
            give visibly different strokes.
        style_settings, sequence_settings: all of them, for `farm finish`.
        metadata: of the movie, see `video.frames.metadata`.
        source, passes: where the frames and their passes are; empty for a scene, whose frames are in the
            output folder.
        timeline: of the scene that is rendered, which Blender is then not asked for again.
        animated: the settings of which each frame has the value that the scene's animation gives it.
        format: of the file.
    """

    identity: dict[str, Any]
    machine: dict[str, str]
    style_settings: dict[str, Any]
    sequence_settings: dict[str, Any]
    metadata: dict[str, str]
    source: str
    passes: str | None = None
    timeline: Timeline | None = None
    animated: list[str] = field(default_factory=list)
    format: int = _FORMAT


def look_here(
    settings: tuple[StyleSettings, SequenceSettings],
    styles: Sequence[Style],
    source: Mapping[str, Any] | None = None,
    timeline: Timeline | None = None,
    *,
    files: tuple[Path | None, Path | None] = (None, None),
    animated: Iterable[str] = (),
) -> FarmLook:
    """The look that a chunk has on this machine; raises DeviceError if the device is not there.

    Args:
        source: what the frames are rendered from, by name.
        files: the frames and their passes, where they are on disk.
        animated: see `FarmLook`.
    """
    device = choose_device(settings[0].device)
    precision = chosen_precision(settings[0].precision, device).value
    return FarmLook(
        # As it is in the file: tuples are lists.
        json.loads(json.dumps(run_identity(settings, styles, source=source))),
        {"device class": device.type, "precision": precision},
        settings_to_json(settings[0]),
        settings_to_json(settings[1]),
        frame_metadata(*settings, styles_digest(styles)),
        "" if files[0] is None else str(files[0].absolute()),
        passes=None if files[1] is None else str(files[1].absolute()),
        timeline=timeline,
        animated=sorted(animated),
    )


def join_look(
    output: Path, look: FarmLook, *, allow_mixed: bool = False, warning: Callable[[str], None]
) -> None:
    """Writes the look if this is the run's first chunk, or compares it with that of the others.

    Args:
        allow_mixed: warn where machine or algorithm version differ, instead of raising.

    Raises:
        JournalError: the folder has chunks of another run, or the run of one machine.
        MixedLookError: it has chunks of machines of another kind, or of another algorithm version.
        FileError: it cannot be read or written.
    """
    path = output / FARM
    if not path.exists():
        if (output / JOURNAL).exists():
            raise JournalError(f"{output} holds the run of one machine; choose another output folder")
        _write_first(path, look)
    known = read_look(output)
    own = differences(_of_run(known), _of_run(look))
    if own:
        raise JournalError(
            f"{output} holds chunks that were made otherwise ({'; '.join(own)}): choose another output folder"
        )
    mixed = differences(_of_machine(known), _of_machine(look))
    if mixed and not allow_mixed:
        raise MixedLookError(
            f"{output} holds chunks of machines that give another look ({'; '.join(mixed)}): let the farm"
            " send the run to machines of one kind, or say --allow-mixed"
        )
    if mixed:
        warning(f"this chunk looks different from the others ({'; '.join(mixed)})")


def read_look(output: Path) -> FarmLook:
    """The look of the run in a folder; raises FileError if there is none, or it is damaged."""
    path = output / FARM
    try:
        look = decode(FarmLook, read_json(path))
        if look.timeline is not None:
            _check_timeline(look.timeline)
    except FileNotFoundError:
        raise FileError(path, "is not there: no chunk was made in this folder") from None
    except JsonError as error:
        raise FileError(path, f"is damaged ({error}); remove it, and the next chunk writes it") from None
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror}") from None
    if look.format != _FORMAT:
        raise FileError(path, f"has the format {look.format}; an other version of Blender NST wrote it")
    return look


def _check_timeline(timeline: Timeline) -> None:
    """Raises JsonError for what no scene has."""
    try:
        numbers = timeline.range.numbers()
    except SequenceError as error:
        raise JsonError(str(error)) from None
    if not -_MOST_FRAMES <= numbers[0] <= numbers[-1] <= _MOST_FRAMES or timeline.frame_rate < 0.0:
        raise JsonError("a timeline that no scene has")


def _write_first(path: Path, look: FarmLook) -> None:
    """Writes the file unless another chunk was faster."""
    text = json.dumps(asdict(look), indent=1, allow_nan=False)
    # On machines that start alike, process numbers are alike too.
    own = temporary_name(path.with_name(f"{path.name}.{uuid4().hex}"))
    try:
        write_atomically(own, lambda temporary: temporary.write_text(text, "utf-8"))
        try:
            os.link(own, path)  # fails if it is there; a rename would replace it
        except FileExistsError:
            return
        except OSError:
            # A file system without links: the last one of those that begin at once wins, and all compare.
            write_atomically(path, lambda temporary: temporary.write_text(text, "utf-8"))
    finally:
        with suppress(OSError):
            own.unlink(missing_ok=True)


def _of_run(look: FarmLook) -> dict[str, Any]:
    sizes = {name: look.style_settings.get(name) for name in _DECIDES_SIZE}
    own = {name: value for name, value in look.identity.items() if name not in _DECIDED_BY_MACHINE}
    return own | sizes | {"animated settings": " and ".join(look.animated) or "none"}


def _of_machine(look: FarmLook) -> dict[str, Any]:
    return {ALGORITHM: look.identity.get(ALGORITHM), **look.machine}
