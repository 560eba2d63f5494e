"""Lock files: the versions that an installation takes, with the hashes that their files must have.

They lie beside this module and in the extension's zip, and are written by
`python -m blender_nst.cli.packaging.lock`. What an index declares counts for nothing where a lock knows.

The standard library alone, and no Blender.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent

ENGINE_LOCK = FOLDER / "engine.txt"
"""All packages of the engine, with PyTorch as the package index has it."""

UV_LOCK = FOLDER / "uv.txt"
"""uv itself, which pip installs."""

_ENTRY = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)([^\\\n]*)((?:\\\n\s+--hash=\S+\s*)*)", re.MULTILINE)
_HASH = re.compile(r"--hash=(\S+)")
# Its builds come from PyTorch's own index, newer ones for newer GPUs; they are not held to one version.
_TORCH = re.compile(r"^(?:torch|torchvision|triton|nvidia-.*|cuda-.*)$")


@dataclass(frozen=True)
class LockedPackage:
    """A package in a lock: `marker` says where it applies, as ` ; python_full_version < '3.12'`."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]

    @property
    def text(self) -> str:
        """As a requirement, without its hashes."""
        return f"{self.name}=={self.version}{self.marker}".strip()


def locked_packages(text: str) -> Iterator[LockedPackage]:
    """The packages in a lock file's text."""
    for match in _ENTRY.finditer(text):
        yield LockedPackage(match[1], match[2], match[3].rstrip(), tuple(_HASH.findall(match[4])))


def lock_for_bpy(release: str) -> Path:
    """The lock of a release of Blender's Python module; the file may not be there."""
    return FOLDER / f"bpy-{release}.txt"


def constraints(lock: Path) -> str:
    """The versions that a lock holds every package to but PyTorch and what comes with it."""
    packages = locked_packages(lock.read_text("utf-8"))
    return "".join(f"{each.text}\n" for each in packages if not _TORCH.match(each.name))


def with_locked_hashes(resolved: str, lock: Path) -> str:
    """What uv has resolved, with the lock's hashes in the place of those that the index declares.

    A build that the lock does not know, as PyTorch's of its own index, keeps the declared ones.
    """
    known = {(each.name, each.version): each for each in locked_packages(lock.read_text("utf-8"))}

    def entry(match: re.Match[str]) -> str:
        package = known.get((match[1], match[2]))
        if package is None:
            return match[0]
        hashes = "".join(f" \\\n    --hash={each}" for each in package.hashes)
        end = "\n" if match[0].endswith("\n") else ""
        return f"{match[1]}=={match[2]}{match[3].rstrip()}{hashes}{end}"

    return _ENTRY.sub(entry, resolved)
