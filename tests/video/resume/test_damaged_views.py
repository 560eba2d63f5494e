"""Journals of two views that were damaged, forged or exchanged: refused in one line, or they do no harm."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, StyleSettings
from tests.video.resume.test_damaged_journal import TEXTS, WRONG, check_line, places
from video.driver.views_driver import ViewFrames, ViewsDriver
from video.errors import VideoError
from video.files.output_folder import JOURNAL, KEPT_RESULTS, view_folder
from video.frames.sequence import SourceFrame
from video.paintings.painting import Painting
from video.results import RunCallbacks
from video.settings import SequenceSettings

Picture = Callable[..., np.ndarray]
Eyes = dict[str, dict[int, SourceFrame]]

SEQUENCE = SequenceSettings(warm_steps=1, movie=False, contact_sheet=False)
EYES = ("_L", "_R")
FRAMES = 2


@pytest.fixture(scope="module")
def engine(picture: Picture) -> StyleEngine:
    settings = StyleSettings(steps=2, coarsest_size=32, device=DeviceChoice.CPU, strength=0.5)
    return StyleEngine(settings, picture(48, 32, Painting.KNIFE))


@pytest.fixture(scope="module")
def eyes(picture: Picture) -> Eyes:
    wide = picture(80, 32)
    return {
        eye: {
            number: SourceFrame(number, wide[:, 4 * place + 2 * number :][:, :48].copy())
            for number in range(1, FRAMES + 1)
        }
        for place, eye in enumerate(EYES)
    }


def run(engine: StyleEngine, eyes: Eyes, output: Path, *, count: int = FRAMES) -> None:
    views = [
        ViewFrames(eye, [frames[n] for n in range(1, count + 1)], frames.__getitem__, RunCallbacks())
        for eye, frames in eyes.items()
    ]
    ViewsDriver(engine, SEQUENCE, output, total=count).run(views)


@pytest.fixture(scope="module")
def whole(engine: StyleEngine, eyes: Eyes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both views finished."""
    folder = tmp_path_factory.mktemp("views") / "out"
    run(engine, eyes, folder)
    return folder


@pytest.fixture
def out(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    return shutil.copytree(whole, tmp_path / "out")


def styled(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((output / "styled").iterdir())}


def harmless(engine: StyleEngine, eyes: Eyes, out: Path, whole: Path) -> str:
    """Goes on with a damaged folder; returns why that was refused, empty where it was not.

    The styled frames are those of the whole run in either case.
    """
    try:
        run(engine, eyes, out)
    except VideoError as error:
        check_line(str(error))
        return str(error)
    finally:
        assert styled(out) == styled(whole)
    return ""


@pytest.mark.parametrize("eye", EYES)
def test_a_file_that_is_no_journal_is_refused(
    engine: StyleEngine, eyes: Eyes, out: Path, whole: Path, eye: str
) -> None:
    journal = view_folder(out, eye) / JOURNAL
    for text in TEXTS.values():
        journal.write_text(text, "utf-8")
        assert harmless(engine, eyes, out, whole)
        assert journal.read_text("utf-8") == text


@pytest.mark.parametrize("eye", EYES)
def test_a_wrong_value_at_any_place_does_no_harm(
    engine: StyleEngine, eyes: Eyes, out: Path, whole: Path, eye: str
) -> None:
    journal = view_folder(out, eye) / JOURNAL
    content = json.loads(journal.read_text("utf-8"))
    refused = 0
    for number, path in enumerate(places(content)):
        changed = copy.deepcopy(content)
        # Each of the wrong values at some of the places: all at all are tried with a single view.
        value = WRONG[number % len(WRONG)]
        holder = changed
        for key in path[:-1]:
            holder = holder[key]
        if path:
            holder[path[-1]] = value
        journal.write_text(json.dumps(changed if path else value), "utf-8")
        refused += bool(harmless(engine, eyes, out, whole))
        for other in EYES:  # what was made again has a journal of its own
            shutil.rmtree(view_folder(out, other))
            shutil.copytree(view_folder(whole, other), view_folder(out, other))
    assert refused > 10


def test_the_journal_of_the_other_eye_is_refused(
    engine: StyleEngine, eyes: Eyes, out: Path, whole: Path
) -> None:
    left, right = (view_folder(out, eye) / JOURNAL for eye in EYES)
    before = left.read_bytes(), right.read_bytes()
    for changed in ((before[1], before[0]), (before[0], before[0]), (before[1], before[1])):
        left.write_bytes(changed[0])
        right.write_bytes(changed[1])
        assert "view" in harmless(engine, eyes, out, whole)
        assert (left.read_bytes(), right.read_bytes()) == changed


@pytest.mark.parametrize("lost", [("_L",), ("_R",), EYES])
def test_a_view_whose_journal_is_lost_is_made_again(
    engine: StyleEngine, eyes: Eyes, out: Path, whole: Path, lost: tuple[str, ...]
) -> None:
    for eye in lost:
        (view_folder(out, eye) / JOURNAL).unlink()
    assert harmless(engine, eyes, out, whole) == ""


@pytest.mark.parametrize("eye", EYES)
def test_a_journal_that_ends_early_and_exchanged_frames_give_the_same_bytes(
    engine: StyleEngine, eyes: Eyes, out: Path, whole: Path, eye: str
) -> None:
    journal = view_folder(out, eye) / JOURNAL
    content = json.loads(journal.read_text("utf-8"))
    content["frames"], content["done"] = content["frames"][:1], 1
    journal.write_text(json.dumps(content), "utf-8")
    other = next(each for each in EYES if each != eye)
    shutil.copy(out / "styled" / f"styled_0001{other}.png", out / "styled" / f"styled_0001{eye}.png")
    for kept in (view_folder(out, eye) / KEPT_RESULTS).glob("*"):
        kept.write_bytes(b"x" * kept.stat().st_size)
    run(engine, eyes, out)
    assert styled(out) == styled(whole)
