"""Renders and stylizes a .blend: starts `headless/main.py` inside Blender and follows its events."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, cast

from blender_nst import addon
from blender_nst.cli.blenders.runtime import BlenderRuntime, ensure_blender, find_blender
from blender_nst.cli.commands.stylize import print_summary
from blender_nst.cli.display import Display
from blender_nst.cli.errors import BAD_INPUT, FAILED, InputError, InterruptedRunError, RenderError
from blender_nst.cli.inputs.settings_options import Settings
from blender_nst.cli.inputs.style_choice import StyleChoice
from blender_nst.cli.log import follow_run
from blender_nst.cli.signals import Interrupted, child_group
from blender_nst.diagnostics.log_lines import escape_control
from blender_nst.headless.job import RenderJob, RenderJobError
from blender_nst.local_events import (
    LOCAL_EVENTS,
    Composited,
    Described,
    Died,
    LocalEvent,
    Rendered,
    Started,
)
from compositor.networks.weights import network_files
from compositor.settings import settings_to_json
from video.errors import ProtocolError
from video.files.folder_lock import folder_locked
from video.files.output_checks import check_output_folder, check_run_keeps
from video.files.output_folder import BLENDER_LOG, COMPOSITED, CONTENT, movie, pattern
from video.frames.sequence import frame_path, parse_range
from video.images.headers.pixel_aspect import pixel_aspect
from video.images.image_files import read_image
from video.movies.movie import write_movie
from video.protocol import messages
from video.protocol.json_lines import LONGEST_EVENT, from_line, read_lines

EVENT_MARK = "NST "
COMPOSITED_MOVIE = movie(COMPOSITED, ".mp4")
LAST_FRAME = 1_048_574
"""Of an animation in Blender, which sets any other number to the nearest that it has."""


def render_and_stylize(
    scene: Path,
    choice: StyleChoice,
    out: Path,
    *,
    frames: str | None,
    composite: bool = False,
    restart: bool = False,
    allow_scripts: bool = False,
    settings: Settings,
    animated: Sequence[str] = (),
    blender: Path | None,
    display: Display,
    log_folder: Path | None = None,
) -> None:
    """Renders `scene` and stylizes its frames into `out`; the .blend is never changed.

    Goes on with what an earlier run of the same .blend and settings has rendered and stylized there, unless
    `restart`.

    Args:
        allow_scripts: run the Python that the .blend holds.
        animated: settings that the .blend's animation goes before, where it has one of them.
        log_folder: where the log goes instead of `out`.

    Raises:
        InputError, VideoError, BlenderError: bad input, found before Blender starts.
        RenderError: Blender or the engine failed; finished frames are kept.
        InterruptedRunError: after Ctrl-C; finished frames are kept.
    """
    check_scene(scene, choice)
    choice.read_styles()
    chosen = None if frames is None else parse_range(frames)
    if chosen is not None and not (chosen.first >= 0 and chosen.last <= LAST_FRAME):
        raise InputError(f"the frame range {chosen}: Blender renders animations from frame 0 to {LAST_FRAME}")
    check_run_keeps([scene, *choice.files(), *network_files(settings[0].network)], out, rendering=True)
    found = find_blender(blender)
    check_output_folder(out)
    for folder in (out, out / CONTENT):
        # Before Blender starts, and before the log of the other run is replaced.
        with folder_locked(folder, display.say):
            pass
    follow_run(log_folder or out)
    runtime = found or ensure_blender(report=display.say)
    display.say(f"{runtime.label} renders {scene.name}")
    style_settings, sequence_settings = settings
    try:
        job = RenderJob(
            blend=str(scene.resolve()),
            output=str(out.resolve()),
            styles=[str(style.resolve()) for style in choice.styles],
            style_weights=list(choice.weights),
            engine_python=sys.executable,
            engine_path=_checkout(),
            style_settings=settings_to_json(style_settings),
            sequence_settings=settings_to_json(sequence_settings),
            regions=[part.for_job() for part in choice.parts],
            composite=composite,
            scene_styles=choice.is_left_to_scene,
            frames=chosen and (chosen.first, chosen.last, chosen.step),
            restart=restart,
            allow_scripts=allow_scripts,
            animated=list(animated),
            source=render_source(scene, runtime, allow_scripts=allow_scripts),
        )
    except RenderJobError as error:
        raise InputError(str(error)) from None
    try:
        done, started = _run(runtime, job, out / BLENDER_LOG, display)
    except Interrupted as signaled:
        raise InterruptedRunError(signaled.number) from None
    print_summary(display, out, len(done.frames), done.seconds, movie=done.movie, sheet=done.contact_sheet)
    if composite:
        display.say(f"through the scene's compositor: {out / COMPOSITED}")
        if sequence_settings.movie:
            suffix = sequence_settings.output_format.suffix
            _write_composited_movie(out / pattern(COMPOSITED, suffix), done.frames, started)
            display.say(f"movie: {out / COMPOSITED_MOVIE}")


def _write_composited_movie(pattern: Path, frames: list[int], started: Started) -> None:
    paths = (frame_path(pattern, frame) for frame in frames)
    movie = pattern.parent.parent / COMPOSITED_MOVIE
    aspect = pixel_aspect(started.pixel_aspect)
    write_movie(movie, map(read_image, paths), started.frame_rate, pixel_aspect=aspect)


def _run(
    runtime: BlenderRuntime, job: RenderJob, log: Path, display: Display
) -> tuple[messages.Done, Started]:
    """Runs Blender to its end and shows its events; returns the engine's last one, and Blender's first."""
    done: messages.Done | None = None
    started = Started("", [], [], 24.0)

    def follow(event: messages.Event | LocalEvent) -> None:
        nonlocal done, started
        _show(event, display)
        match event:
            case messages.Done():
                done = event
            case Started():
                started = event

    with log.open("w", encoding="utf-8") as lines:
        code = run_job(runtime, job, lines, follow)
    if done is None or code != 0:
        raise RenderError(
            f"Blender ended with code {code} before all frames were done; {log} has its words", resumable=True
        )
    return done, started


def describe_scene(scene: Path, runtime: BlenderRuntime, *, allow_scripts: bool = False) -> Described:
    """The frames and shots of a .blend, which is not rendered; raises RenderError if Blender cannot tell."""
    job = RenderJob(
        str(scene.resolve()), "", [], sys.executable, _checkout(), describe=True, allow_scripts=allow_scripts
    )
    found: list[Described] = []

    def follow(event: messages.Event | LocalEvent) -> None:
        if isinstance(event, Described):
            found.append(event)

    code = run_job(runtime, job, io.StringIO(), follow)
    if not found or code != 0:
        raise RenderError(f"{scene}: Blender ended with code {code} and did not tell its frames")
    return found[0]


def run_job(
    runtime: BlenderRuntime,
    job: RenderJob,
    log: IO[str],
    follow: Callable[[messages.Event | LocalEvent], None],
) -> int:
    """Runs Blender to its end; returns its exit code.

    Args:
        log: gets Blender's own lines.
        follow: called with each event.

    Raises:
        RenderError: Blender or the engine has said why there was nothing to be done any more.
    """
    failure: str | None = None
    with tempfile.TemporaryDirectory(prefix="blender-nst-") as folder:
        job_file = Path(folder) / "job.json"
        job.write(job_file)
        script = addon.FOLDER / "headless" / "main.py"
        with _started(runtime.command(script, [str(job_file)], allow_scripts=job.allow_scripts)) as process:
            for event in _events(process, log):
                follow(event)
                if isinstance(event, (messages.Failed, Died)):
                    failure = event.error
            code = process.wait()
    if failure is not None:
        raise RenderError(failure, code or FAILED, resumable=code != BAD_INPUT)
    return code


@contextmanager
def _started(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """The process, which does not outlive the block, nor do those that it has started.

    It has a session of its own: Ctrl-C reaches this process alone, which then ends Blender, whose end closes
    the engine's input, at which the engine ends between two steps.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    with child_group(process.pid):
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _events(process: subprocess.Popen[str], log: IO[str]) -> Iterator[messages.Event | LocalEvent]:
    """The events among Blender's lines; every other line goes to the log."""
    for line in read_lines(cast(IO[str], process.stdout), LONGEST_EVENT):
        if line.startswith(EVENT_MARK):
            try:
                yield from_line(line.removeprefix(EVENT_MARK), "event", messages.EVENTS | LOCAL_EVENTS)
                continue
            except ProtocolError as error:
                log.write(f"not an event: {escape_control(str(error))}\n")
        if line.strip():
            # Blender names files, objects and materials as they are called.
            log.write(f"{escape_control(line.rstrip())}\n")
            log.flush()


def _show(event: messages.Event | LocalEvent, display: Display) -> None:
    match event:
        case Started():
            width, height = event.resolution
            display.expect(len(event.frames), rendering=True, views=event.views)
            views = f" in {event.views} views" if event.views > 1 else ""
            display.say(f"Blender {event.blender}: {len(event.frames)} frames of {width}×{height} px{views}")
        case Rendered():
            display.rendered(event.frame)
        case Composited():
            display.composited(event.frame)
        case messages.Failed() | Died() | Described():
            pass  # the former are raised as an error when Blender has ended
        case _:
            display.event(event)


def check_scene(scene: Path, choice: StyleChoice) -> None:
    """Raises InputError if there is no such .blend, or a region is none of a scene."""
    if not scene.is_file():
        raise InputError(f"{scene}: there is no such .blend file")
    if choice.regions or choice.keep is not None:
        mask = choice.keep or choice.regions[0][0]
        raise InputError(f"{mask}: a region of a render is object:NAME, collection:NAME or material:NAME")


def render_source(scene: Path, runtime: BlenderRuntime, *, allow_scripts: bool) -> dict[str, str]:
    """What frames are rendered from: only those of the same are of one run."""
    return {
        ".blend": _hash(scene),
        "Blender": ".".join(map(str, runtime.version)),
        # Drivers move things: frames with and without them are not of one run.
        "scripts": "allowed" if allow_scripts else "not allowed",
    }


def _hash(scene: Path) -> str:
    """Tells one state of a .blend from another; the files that it links to are not looked at."""
    with scene.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]


def _checkout() -> str | None:
    """The folder to import the engine from, when Blender NST is not installed but runs from its checkout."""
    try:
        version("blender-nst")
    except PackageNotFoundError:
        return str(addon.FOLDER.parent)
    return None
