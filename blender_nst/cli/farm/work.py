"""What a chunk works on: frames that are on disk, or a scene that Blender renders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from blender_nst.cli.blenders.runtime import BlenderRuntime, ensure_blender
from blender_nst.cli.commands.render import check_scene, describe_scene, render_and_stylize, render_source
from blender_nst.cli.commands.stylize import check_apart, stylize_sequence
from blender_nst.cli.display import Display
from blender_nst.cli.inputs.settings_options import Settings
from blender_nst.cli.inputs.style_choice import StyleChoice
from compositor.hardware.device import choose_device
from compositor.networks.weights import network_files
from video.errors import FileError
from video.farm.look import FarmLook, Timeline, look_here, read_look
from video.farm.shots import detect_shots
from video.files.output_checks import check_run_keeps
from video.files.output_folder import FARM
from video.frames.passes_sequence import PassesSequence, open_passes
from video.frames.sequence import FrameRange, SourceFrame, open_sequence, sequence_range
from video.resume.fingerprint import file_fingerprint

BLEND = ".blend"


@dataclass(frozen=True)
class FarmOptions:
    """What all chunks of a run have in common, but their frames.

    Attributes:
        source: a sequence, a movie or a .blend.
        out: the folder that all chunks deliver into.
    """

    source: Path
    choice: StyleChoice
    settings: Settings
    out: Path
    passes: Path | None = None
    blender: Path | None = None
    allow_scripts: bool = False
    animated: Sequence[str] = ()
    """See `render_and_stylize`: settings that were not given."""

    @property
    def chunk_settings(self) -> Settings:
        """The settings of the run in a chunk's own folder: movie and contact sheet are made at the end."""
        style, sequence = self.settings
        return style, replace(sequence, movie=False, contact_sheet=False)


class FarmSource(Protocol):
    """Where the frames of a chunk come from."""

    def available(self) -> FrameRange:
        """The first and the last frame that there are."""
        ...

    def shots(self, frames: FrameRange) -> Sequence[int]:
        """The first frames of the shots among these frames."""
        ...

    def known_shots(self) -> Sequence[int] | None:
        """Those of all frames, where they need not be looked for in the pictures."""
        ...

    def animated(self) -> Sequence[str]:
        """The settings of which each frame has a value of its own."""
        ...

    def look(self) -> FarmLook:
        """What all chunks have in common, as it is on this machine."""
        ...

    def inputs(self, frames: FrameRange) -> dict[str, str]:
        """What these frames are made from, with hashes."""
        ...

    def stylize(self, frames: FrameRange, output: Path, *, restart: bool) -> None:
        """Stylizes these frames into a folder of its own, or goes on there."""
        ...


def open_source(options: FarmOptions, display: Display) -> FarmSource:
    """The source that the options name; raises InputError, VideoError or BlenderError if it is none."""
    if options.source.suffix.lower() == BLEND:
        return SceneSource(options, display)
    return FrameSource(options, display)


class FrameSource:
    """Frames that are on disk."""

    def __init__(self, options: FarmOptions, display: Display) -> None:
        self._options = options
        self._display = display
        check_apart(options.source, options.out)

    def available(self) -> FrameRange:
        return sequence_range(self._options.source)

    def shots(self, frames: FrameRange) -> Sequence[int]:
        style, sequence = self._options.settings
        return detect_shots(self._frames(frames), style, sequence, choose_device(style.device).type)

    def known_shots(self) -> Sequence[int] | None:
        return None

    def animated(self) -> Sequence[str]:
        return ()

    def look(self) -> FarmLook:
        options = self._options
        files = options.source, options.passes
        return look_here(options.settings, options.choice.read_styles(), files=files)

    def inputs(self, frames: FrameRange) -> dict[str, str]:
        options = self._options
        sequence = open_sequence(options.source, frames)
        passes = [] if options.passes is None else open_passes(options.passes, sequence.numbers).values()
        notes = [note for each in passes if (note := each.with_suffix(".json")).is_file()]
        kinds = {"picture": sequence.paths, "passes": passes, "note": notes, "style": options.choice.files()}
        check_run_keeps([*(path for paths in kinds.values() for path in paths)], options.out)
        check_run_keeps(network_files(options.settings[0].network), options.out)
        return {
            f"{kind} {place} {path.name}": _hash(path)
            for kind, paths in kinds.items()
            for place, path in enumerate(paths)
        }

    def stylize(self, frames: FrameRange, output: Path, *, restart: bool) -> None:
        options = self._options
        stylize_sequence(
            options.source,
            options.choice,
            output,
            passes=options.passes,
            frames=str(frames),
            restart=restart,
            settings=options.chunk_settings,
            display=self._display,
            log_folder=output.parent,
        )

    def _frames(self, frames: FrameRange) -> Iterable[SourceFrame]:
        sequence = open_sequence(self._options.source, frames)
        if self._options.passes is None:
            return sequence
        return PassesSequence(sequence, open_passes(self._options.passes, sequence.numbers))


class SceneSource:
    """A .blend that Blender renders."""

    def __init__(self, options: FarmOptions, display: Display) -> None:
        self._options = options
        self._display = display
        check_scene(options.source, options.choice)
        self._runtime: BlenderRuntime = ensure_blender(options.blender, report=display.say)
        self._source = render_source(options.source, self._runtime, allow_scripts=options.allow_scripts)
        self._timeline: Timeline | None = None

    def available(self) -> FrameRange:
        return self._described().range

    def shots(self, frames: FrameRange) -> Sequence[int]:
        return self._described().shots

    def known_shots(self) -> Sequence[int] | None:
        return self._described().shots

    def animated(self) -> Sequence[str]:
        return [name for name in self._described().animated if name in self._options.animated]

    def look(self) -> FarmLook:
        styles, timeline = self._options.choice.read_styles(), self._described()
        return look_here(self._options.settings, styles, self._source, timeline, animated=self.animated())

    def inputs(self, frames: FrameRange) -> dict[str, str]:
        options = self._options
        files = [options.source, *options.choice.files(), *network_files(options.settings[0].network)]
        check_run_keeps(files, options.out, rendering=True)
        styles = enumerate(options.choice.files())
        return self._source | {f"style {place} {path.name}": _hash(path) for place, path in styles}

    def stylize(self, frames: FrameRange, output: Path, *, restart: bool) -> None:
        options = self._options
        render_and_stylize(
            options.source,
            options.choice,
            output,
            frames=str(frames),
            restart=restart,
            allow_scripts=options.allow_scripts,
            settings=options.chunk_settings,
            animated=options.animated,
            blender=options.blender,
            display=self._display,
            log_folder=output.parent,
        )

    def _described(self) -> Timeline:
        """Asks Blender once for a run: the first chunk has noted the answer for the others."""
        if self._timeline is None:
            self._timeline = self._noted() or self._ask()
        return self._timeline

    def _noted(self) -> Timeline | None:
        if not (self._options.out / FARM).is_file():
            return None
        look = read_look(self._options.out)
        same = all(look.identity.get(f"source {name}") == value for name, value in self._source.items())
        return look.timeline if same else None

    def _ask(self) -> Timeline:
        scripts = self._options.allow_scripts
        found = describe_scene(self._options.source, self._runtime, allow_scripts=scripts)
        return Timeline(found.first, found.last, found.step, found.shots, found.frame_rate, found.animated)


def _hash(path: Path) -> str:
    try:
        return file_fingerprint(path)
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror}") from None
