"""Reads what the installation's commands print: why a command failed.

The standard library alone, and no Blender.
"""

from __future__ import annotations

from .failure import FailureCause, failure_cause


class InstallOutput:
    """The lines of one command, given one by one.

    Attributes:
        errors: the lines that say why it failed.
    """

    def __init__(self) -> None:
        self.errors: list[str] = []
        self._lines: list[str] = []

    def read(self, line: str) -> None:
        """Takes one line of the output."""
        line = line.strip()
        if not line:
            return
        self._lines.append(line)
        if "ensurepip is not" in line:
            self.errors.append("this Python cannot make environments; install the system's python3-venv")
        elif line.lower().startswith(("error", "cause: ", "caused by: ")) or "Error:" in line:
            self.errors.append(line.removeprefix("cause: ").removeprefix("Caused by: "))

    @property
    def cause(self) -> FailureCause | None:
        """What has failed outside of the packages, as the network; None where it is nothing of that."""
        return failure_cause("\n".join(self._lines))

    def reason(self, code: int) -> str:
        """Why the command failed with this exit code, one line."""
        cause = self.cause
        if cause is not None:
            return cause.remedy
        if not self.errors:
            return f"the command ended with exit code {code}"
        # uv names what failed first, and then why; pip says both in one line.
        return ": ".join(self.errors[:2]) if self.errors[0].startswith("error: ") else self.errors[0]
