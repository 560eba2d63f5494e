"""The engine's installation in this Blender: the running one, and the plan of the next."""

from __future__ import annotations

import shlex
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from .. import addon
from ..state import state_of
from .environment import InstallError, engine_wheel, host_python
from .install_plan import InstallPlan
from .installer import Installer, InstallState
from .locks.download_sizes import TorchBuild, download_size
from .locks.lock_files import ENGINE_LOCK, UV_LOCK
from .options import data_folder, preferences
from .torch_packages import TorchRequest, has_nvidia_gpu, torch_request

OFFLINE = "Blender's online access is off: allow it here, or name a folder of wheels under Advanced"
STARTED_OFFLINE = (
    "Blender was started in offline mode: start it without, or name a folder of wheels under Advanced"
)


@dataclass(frozen=True)
class ExpectedDownload:
    """What an installation will fetch: which build of PyTorch, and how many bytes, where that is known."""

    build: TorchBuild
    size: int | None

    @property
    def text(self) -> str:
        """One line: `Fetches 424 MB: PyTorch for the processor, as there is no NVIDIA GPU`."""
        if self.build is TorchBuild.CUDA:
            amount = "several GB" if self.size is None else f"about {self.size / 1e9:.1f} GB"
            return f"Fetches {amount}: PyTorch for CUDA, as there is an NVIDIA GPU"
        amount = "a few hundred MB" if self.size is None else f"about {self.size / 1e6:.0f} MB"
        if sys.platform == "darwin":
            return f"Fetches {amount}: PyTorch for this Mac"
        return f"Fetches {amount}: PyTorch for the processor, as there is no NVIDIA GPU"


class Installation:
    """The running installation, or the last one; and whether this machine has an NVIDIA GPU."""

    def __init__(self) -> None:
        self.installer: Installer | None = None
        self.has_gpu: bool | None = None
        """None until it was looked for."""
        self._looking: threading.Thread | None = None

    def look_for_gpu(self) -> None:
        """Begins to look for a GPU, if nobody has: its driver may take seconds to answer."""
        if self._looking is None:

            def look() -> None:
                self.has_gpu = has_nvidia_gpu()

            self._looking = threading.Thread(target=look, name="NST GPU", daemon=True)
            self._looking.start()

    @property
    def looking(self) -> bool:
        """Whether a GPU is being looked for."""
        return self._looking is not None and self._looking.is_alive()

    @property
    def running(self) -> bool:
        """Whether one is running."""
        return self.installer is not None and self.installer.state is InstallState.RUNNING


def installation() -> Installation:
    """This Blender's installation of the engine."""
    return state_of(Installation)


def expected_download(chosen: Any) -> ExpectedDownload | None:
    """What the next installation will fetch, known without a network.

    None where that is the user's own choice (packages, a folder of wheels), or not yet known.
    """
    found = installation().has_gpu
    if found is None or chosen.wheel_folder.strip() or chosen.torch_packages.strip():
        return None
    build = TorchBuild.CUDA if found and sys.platform != "darwin" else TorchBuild.CPU
    return ExpectedDownload(build, download_size(build))


def install_plan() -> InstallPlan:
    """What the preferences and this machine ask for; raises InstallError where it cannot begin."""
    chosen, folder = preferences(), data_folder()
    if folder is None:
        raise InstallError("the extension has no folder of its own: install it as an extension")
    wheels = chosen.wheel_folder.strip()
    wheel_folder = Path(bpy.path.abspath(wheels)) if wheels else None
    if wheel_folder is not None and not wheel_folder.is_dir():
        raise InstallError(f"{wheel_folder}: the folder of wheels is not there")
    return InstallPlan(
        host_python(),
        folder,
        engine_wheel(addon.FOLDER),
        requested_torch(chosen),
        wheel_folder,
        ENGINE_LOCK,
        UV_LOCK,
    )


def requested_torch(chosen: Any) -> TorchRequest:
    """What the preference asks for as PyTorch; where it is empty, the choice for this machine."""
    try:
        return torch_request(shlex.split(chosen.torch_packages))
    except ValueError:
        raise InstallError(f"{chosen.torch_packages}: a quote in the PyTorch preference has no end") from None
