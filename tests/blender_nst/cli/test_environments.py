"""Names that no file system takes, and machines that lack something: one line, or the right result."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from blender_nst.cli.errors import exit_with_os_error
from tests.blender_nst.command_line import Cli
from video.images.image_files import write_png
from video.paintings.painting import Painting, paint

TINY = ["--steps", "1", "--warm-steps", "1", "--coarsest-size", "64", "--device", "cpu"]
LONG, LONGER = "n" * 250, "n" * 300


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environments")
    wide = paint(Painting.DABS, 96, 48)
    write_png(folder / "style.png", paint(Painting.KNIFE, 64, 48))
    for number in (1, 2):
        write_png(folder / f"frames/f_{number:04}.png", wide[:, number : number + 64])
    (folder / "loop").symlink_to("loop")
    return folder


NAMES = {
    "a pattern of 5000 #": f"stylize frames/f_{'#' * 5000}.png -s style.png",
    "a pattern of 5000 digits": "stylize frames/f_%99999d.png -s style.png",
    "a sequence": f"stylize {LONGER} -s style.png",
    "a picture": f"image {LONGER}.png -s style.png",
    "a style": f"image style.png -s {LONGER}.png",
    "a mask": f"image style.png -s style.png --keep {LONGER}.png",
    "passes": f"stylize frames -s style.png --passes {LONGER}",
    "a network": f"image style.png -s style.png --network {LONGER}.pth",
    "a scene": f"render {LONGER}.blend -s style.png",
    "a Blender": f"render style.png -s style.png --blender {LONGER}",
    "a picture to write": f"image style.png -s style.png -o {LONG}.png",
    "a picture to write, longer": f"image style.png -s style.png -o {LONGER}.png",
    "a folder to write": f"stylize frames -s style.png -o {LONGER}",
    "a sweep": f"sweep style.png -s style.png --vary steps=1 -o {LONGER}",
    "a plot": f"metrics frames -c frames --plot {LONG}.png",
    "the frames to measure": f"metrics {LONGER} -c frames",
    "a picture that is a loop": "image loop -s style.png",
    "frames that are a loop": "stylize loop -s style.png",
    "a folder that is a loop": "stylize frames -s style.png -o loop",
}


@pytest.mark.parametrize("what", NAMES)
def test_impossible_names_are_one_line_before_any_work(
    cli: Cli, files: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.chdir(files)
    before = sorted(files.rglob("*"))
    outcome = cli(*NAMES[what].split(" "))
    assert outcome.code == 2
    (line,) = outcome.stderr.splitlines()
    assert line.startswith("blender-nst: ")
    assert "internal error" not in line
    assert len(line) < 2100
    assert [path for path in sorted(files.rglob("*")) if path not in before and path.name != "out"] == []


def test_a_name_that_is_no_text_is_refused(
    cli: Cli, files: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / os.fsdecode(b"not text \xff")
    folder.mkdir()
    os.link(files / "frames" / "f_0001.png", folder / "f_0001.png")
    for arguments in (
        ("stylize", folder, "-s", files / "style.png"),
        ("stylize", files / "frames", "-s", files / "style.png", "-o", folder / "out"),
        ("image", folder / "f_0001.png", "-s", files / "style.png"),
        ("image", files / "style.png", "-s", files / "style.png", "-o", folder / "a.png"),
    ):
        outcome = cli(*arguments)
        assert outcome.code == 2
        assert "has a name that is no text" in outcome.stderr
        assert len(outcome.stderr.splitlines()) == 1


ENVIRONMENTS: dict[str, tuple[dict[str, str | None], str]] = {
    "no HOME": ({"HOME": None, "XDG_STATE_HOME": None}, ""),
    "a HOME that is missing": ({"HOME": "/nonexistent", "XDG_STATE_HOME": None}, ""),
    "a HOME that cannot be written": ({"HOME": "/proc", "XDG_STATE_HOME": None}, ""),
    "no folder for temporary files": ({"TMPDIR": "/dev/full"}, ""),
    "a locale of ASCII": (
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": None},
        "",
    ),
    "64 open files": ({}, "ulimit -n 64; "),
    "files of 2 MB": ({}, "ulimit -f 2000; "),
}


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_machine_that_lacks_something_gives_the_right_frames(
    files: Path, tmp_path: Path, child_environment: dict[str, str], name: str
) -> None:
    variables, limits = ENVIRONMENTS[name]
    environment = child_environment | {key: value for key, value in variables.items() if value is not None}
    environment = {key: value for key, value in environment.items() if variables.get(key, "") is not None}
    ended = stylize(files, tmp_path / "größe", environment, limits)
    assert ended.returncode == 0, ended.stderr
    assert sorted(path.name for path in (tmp_path / "größe" / "styled").iterdir()) == [
        *("styled_0001.png", "styled_0002.png")
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="macOS keeps no such limit")
@pytest.mark.parametrize("kibibytes", [700_000, 900_000, 1_200_000, 1_500_000])
def test_too_little_address_space_is_one_line_and_code_1(
    files: Path, tmp_path: Path, child_environment: dict[str, str], kibibytes: int
) -> None:
    ended = stylize(files, tmp_path / "out", child_environment, f"ulimit -v {kibibytes}; ")
    assert "Traceback" not in ended.stderr
    if ended.returncode != 0:
        assert ended.returncode == 1
        assert "not enough memory" in ended.stderr.splitlines()[-1]


def stylize(
    files: Path, out: Path, environment: dict[str, str], limits: str
) -> subprocess.CompletedProcess[str]:
    command = f'{limits}exec "$0" -m blender_nst.cli.entry stylize "$1" --style "$2" --out "$3" $4'
    arguments = [sys.executable, str(files / "frames"), str(files / "style.png"), str(out), " ".join(TINY)]
    return subprocess.run(
        ["/bin/bash", "-c", command, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )


def test_what_the_system_lacks_is_no_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    for error, code, words in (
        (OSError(28, "No space left on device", "/x"), 1, "/x: No space left on device; make room"),
        (OSError(24, "Too many open files"), 1, "Too many open files; allow more open files (ulimit -n)"),
        (OSError(13, "Permission denied", b"/x"), 2, "/x: Permission denied"),
    ):
        with pytest.raises(SystemExit) as end:
            exit_with_os_error(error)
        assert end.value.code == code
        assert capsys.readouterr().err == f"blender-nst: {words}\n"
