"""Lines of many parts in another language: by value, and that no line of the sources is left out."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from string import Formatter

import pytest

from blender_nst.language.translated_line import FOLDER, line_formats, translate, translated

REPOSITORY = Path(__file__).parents[3]
EXTENSION = REPOSITORY / "blender_nst"

WINDOW = ("capture", "compositing", "engine", "session", "ui", "handlers.py", "output_folder.py")
"""Of the extension: what says something in the window."""
ENGINE = (
    "compositor/engine.py",
    "compositor/hardware",
    "compositor/optimization/loop.py",
    "compositor/stylization/style_library.py",
    "compositor/stylization/working_size.py",
    "compositor/tiling/memory_plan.py",
    "video/driver",
    "video/files/atomic.py",
    "video/files/folder_lock.py",
    "video/files/lock.py",
    "video/motion/motion_source.py",
    "video/motion/motion_vectors.py",
    "video/movies/movie.py",
    "video/resume/earlier_run.py",
    "video/resume/journal.py",
    "video/resume/put_aside.py",
    "video/worker",
)
"""What the engine says of frames, memory and the output folder."""

UNSAID = {"debug", "info", "exception", "compile", "print", "run", "Popen", "Thread", "Timer"}
"""Calls whose texts nobody reads in the window."""
SAYING = {"say", "report", "allowed", "notify", "warning", "Obstacle"}
NOT_SAID = {"blender-nst @ 7", "Saved: '7'\n"}
"""Of commands and of Blender's own lines. A bug report is for others, and stays English too."""
LABELS = {"text", "title", "message", "confirm_text", "heading", "name"}
SAME = {"PyTorch", "GiB", "Screen"}
"""Labels that are the same in every language, and the name of one of Blender's keymaps."""
VALUE = "7"
"""Stands for a field's value: a number, and no word."""


def polish(text: str) -> str:
    """As Blender looks a text up where it has the language."""
    return known_names().get(text, text)


@lru_cache(maxsize=1)
def known_names() -> dict[str, str]:
    """Every text in Polish."""
    source = ast.parse((EXTENSION / "ui" / "translations.py").read_text("utf-8"))
    tables = [
        node.value for node in source.body if isinstance(node, ast.AnnAssign) and node.value is not None
    ]
    (table,) = [each for each in tables if isinstance(each, ast.Dict)]
    return line_formats() | ast.literal_eval(table)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "240 frames in 2 views at 1920×1080, optimized at 960×540, about 3 h 20 min on CPU,"
            " starts at frame 1",
            "klatki: 240 w widokach: 2, 1920×1080, optymalizacja w 960×540, około 3 h 20 min na CPU,"
            " od klatki 1",
        ),
        ("Frame 3, 2 of 12, 40 s left, 1 more to come", "Klatka 3, 2 z 12, zostało 40 s, w kolejce: 1"),
        (
            "2 finished frames have another Strength, Paint: you will be asked about them",
            "gotowe klatki: 2, a inne jest: Siła, Malarskość; padnie o nie pytanie",
        ),
        (
            "3 frames stylized, with styled.mp4, in 12 s: /home/ada/frames, left",
            "klatki: 3 ze stylem w 12 s, z filmem styled.mp4: /home/ada/frames, left",
        ),
        ("Cancelled; 1 finished frame kept", "Przerwano, zachowano: gotowe klatki: 1"),
        ("256×144, on CPU, about 1.1 GiB of memory", "256×144, na CPU, około 1.1 GiB pamięci"),
        ("Not stylized: There is no style picture", "Bez stylu: Nie ma obrazu stylu"),
        ("37 %: 152 of 410 MB, 40 s left", "37 %: 152 z 410 MB, zostało 40 s"),
        ("/a, b/c d.png: the picture cannot be read", "/a, b/c d.png: nie można odczytać obrazu"),
        (
            "frame 7: /a/b.png: is empty: not rendered yet, or cut short; render or copy it again",
            "klatka 7: /a/b.png: jest pusty: jeszcze nie wyrenderowany albo ucięty; wyrenderuj lub skopiuj"
            " jeszcze raz",
        ),
        (
            "/a/b.png is gone or was changed: frame 3 and the ones after it are stylized again",
            "/a/b.png zniknął lub został zmieniony: klatka 3 i dalsze dostają styl jeszcze raz",
        ),
        (
            "/a/b.png is gone or was changed: frame 3 is stylized again",
            "/a/b.png zniknął lub został zmieniony: klatka 3 dostaje styl jeszcze raz",
        ),
        (
            "the style engine has not answered for 90 s and was ended: see /a/engine.log, for the second"
            " time; finished frames kept: 3; press Resume to go on",
            "silnik stylu nie odpowiada od 90 s i został zakończony: patrz /a/engine.log, po raz drugi;"
            " zachowane gotowe klatki: 3; żeby kontynuować, naciśnij Wznów",
        ),
        (
            "/a holds 4 frames that were made otherwise (strength was 1.0, is 0.5; and 2 more): choose"
            " another output folder, or begin anew",
            "/a zawiera klatki zrobione inaczej: 4 (strength było 1.0, jest 0.5; i jeszcze 2): wybierz inny"
            " folder wynikowy albo zacznij od nowa",
        ),
        ("frames 3, 4 missing; there are 1 to 9", "brakuje klatek 3, 4; są od 1 do 9"),
        ("/a/what nobody knows: nothing", "/a/what nobody knows: nothing"),
    ],
)
def test_a_line_is_translated_with_what_is_filled_in(line: str, expected: str) -> None:
    assert translated(line, polish) == expected
    assert translated(line, lambda text: text) == line, "in English it is as it was"


def test_formats_have_the_same_fields_in_both_languages() -> None:
    for english, text in line_formats().items():
        fields = [
            [field for _, field, _, _ in Formatter().parse(each) if field is not None]
            for each in (english, text)
        ]
        assert sorted(fields[0]) == sorted(fields[1]), english


def test_no_text_is_in_two_files() -> None:
    names = [
        set(json.loads((FOLDER / f"polish_{each}.json").read_text("utf-8"))) for each in ("lines", "messages")
    ]
    assert not names[0] & names[1]


def test_no_label_of_the_window_stays_english() -> None:
    """Of buttons, panels, dialogs and properties, that are written where they are drawn."""
    found = {text for file in (EXTENSION / "ui").rglob("*.py") for text in labels(file)}
    assert len(found) > 80
    assert found - set(known_names()) - SAME == set()


def labels(file: Path) -> Iterator[str]:
    """The texts that a source gives Blender to draw."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        given: list[ast.expr] = []
        if isinstance(node, ast.Call):
            given = [each.value for each in node.keywords if each.arg in LABELS]
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "bl_label":
            given = [node.value]
        for value in given:
            parts = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
            yield from (str(each.value) for each in parts if isinstance(each, ast.Constant) and each.value)


def test_no_line_of_the_window_stays_english() -> None:
    assert left_english([EXTENSION / name for name in WINDOW]) == []


def test_no_line_of_the_engine_about_frames_stays_english() -> None:
    assert left_english([REPOSITORY / name for name in ENGINE]) == []


def left_english(places: list[Path]) -> list[str]:
    """The lines of some sources that have a word without a format, each with its place."""
    files = [file for place in places for file in (place.rglob("*.py") if place.is_dir() else [place])]
    found = ((file, *said) for file in sorted(files) for said in said_lines(file))
    return [
        f"{file.relative_to(REPOSITORY)}:{number}: {line}"
        for file, number, line in found
        if file.name != "report_operator.py" and line not in NOT_SAID and not translate(line, polish)[1]
    ]


def said_lines(file: Path) -> Iterator[tuple[int, str]]:
    """What a source says: its formatted strings, and the texts of errors and messages."""
    yield from _said(ast.parse(file.read_text("utf-8")), raised=False)


def _said(node: ast.AST, *, raised: bool) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.JoinedStr):
        line = "".join(str(part.value) if isinstance(part, ast.Constant) else VALUE for part in node.values)
        if re.search(r"[a-z]{2,} [a-z]|[a-z]{2,}[:;,]? ", line):
            yield node.lineno, line
        return
    if isinstance(node, ast.Constant):
        if raised and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value
        return
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).rpartition(".")[2]
        if name in UNSAID or ast.unparse(node.func).startswith("logger."):
            return
        raised = raised or name in SAYING
    raised = raised or isinstance(node, ast.Raise)
    for child in ast.iter_child_nodes(node):
        yield from _said(child, raised=raised)
