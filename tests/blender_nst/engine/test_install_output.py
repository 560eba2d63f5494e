"""What is read from the lines of pip and uv."""

from __future__ import annotations

from blender_nst.engine.install_output import InstallOutput


def read(*lines: str) -> InstallOutput:
    output = InstallOutput()
    for line in lines:
        output.read(line + "\n")
    return output


def test_the_share_follows_the_sizes_of_the_downloads_and_never_decreases() -> None:
    output = InstallOutput()
    shares: list[float] = []
    for line in (
        "Resolved 40 packages in 707ms",
        "Downloading pillow (6.8MiB)",
        " Downloaded pillow",
        "Downloading torch (1.0GiB)",
        "Downloading numpy (1024.0KiB)",
        " Downloaded numpy",
        " Downloaded torch",
        "Prepared 38 packages in 2.15s",
    ):
        output.read(line)
        shares.append(output.share)
    assert shares == sorted(shares)
    assert shares[2] < 0.1, "small packages that are there first are not nearly all"
    assert shares[5] < 0.1
    assert shares[-1] == 1.0


def test_the_status_names_the_largest_download() -> None:
    output = read("Downloading torch (183.0MiB)", "Downloading numpy (16.1MiB)", "Downloading av (40.0MiB)")
    assert output.status.startswith("Downloading torch (183 MiB)")
    assert "2 more" in output.status


def test_uvs_reason_is_what_failed_and_why() -> None:
    output = read(
        "error: No solution found when resolving dependencies",
        "  cause: Because there is no version of torch==99.0, your requirements are unsatisfiable.",
    )
    assert "No solution found" in output.reason(1)
    assert "torch==99.0" in output.reason(1)


def test_the_networks_faults_a_missing_venv_and_silence_are_told_apart() -> None:
    for line in ("  cause: dns error", "ERROR: ... NewConnectionError('<pip._vendor...>')"):
        assert "cannot be reached" in read("error: Request failed after 3 retries", line).reason(2)
    certificate = read(
        "error: Request failed", "cause: client error (Connect)", "cause: invalid peer certificate"
    )
    assert "SSL_CERT_FILE" in certificate.reason(2)
    assert "proxy" in read("WARNING: Retrying after ProxyError('Cannot connect to proxy.')").reason(1)
    assert "python3-venv" in read("The virtual environment was not created because ensurepip is not").reason(
        1
    )
    assert "exit code 7" in read().reason(7)
