"""Adds up what an installation of the engine fetches on each system, from the sizes that the index declares.

uv resolves for a system as if it were this one, and writes the files that it would take with their sizes.
PyTorch's own index declares none: such a file is fetched once, and measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from blender_nst.engine.environment import environment_program
from blender_nst.engine.locks.download_sizes import TorchBuild
from blender_nst.engine.torch_packages import TORCH_FOR_CPU
from blender_nst.engine.uv_tool import UV_REQUIREMENT, Uv, configured_uv, pip_install

_PYTHON = "3.11"
"""Of Blender 4.2 to 5.0; the files for another one differ by a few per cent."""

_SYSTEMS: Mapping[str, str] = {
    "linux-x86_64": "x86_64-manylinux_2_28",
    "win32-amd64": "x86_64-pc-windows-msvc",
    "darwin-arm64": "aarch64-apple-darwin",
}
"""A system as `this_platform` names it, and as uv does."""

_OLDEST_MACOS = "14.0"
"""That PyTorch's wheels are for."""


def measured_sizes(others: Sequence[str]) -> dict[str, dict[str, int]]:
    """Bytes by system and build. The build for CUDA on Windows lies on PyTorch's own index, and is left out.

    Args:
        others: the engine's requirements beside PyTorch.
    """
    sizes: dict[str, dict[str, int]] = {}
    for system, platform in _SYSTEMS.items():
        cpu = [*_local_torch(), *others] if system.startswith("linux") else [*TORCH_FOR_CPU, *others]
        sizes[system] = {TorchBuild.CPU.value: _size(platform, cpu)}
        if system.startswith("linux"):
            sizes[system][TorchBuild.CUDA.value] = _size(platform, [*TORCH_FOR_CPU, *others])
    return sizes


def write_sizes(path: Path, others: Sequence[str]) -> None:
    """Writes `download_sizes.json`."""
    path.write_text(json.dumps(measured_sizes(others), indent=2) + "\n", "utf-8", newline="\n")


def _local_torch() -> list[str]:
    """PyTorch's build for the CPU: on Linux the package index has the one for CUDA under this version."""
    torch, *beside = TORCH_FOR_CPU
    return [f"{torch}+cpu", *beside]


def _size(platform: str, requirements: Sequence[str]) -> int:
    variables = os.environ | {"MACOSX_DEPLOYMENT_TARGET": _OLDEST_MACOS}
    # Where PyTorch's own index cannot be reached, pip's configuration may name a folder with its wheels,
    # which would be taken for the others too.
    local = any("+cpu" in each for each in requirements)
    prefix = Path(sys.prefix)
    uv = configured_uv(prefix, variables) if local else Uv(prefix, variables)
    with tempfile.TemporaryDirectory() as folder:
        source, resolved = Path(folder) / "requirements.in", Path(folder) / "pylock.toml"
        source.write_text("".join(f"{each}\n" for each in [*requirements, UV_REQUIREMENT]), "utf-8")
        _resolve(uv, source, resolved, platform)
        packages = tomllib.loads(resolved.read_text("utf-8"))["packages"]
        return sum(_wheel_size(package, Path(folder)) for package in packages)


def _resolve(uv: Uv, source: Path, resolved: Path, platform: str) -> None:
    program = str(environment_program(uv.environment, "uv"))
    options = ["--quiet", "--format", "pylock.toml", "--generate-hashes", "--python-version", _PYTHON]
    command = [program, "pip", "compile", *options, "--python-platform", platform, "-o", str(resolved)]
    local = "+cpu" in source.read_text("utf-8")
    attempts = [["--torch-backend", "cpu"], []] if local else [[]]
    for left, attempt in enumerate(attempts, 1 - len(attempts)):
        ended = subprocess.run([*command, *attempt, str(source)], env=dict(uv.variables), check=left == 0)
        if ended.returncode == 0:
            return


def _wheel_size(package: Mapping[str, Any], folder: Path) -> int:
    """Of the wheel that uv takes: the last one listed has the newest tag."""
    wheel = package["wheels"][-1] if "wheels" in package else package["archive"]
    if "size" in wheel:
        return int(wheel["size"])
    if "path" in wheel:
        return (folder / wheel["path"]).stat().st_size
    if wheel["url"].startswith("file:"):
        return Path(unquote(urlsplit(wheel["url"]).path)).stat().st_size
    download = [word if word != "install" else "download" for word in pip_install(Path(sys.executable))]
    target = folder / "downloaded"
    subprocess.run([*download, "--no-deps", "--dest", str(target), wheel["url"]], check=True)
    return next(target.glob(f"{package['name'].replace('-', '_')}-*")).stat().st_size
