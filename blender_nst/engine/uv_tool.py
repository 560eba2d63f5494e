"""uv, the package installer that both installations use: the engine's, and the private Blender's.

pip puts it into the new environment, whose other packages it then installs. uv reads its own configuration
and the UV_* variables, but not pip's configuration: indexes, certificate and proxy are handed on here.

The standard library alone, and no Blender.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..awake_time import run_command
from .environment import environment_program

UV_REQUIREMENT = "uv>=0.8"
"""The first release in which --torch-backend is no preview."""

# The sections of pip's configuration that apply to `pip install`; a later one has precedence.
_SECTIONS = ("global", "install", ":env:")

# Options of pip whose values uv takes from a variable, and what separates several values there.
_VARIABLES = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "constraint": ("UV_CONSTRAINT", " "),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "proxy": ("ALL_PROXY", " "),
}


_RESOLVED = frozenset({"UV_CONSTRAINT", "UV_OVERRIDE"})


@dataclass(frozen=True)
class Uv:
    """The uv in a virtual environment, and what it is started with.

    Args:
        environment: the virtual environment's folder; packages are installed into it.
        variables: the process's environment.
        arguments: options of both commands.
    """

    environment: Path
    variables: Mapping[str, str]
    arguments: tuple[str, ...] = ()

    def resolve(self, requirements: Path, lock: Path, *options: str) -> list[str]:
        """The command that writes `lock`: each package's version, with the hashes that its index declares."""
        written = ("--quiet", "--generate-hashes", "--no-header", "--no-annotate", "--output-file", str(lock))
        return [*self._pip("compile"), *options, *written, str(requirements)]

    def install(self, *words: str) -> list[str]:
        """The command that installs what the words name."""
        return [*self._pip("install"), *words]

    @property
    def variables_for_lock(self) -> dict[str, str]:
        """The environment of `install_locked`: without constraints, which the resolution has followed.

        With hashes required, uv takes none but of exact versions.
        """
        return {name: value for name, value in self.variables.items() if name not in _RESOLVED}

    def install_locked(self, lock: Path, *options: str) -> list[str]:
        """The command that installs what a lock lists; what has not its hash, or has none, is refused."""
        return self.install(*options, "--require-hashes", "--requirements", str(lock))

    def cache_folder(self) -> Path | None:
        """Where uv unpacks what it fetches; None if it does not say."""
        program = environment_program(self.environment, "uv")
        said = _printed([str(program), "cache", "dir"], self.variables).strip()
        return Path(said) if said else None

    def _pip(self, action: str) -> list[str]:
        program = environment_program(self.environment, "uv")
        python = environment_program(self.environment, "python")
        return [str(program), "pip", action, "--python", str(python), *self.arguments]


def bootstrap_command(python: Path, source: tuple[str, ...] = (), lock: Path | None = None) -> list[str]:
    """The command that installs uv beside `python`.

    Args:
        source: pip's options that say where from.
        lock: the version and the hashes that it must have.
    """
    wanted = (UV_REQUIREMENT,) if lock is None else ("--require-hashes", "--requirement", str(lock))
    # Over what is there: an interrupted command may have left half of it.
    return [*pip_install(python), "--ignore-installed", *source, *wanted]


def pip_install(python: Path) -> list[str]:
    """pip's command that installs packages beside `python`, to be followed by their names."""
    pip = [str(python), "-P", "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    return [*pip, "--no-color", "--progress-bar", "off", "--retries", "1", "--timeout", "20"]


def configured_uv(environment: Path, values: Mapping[str, str]) -> Uv:
    """The uv in `environment`, which has pip too, set to use the indexes that pip is configured to use.

    Args:
        values: the variables that uv and pip inherit; of them those that uv reads have precedence.
    """
    python = environment_program(environment, "python")
    options = _pip_options(python, values)
    added = {"UV_NO_WRAP": "1", "NO_COLOR": "1"}
    for option, (variable, separator) in _VARIABLES.items():
        if options.get(option):
            added[variable] = separator.join(options[option].split())
    if "UV_INDEX" in added:
        # pip takes the best version of all indexes; uv by default stops at the first that has the package.
        added["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    no_index = options.get("no-index", "").lower() in ("1", "true", "yes", "on")
    return Uv(environment, {**added, **values}, ("--no-index",) if no_index else ())


def _pip_options(python: Path, values: Mapping[str, str]) -> dict[str, str]:
    """pip's configuration as `pip config list` shows it; empty if it cannot be asked."""
    command = [str(python), "-P", "-m", "pip", "--disable-pip-version-check", "config", "list"]
    shown = _printed(command, values)
    found: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in shown.splitlines():
        name, _, written = line.partition("=")
        section, _, option = name.rpartition(".")
        if section in found:
            try:
                found[section][option] = str(ast.literal_eval(written))
            except (SyntaxError, ValueError):
                continue
    return {option: value for section in _SECTIONS for option, value in found[section].items()}


def _printed(command: list[str], values: Mapping[str, str]) -> str:
    """What a short command prints; empty where it cannot be run."""
    try:
        return run_command(command, 60.0, variables=values).stdout.decode("utf-8", "replace")
    except (OSError, subprocess.TimeoutExpired):
        return ""
