"""Flamenco in tests: compiles a job by node, and runs its tasks as workers do."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from blender_nst.cli.farm.options import FLAMENCO_SCRIPT

HOST = Path(__file__).with_name("flamenco_host.js")
NODE = shutil.which("node")
NO_NODE = "node is not installed, in which the tests run job types of Flamenco"

SETTINGS: dict[str, Any] = {
    "frames": "1-24",
    "shots": "1",
    "render_chunk_size": 8,
    "chunk_size": 12,
    "lead_in": 4,
    "in_order": False,
    "styles": "/s/a style.png",
    "output_root": "/out",
    "output_path": "/out/film/{timestamp}",
    "program": "blender-nst",
    "chunk_options": "",
    "blendfile": "/in/film.blend",
    "scene": "Scene",
    "fps": 24.0,
}
"""Of a job, as Flamenco's add-on submits them."""


@dataclass(frozen=True)
class Job:
    """A compiled job: the tasks in their order, and the settings that the web interface shows."""

    job_type: dict[str, Any]
    tasks: list[dict[str, Any]]
    settings: dict[str, Any]

    @property
    def names(self) -> list[str]:
        """Of the tasks."""
        return [task["name"] for task in self.tasks]

    def task(self, name: str) -> dict[str, Any]:
        """A task, which must be there once."""
        (found,) = (task for task in self.tasks if task["name"] == name)
        return found

    def arguments(self, name: str) -> list[str]:
        """Those of a task's only command."""
        (command,) = self.task(name)["commands"]
        return command["parameters"]["args"]

    def run(self, variables: Mapping[str, str], environment: Mapping[str, str]) -> list[str]:
        """Runs all tasks, each after those that it depends on, in the least favorable order.

        Returns:
            Their names as they were run.

        Raises:
            AssertionError: a command has failed, or tasks wait for each other.
        """
        done: list[str] = []
        while len(done) < len(self.tasks):
            ready = [
                task
                for task in self.tasks
                if task["name"] not in done and set(task["dependencies"]) <= set(done)
            ]
            assert ready, f"tasks wait for each other, after {done}"
            # The last one: so a dependency that is missing shows.
            for command in ready[-1]["commands"]:
                _run(_command_line(command, variables), environment)
            done.append(ready[-1]["name"])
        return done


def compile_job(settings: Mapping[str, Any]) -> Job:
    """Compiles a job; raises ValueError with the reason if the job type refuses it."""
    return Job(**ask_host({"name": "film", "settings": SETTINGS | dict(settings)}))


def ask_host(question: Mapping[str, Any]) -> Any:
    """What the host answers; raises ValueError for an error."""
    process = _host()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(question) + "\n")
    process.stdin.flush()
    answer = json.loads(process.stdout.readline())
    if isinstance(answer, dict) and "error" in answer:
        raise ValueError(answer["error"])
    return answer


@cache
def _host() -> subprocess.Popen[str]:
    """The host's process, which ends with the tests', as its input then does."""
    assert NODE is not None
    command = [NODE, str(HOST), str(FLAMENCO_SCRIPT)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _command_line(command: dict[str, Any], variables: Mapping[str, str]) -> list[str]:
    """As Flamenco's worker runs a command, after the Manager has put the variables in.

    A NUL in a variable parts words: the stand-in for a program is several.
    """
    parameters = json.loads(json.dumps(command["parameters"]))
    if command["name"] == "exec":
        return [parameters["exe"], *parameters["args"]]
    assert command["name"] == "blender-render"
    for name in ("exe", "exeArgs"):
        parameters[name] = variables[parameters[name].strip("{}")]
    return [
        *parameters["exe"].split("\0"),
        *parameters["exeArgs"].split(),
        *parameters["argsBefore"],
        parameters["blendfile"],
        *parameters["args"],
    ]


def _run(command: list[str], environment: Mapping[str, str]) -> None:
    ended = subprocess.run(
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        timeout=600,
        check=False,
    )
    assert ended.returncode == 0, f"{command}\n{ended.stdout[-4000:]}"
