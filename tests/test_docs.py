"""The pages for people name files, commands and make targets that exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from blender_nst.cli.app import app

REPOSITORY = Path(__file__).parent.parent
PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").glob("*.md")])
ROOMS = ("blender_nst", "compositor", "video", "tests", "docs", "pictures")
SUFFIXES = (".py", ".md", ".json", ".toml", ".png", ".mp4", ".mov", ".mkv")
OTHERS = ("torch.",)
COMMAND_LINE = ".venv/bin/blender-nst"

VARIABLE = re.compile(r"BLENDER_NST_[A-Z_]*[A-Z]")

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def inline_code(page: Path) -> list[str]:
    """What stands between backticks, and the lines of indented blocks."""
    text = page.read_text("utf-8")
    blocks = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    return re.findall(r"`([^`\n]+)`", text) + blocks


def commands(page: Path) -> Iterator[list[str]]:
    """The words of each call of the command line, without comments."""
    for code in inline_code(page):
        if code.startswith(COMMAND_LINE):
            yield shlex.split(code, comments=True)[1:]


@pages
def test_links_lead_to_files(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
    local = [link.partition("#")[0] for link in links if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


@pages
def test_paths_exist(page: Path) -> None:
    paths = [code for code in inline_code(page) if re.fullmatch(rf"({'|'.join(ROOMS)})(/[\w.]+)*/?", code)]
    assert [path for path in paths if not (REPOSITORY / path).exists()] == []


@pages
def test_functions_are_defined(page: Path) -> None:
    sources = [path.read_text("utf-8") for room in ROOMS[:3] for path in (REPOSITORY / room).rglob("*.py")]
    defined = set(re.findall(r"^ *(?:def|class) (\w+)", "\n".join(sources), re.MULTILINE))
    names = [code for code in inline_code(page) if re.fullmatch(r"[A-Za-z_]+\.[A-Za-z_]\w*", code)]
    own = [name for name in names if not name.endswith(SUFFIXES) and not name.startswith(OTHERS)]
    assert [name for name in own if name.split(".")[1] not in defined] == []


@pages
def test_make_targets_exist(page: Path) -> None:
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    named = {code.split()[1] for code in inline_code(page) if re.match(r"make [\w-]+", code)}
    assert named <= targets


@pages
def test_commands_and_their_options_exist(page: Path) -> None:
    for words in commands(page):
        command: Any = typer.main.get_command(app)
        while words and re.fullmatch(r"[a-z]+", words[0]) and hasattr(command, "commands"):
            assert words[0] in command.commands, words
            command = command.commands[words.pop(0)]
        options = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
        given = {word for word in words if word.startswith("--")}
        assert given - {"--help"} <= options, words


def test_the_readme_is_short_and_shows_commands() -> None:
    readme = REPOSITORY / "README.md"
    assert len(readme.read_text("utf-8").splitlines()) <= 120
    assert len(list(commands(readme))) >= 5


def test_every_environment_variable_is_documented() -> None:
    documented = set(VARIABLE.findall((REPOSITORY / "docs" / "usage.md").read_text("utf-8")))
    used: set[str] = set()
    for room in ("blender_nst", "compositor", "video"):
        for path in (REPOSITORY / room).rglob("*.py"):
            used |= set(VARIABLE.findall(path.read_text("utf-8")))
    assert used == documented
