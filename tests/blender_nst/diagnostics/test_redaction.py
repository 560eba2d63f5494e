"""What a report may not say: folders, the user's name, the computer's name."""

from __future__ import annotations

import platform

import pytest

from blender_nst.diagnostics.redaction import PrivateNames, names_of_this_machine, redact

NAMES = PrivateNames(
    homes=("/home/anna", r"C:\Users\Anna Smith"), users=("anna", "Anna Smith"), hosts=("studio-pc",)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/home/anna/My Renders/shot 1/frame.png: cannot be read", "frame.png: cannot be read"),
        ("the home is /home/anna", "the home is ~"),
        ("out=/home/anna/project/out", "out=out"),
        ('File "/home/anna/.venv/lib/a.py", line 3, in run', 'File "a.py", line 3, in run'),
        (r"C:\Users\Anna Smith\Videos\a.png: no", "a.png: no"),
        (repr(r"C:\Users\Anna Smith\Videos\a.png"), "'a.png'"),
        ("C:/Users/anna smith/a.blend", "a.blend"),
        (r"D:\Client X\shot.exr and E:/y/z.exr", "shot.exr and z.exr"),
        (r"\\server\share\a.exr", "a.exr"),
        ("file:///home/anna/a.png", "a.png"),
        ("PATH=/a/b:/c/d", "PATH=b:d"),
        ("('/a/b', '/c/d')", "('b', 'd')"),
        ("/home/annabel/secret/x.png", "x.png"),
        ("/home/anna/Smith, Bob/a:b/x.png: no", "x.png: no"),
        ("/mnt/Anna's Renders/x.png", "x.png"),
        ("//textures/client/wood.png", "wood.png"),
        ("https://anna:secret@example.org/simple", "https://example.org/simple"),
    ],
)
def test_a_path_keeps_its_file_name_alone(text: str, expected: str) -> None:
    assert redact(text, NAMES) == expected


@pytest.mark.parametrize(
    "text", ["12 steps/s, 1/2, and/or ./a/b ../c", "https://example.org/a/b", "a / b", "losses: 0.5", "out/x"]
)
def test_what_is_no_absolute_path_stays(text: str) -> None:
    assert redact(text, NAMES) == text


def test_names_are_replaced_as_words_in_any_case() -> None:
    assert redact("ANNA_shot.png on Studio-PC: savannah", NAMES) == "<user>_shot.png on <host>: savannah"


@pytest.mark.parametrize("home", ["/", "", "C:\\"])
def test_a_home_that_is_the_root_replaces_nothing(home: str) -> None:
    assert redact("a / b, C:x", PrivateNames(homes=(home,))) == "a / b, C:x"


def test_the_names_of_this_machine_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/made-up")
    monkeypatch.setenv("USERPROFILE", "/home/made-up")
    monkeypatch.setenv("LOGNAME", "somebody")
    names = names_of_this_machine()
    assert names.homes == ("/home/made-up",)
    assert {"made-up", "somebody"} <= set(names.users)
    assert platform.node() in names.hosts
