"""Takes what is private out of a text that will be published: folders, the user's and the computer's name."""

from __future__ import annotations

import getpass
import platform
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_SHORTEST_NAME = 3
"""Characters; a shorter name of a user or computer is left: replacing `a` would make sentences unreadable."""

_SEPARATORS = re.compile(r"[\\/]+")
# Characters of a folder's name, and of the last name in a path, at which a sentence may go on.
_FOLDER = r"""(?:[^\\/\s:*?"<>|'`]|:(?![\s\\/])|(?<=\w)'(?=\w))"""
_LAST = r"""(?:[^\\/\s:*?"<>|,;'`]|[,:](?!\s)|(?<=\w)'(?=\w))"""
_PATH = re.compile(
    # The root: a drive, two backslashes of a share, the home folder, or a slash. Not the slash of `frames/s`,
    # of `./here`, or of `https://`.
    r"(?:(?<![A-Za-z0-9])[A-Za-z]:[\\/]+|(?<![\\\w])\\\\+|(?<![\w~])~[\\/]+|(?<![\w/\\.~:])/+|(?<=:)/(?!/))"
    # Folders, whose names may hold spaces inside.
    rf"(?:{_FOLDER}(?:[ ]*{_FOLDER})*[\\/]+)*"
    # The last name, up to the first space.
    rf"{_LAST}*"
)
_URL_USER = re.compile(r"(?<=://)[^\s/@]+@")


@dataclass(frozen=True)
class PrivateNames:
    """What must not appear in a report.

    Attributes:
        homes: home folders, as absolute paths of any system.
        users: names of the user.
        hosts: names of the computer.
    """

    homes: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


def names_of_this_machine() -> PrivateNames:
    """The names of whoever runs this process, and of the computer."""
    homes: list[str] = []
    users: list[str] = []
    with suppress(RuntimeError):
        homes.append(str(Path.home()))
        users.append(Path.home().name)
    # Without a variable that names the user and without an entry of the user's id.
    with suppress(OSError, KeyError, ImportError):
        users.append(getpass.getuser())
    host = platform.node()
    return PrivateNames(tuple(homes), tuple(users), (host, host.partition(".")[0]))


def redact(text: str, names: PrivateNames) -> str:
    """The text with `~`, `<user>` and `<host>` for private names; absolute paths keep their file name only.

    The end of a path with spaces is not known: what stands between a path and the next separator in its line
    may be left out too.
    """
    text = _URL_USER.sub("", text.replace("file://", ""))
    for home in names.homes:
        text = _without_home(text, home)
    text = _PATH.sub(_file_name, text)
    text = _without_names(text, names.hosts, "<host>")
    return _without_names(text, names.users, "<user>")


def _without_home(text: str, home: str) -> str:
    parts = [re.escape(part) for part in _SEPARATORS.split(home.rstrip("\\/"))]
    if len(parts) < 2 or not parts[-1]:
        return text  # the root folder, as the home of a user without one
    # A path that was printed by repr() or as JSON has its backslashes doubled.
    pattern = r"[\\/]+".join(parts) + r"(?![\w-]|['.]\w)"
    return re.sub(pattern, "~", text, flags=re.IGNORECASE)


def _file_name(match: re.Match[str]) -> str:
    parts = [part for part in _SEPARATORS.split(match.group()) if part]
    return parts[-1] if parts else match.group()


def _without_names(text: str, names: Iterable[str], replacement: str) -> str:
    for name in sorted({each for each in names if len(each) >= _SHORTEST_NAME}, key=len, reverse=True):
        if name.lower() != "localhost":
            pattern = rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])"
            text = re.sub(pattern, replacement, text, flags=re.IGNORECASE)
    return text
