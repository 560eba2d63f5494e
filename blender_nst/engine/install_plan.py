"""What is installed where, and the commands that do it.

The standard library alone, and no Blender.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .environment import ENVIRONMENT, environment_program
from .locks.lock_files import constraints, with_locked_hashes
from .torch_packages import TorchRequest

_CHECK = "import torch, video.worker.server; print('PyTorch', torch.__version__)"


@dataclass(frozen=True)
class InstallPlan:
    """What is installed where.

    Args:
        python: makes the environment; 3.11 or newer.
        folder: the environment is made in it, as `engine`.
        wheel: the engine's own package.
        torch: what is installed as PyTorch.
        wheel_folder: where everything is taken from, instead of a package index.
        engine_lock, uv_lock: see `locks`; without them the hashes that the index declares are verified.
    """

    python: Path
    folder: Path
    wheel: Path
    torch: TorchRequest = field(default_factory=TorchRequest)
    wheel_folder: Path | None = None
    engine_lock: Path | None = None
    uv_lock: Path | None = None

    @property
    def environment(self) -> Path:
        """The environment's folder."""
        return self.folder / ENVIRONMENT

    @property
    def environment_python(self) -> Path:
        """The Python of the environment, there or not yet there."""
        return environment_program(self.environment, "python")

    @property
    def source(self) -> tuple[str, ...]:
        """The options of pip and of uv that say where packages come from; none for the configured indexes."""
        return () if self.wheel_folder is None else ("--no-index", "--find-links", str(self.wheel_folder))

    @property
    def requirements(self) -> Path:
        """What uv resolves: PyTorch's requirements and the engine's wheel."""
        return self.environment / "requirements.in"

    @property
    def constraints(self) -> Path:
        """The versions of the engine's lock."""
        return self.environment / "constraints.txt"

    @property
    def lock(self) -> Path:
        """What uv resolved: the version of each package, with the hashes that the index declares."""
        return self.environment / "requirements.txt"

    def create(self) -> list[str]:
        """The command that makes the environment."""
        return [str(self.python), "-m", "venv", str(self.environment)]

    def check(self) -> list[str]:
        """The command that imports what was installed."""
        return [str(self.environment_python), "-P", "-c", _CHECK]

    def write_requirements(self) -> None:
        """Writes `requirements`, and removes the lock of an earlier attempt."""
        lines = [*self.torch.packages, f"blender-nst @ {self.wheel.absolute().as_uri()}"]
        self.requirements.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        self.lock.unlink(missing_ok=True)
        if self.engine_lock is not None:
            self.constraints.write_text(constraints(self.engine_lock), "utf-8")

    def verify_lock(self) -> None:
        """Puts the hashes that are known in the place of those that the index has declared."""
        if self.engine_lock is not None:
            text = with_locked_hashes(self.lock.read_text("utf-8"), self.engine_lock)
            self.lock.write_text(text, "utf-8")

    def constrained(self) -> tuple[str, ...]:
        """The options by which uv takes the versions of the engine's lock."""
        return () if self.engine_lock is None else ("--constraint", str(self.constraints))
