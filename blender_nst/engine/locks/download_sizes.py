"""How many bytes an installation of the engine fetches, known before anything is asked of a network.

`download_sizes.json` lies beside this module and in the extension's zip; it is written with the locks, by
`python -m blender_nst.cli.packaging.lock`, from the sizes that the package index declares.

The standard library alone, and no Blender.
"""

from __future__ import annotations

import json
import platform
import sys
from enum import StrEnum
from pathlib import Path

FILE = Path(__file__).parent / "download_sizes.json"


class TorchBuild(StrEnum):
    """What PyTorch is built for."""

    CPU = "cpu"
    CUDA = "cuda"


def this_platform() -> str:
    """This system and processor as the file names them: `linux-x86_64`, `win32-amd64`, `darwin-arm64`."""
    return f"{sys.platform}-{platform.machine().lower()}"


def download_size(build: TorchBuild, system: str | None = None) -> int | None:
    """Bytes of all packages, PyTorch and its libraries among them; None for a system that is not listed.

    Args:
        system: as `this_platform` names it; this one by default.
    """
    sizes = json.loads(FILE.read_text("utf-8"))
    return sizes.get(system or this_platform(), {}).get(build.value)
