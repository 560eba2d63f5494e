"""The engine's installation in this Blender: the running one, and the plan of the next."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import bpy

from .. import addon
from ..state import state_of
from .environment import InstallError, engine_wheel, host_python
from .install_plan import InstallPlan
from .installer import Installer, InstallState
from .locks.lock_files import ENGINE_LOCK, UV_LOCK
from .options import data_folder, preferences
from .torch_packages import TorchRequest, torch_request

OFFLINE = (
    "Blender's online access is off: allow it in Preferences > System > Network, or name a folder of wheels"
)


class Installation:
    """The running installation, or the last one."""

    def __init__(self) -> None:
        self.installer: Installer | None = None

    @property
    def running(self) -> bool:
        """Whether one is running."""
        return self.installer is not None and self.installer.state is InstallState.RUNNING


def installation() -> Installation:
    """This Blender's installation of the engine."""
    return state_of(Installation)


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
