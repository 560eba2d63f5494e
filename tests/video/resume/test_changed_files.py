"""What a run goes on from is verified: a file that was changed is named, and made again as it was."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.progress import Progress
from compositor.settings import DeviceChoice, StyleSettings
from video.driver.sequence_driver import SequenceDriver
from video.errors import FileError, JournalError
from video.frames.sequence import SourceFrame
from video.images.image_files import write_png
from video.paintings.painting import Painting
from video.results import RunCallbacks
from video.resume.fingerprint import file_fingerprint
from video.resume.lossless_arrays import load_lossless, save_lossless
from video.settings import SequenceSettings

Picture = Callable[..., np.ndarray]
FRAMES, HISTORY = 6, 2
SEQUENCE = SequenceSettings(warm_steps=1, history_length=HISTORY, movie=False, contact_sheet=False)
STYLE = StyleSettings(steps=2, coarsest_size=32, device=DeviceChoice.CPU)
# With half the strength the styled file is not what the next frame is made from: arrays are stored.
STYLES = {"styled files": STYLE, "stored arrays": replace(STYLE, strength=0.5)}


@pytest.fixture(scope="module")
def engines(picture: Picture) -> dict[str, StyleEngine]:
    style = picture(48, 32, Painting.KNIFE)
    return {name: StyleEngine(settings, style) for name, settings in STYLES.items()}


@pytest.fixture(scope="module")
def pan(picture: Picture) -> list[SourceFrame]:
    wide = picture(80, 32)
    return [
        SourceFrame(number, wide[:, 2 * number : 2 * number + 48].copy()) for number in range(1, FRAMES + 2)
    ]


def run(
    engine: StyleEngine, frames: list[SourceFrame], out: Path, passes: int = 1, stop_in: int | None = None
) -> tuple[list[int], list[str]]:
    """The frames that were optimized, in order, and the warnings; `stop_in` cancels in that one's steps."""
    begun: list[int] = []
    warnings: list[str] = []

    def progress(number: int, progress: Progress) -> None:
        if progress.step == 1:
            begun.append(number)

    callbacks = RunCallbacks(
        progress=progress,
        warning=warnings.append,
        cancelled=lambda: stop_in is not None and len(begun) > stop_in,
    )
    settings = replace(SEQUENCE, pass_count=passes)
    SequenceDriver(engine, settings, out, callbacks, total=len(frames)).run(frames)
    return begun if stop_in is None else begun[:-1], warnings


def styled(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (out / "styled").iterdir()}


def frame(out: Path, number: int) -> Path:
    return out / "styled" / f"styled_{number:04d}.png"


def flip(path: Path) -> None:
    """Changes one bit in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


CHANGES: dict[str, Callable[[Path], object]] = {
    "flipped": flip,
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "emptied": lambda path: path.write_bytes(b""),
    "removed": Path.unlink,
    "another picture": lambda path: write_png(path, np.full((32, 48, 3), 0.5, np.float32)),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
}


CASES = [
    *(("styled files", change, True) for change in CHANGES),
    *(("stored arrays", "truncated", True), ("stored arrays", "flipped", False)),
    ("styled files", "flipped", False),
]


@pytest.mark.parametrize("case", CASES)
def test_the_last_frame_costs_itself_alone(
    engines: dict[str, StyleEngine], pan: list[SourceFrame], tmp_path: Path, case: tuple[str, str, bool]
) -> None:
    style, change, longer = case
    engine = engines[style]
    run(engine, pan, tmp_path / "whole")
    out = tmp_path / "out"
    run(engine, pan[:FRAMES], out)
    CHANGES[change](frame(out, FRAMES))
    made, warnings = run(engine, pan if longer else pan[:FRAMES], out)
    assert made == ([FRAMES, FRAMES + 1] if longer else [FRAMES])
    assert len(warnings) == 1
    assert f"{frame(out, FRAMES)} is gone or was changed: frame {FRAMES} is stylized again" in warnings[0]
    expected = styled(tmp_path / "whole")
    assert styled(out) == {name: expected[name] for name in sorted(expected)[: FRAMES + longer]}


@pytest.mark.parametrize("style", STYLES)
def test_frames_that_were_exchanged_are_found(
    engines: dict[str, StyleEngine], pan: list[SourceFrame], tmp_path: Path, style: str
) -> None:
    engine = engines[style]
    run(engine, pan[:FRAMES], tmp_path)
    before = styled(tmp_path)
    frame(tmp_path, 4).rename(tmp_path / "kept")
    frame(tmp_path, 5).rename(frame(tmp_path, 4))
    (tmp_path / "kept").rename(frame(tmp_path, 5))
    made, warnings = run(engine, pan[:FRAMES], tmp_path)
    # Of the frames before, nothing is stored any more where the styled files do not serve.
    first = 4 if style == "styled files" else 1
    assert made == list(range(first, FRAMES + 1))
    assert f"styled_0004.png is gone or was changed: frame {first} and the ones after it" in warnings[0]
    assert styled(tmp_path) == before


@pytest.mark.parametrize("change", ["flipped", "removed"])
def test_a_stored_array_that_was_changed_costs_its_frame_and_the_ones_after(
    engines: dict[str, StyleEngine], pan: list[SourceFrame], tmp_path: Path, change: str
) -> None:
    engine = engines["stored arrays"]
    run(engine, pan, tmp_path / "whole")
    out = tmp_path / "out"
    run(engine, pan[:FRAMES], out)
    stored = sorted((out / ".journal").glob("optimized_*.npy"))
    assert len(stored) == HISTORY + 1, "one more than the next frame is made from"
    CHANGES[change](stored[-1])
    made, warnings = run(engine, pan, out)
    assert made == [FRAMES, FRAMES + 1]
    assert f"{stored[-1]} is gone or was changed: frame {FRAMES} is stylized again" in warnings[0]
    assert styled(out) == styled(tmp_path / "whole")


@pytest.mark.parametrize(("stop_in", "lost"), [(FRAMES + 3, 4), (2 * FRAMES + 1, 1)])
def test_the_last_frame_of_a_further_pass_costs_itself_alone(
    engines: dict[str, StyleEngine], pan: list[SourceFrame], tmp_path: Path, stop_in: int, lost: int
) -> None:
    """Of three passes, the second of which goes backwards."""
    engine, frames = engines["styled files"], pan[:FRAMES]
    order = [*range(1, FRAMES + 1), *range(FRAMES, 0, -1), *range(1, FRAMES + 1)]
    assert run(engine, frames, tmp_path / "whole", 3)[0] == order
    out = tmp_path / "out"
    run(engine, frames, out, 3, stop_in=stop_in)
    assert order[stop_in - 1] == lost
    flip(frame(out, lost))
    made, warnings = run(engine, frames, out, 3)
    assert made == order[stop_in - 1 :]
    assert f"styled_{lost:04d}.png is gone or was changed: frame {lost} is stylized again" in warnings[0]
    assert styled(out) == styled(tmp_path / "whole")


def test_an_earlier_frame_of_a_further_pass_costs_everything(
    engines: dict[str, StyleEngine], pan: list[SourceFrame], tmp_path: Path
) -> None:
    engine, frames = engines["styled files"], pan[:FRAMES]
    order = run(engine, frames, tmp_path / "whole", 2)[0]
    out = tmp_path / "out"
    run(engine, frames, out, 2, stop_in=FRAMES + 3)
    flip(frame(out, 5))
    made, warnings = run(engine, frames, out, 2)
    assert made == order
    assert "frame 5 and all others are stylized again" in warnings[0]
    assert styled(out) == styled(tmp_path / "whole")


def test_a_stored_input_frame_that_was_changed_is_stored_again(
    engines: dict[str, StyleEngine], pan: list[SourceFrame], tmp_path: Path
) -> None:
    engine, frames = engines["styled files"], pan[:FRAMES]
    run(engine, frames, tmp_path / "whole", 2)
    out = tmp_path / "out"
    run(engine, frames, out, 2, stop_in=FRAMES + 1)
    save_lossless(out / ".journal" / "content_000000.npy", 1.0 - frames[0].image)
    run(engine, frames, out, 2)
    assert styled(out) == styled(tmp_path / "whole")


@pytest.mark.parametrize("time", [0.0, 4_000_000_000.0])
def test_the_clock_does_not_matter(
    engines: dict[str, StyleEngine], pan: list[SourceFrame], tmp_path: Path, time: float
) -> None:
    """It was set back or forward between two runs: what lies there is of another time."""
    run(engines["stored arrays"], pan[:FRAMES], tmp_path)
    for path in tmp_path.rglob("*"):
        os.utime(path, (time, time))
    assert run(engines["stored arrays"], pan, tmp_path) == ([FRAMES + 1], [])


def npy(array: np.ndarray, *, pickle: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=pickle)
    return file.getvalue()


def npz(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, array)
    return file.getvalue()


PICTURE = np.zeros((32, 48, 3), np.float32)
WHOLE = npy(PICTURE)
ARRAYS: dict[str, bytes] = {
    "text": b"no array at all",
    "nothing": b"",
    "a header alone": WHOLE[:128],
    "less than it says": WHOLE[:-1],
    "more than it says": WHOLE + b"\0",
    "four terabytes": re.sub(rb"\(32, 48, 3\), }   ", b"(999999, 999999, 4)}", WHOLE),
    "a number without end": re.sub(rb"\(32, 48, 3\)", b"(" + b"9" * 60, WHOLE),
    "an unclosed header": WHOLE.replace(b"}", b" "),
    "a deep header": WHOLE[:10] + (b"(" * 117 + b"\n") + WHOLE[128:],
    "code in the header": WHOLE.replace(b"(32, 48, 3)", b"print('!') "),
    "several arrays": npz(PICTURE),
    "strings": npy(np.full((32, 48, 3), "a")),
    "objects": npy(np.full((32, 48, 3), None), pickle=True),
    "complex numbers": npy(PICTURE.astype(np.complex64)),
    "double precision": npy(PICTURE.astype(np.float64)),
    "fields": npy(np.zeros((32, 48), [("r", "<f4"), ("g", "<f4")])),
    "columns first": npy(np.asfortranarray(PICTURE)),
    "no dimension": npy(np.full((), 1.0, np.float32)),
    "too many channels": npy(np.zeros((32, 48, 5), np.float32)),
    "no number": npy(np.full((32, 48, 3), np.nan, np.float32)),
    "infinite": npy(np.full((32, 48, 3), np.inf, np.float32)),
}
OTHER_SIZES: dict[str, bytes] = {
    "another size": npy(np.zeros((16, 24, 3), np.float32)),
    "one channel": npy(np.zeros((32, 48, 1), np.float32)),
    "no channels": npy(np.zeros((32, 48), np.uint8)),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_a_file_that_is_no_stored_picture_is_one_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / "array.npy"
    path.write_bytes(ARRAYS[name])
    with pytest.raises(FileError) as caught:
        load_lossless(path)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("name", [*ARRAYS, *OTHER_SIZES])
def test_a_forged_array_is_refused_or_made_again(
    engines: dict[str, StyleEngine], pan: list[SourceFrame], tmp_path: Path, name: str
) -> None:
    """Even where the journal has the hash of the forgery."""
    engine = engines["stored arrays"]
    run(engine, pan[:3], tmp_path)
    before = styled(tmp_path)
    (stored,) = (tmp_path / ".journal").glob("optimized_00_000002.npy")
    hash_before = file_fingerprint(stored)
    stored.write_bytes((ARRAYS | OTHER_SIZES)[name])
    journal = tmp_path / "journal.json"
    journal.write_text(journal.read_text("utf-8").replace(hash_before, file_fingerprint(stored)), "utf-8")
    if name in OTHER_SIZES:
        with pytest.raises(JournalError, match=r"frame 3: .* is of another size"):
            run(engine, pan[:4], tmp_path)
        return
    made, warnings = run(engine, pan[:4], tmp_path)
    assert made == [3, 4]
    assert str(stored) in warnings[0]
    assert {name: styled(tmp_path)[name] for name in before} == before


def test_a_forged_styled_file_of_another_size_is_refused(
    engines: dict[str, StyleEngine], pan: list[SourceFrame], tmp_path: Path
) -> None:
    run(engines["stored arrays"], pan[:3], tmp_path)
    values = json.loads((tmp_path / "journal.json").read_text("utf-8"))
    write_png(frame(tmp_path, 2), np.zeros((16, 24, 3), np.float32))
    values["frames"][1]["styled_file"] = file_fingerprint(frame(tmp_path, 2))
    (tmp_path / "journal.json").write_text(json.dumps(values), "utf-8")
    with pytest.raises(FileError, match=r"styled_0002\.png: is of another size"):
        run(engines["stored arrays"], pan[:3], tmp_path)
