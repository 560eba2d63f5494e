"""What is read from the lines of pip and uv."""

from __future__ import annotations

from blender_nst.engine.install_commands.command_output import InstallOutput
from blender_nst.engine.install_commands.failure import FailureCause


def read(*lines: str) -> InstallOutput:
    output = InstallOutput()
    for line in lines:
        output.read(line + "\n")
    return output


def test_uvs_reason_is_what_failed_and_why() -> None:
    output = read(
        "error: No solution found when resolving dependencies",
        "  cause: Because there is no version of torch==99.0, your requirements are unsatisfiable.",
    )
    assert "No solution found" in output.reason(1)
    assert "torch==99.0" in output.reason(1)


def test_the_networks_faults_a_missing_venv_and_silence_are_told_apart() -> None:
    unreachable = read("error: Request failed after 3 retries", "  cause: dns error")
    assert unreachable.reason(2) == FailureCause.UNREACHABLE.remedy
    assert "python3-venv" in read("The virtual environment was not created because ensurepip is not").reason(
        1
    )
    assert "exit code 7" in read().reason(7)
