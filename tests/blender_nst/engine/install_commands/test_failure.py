"""What real uv and pip print where the network fails, and the cause that is found in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from blender_nst.engine.environment import environment_program
from blender_nst.engine.install_commands.failure import FailureCause, failure_cause
from blender_nst.engine.uv_tool import pip_install
from tests.blender_nst.engine.install_commands.local_index import (
    LocalIndex,
    served,
    without_network_settings,
)

NOBODY = "127.0.0.1:9"


def printed(url: str, tmp_path: Path, **variables: str) -> Iterator[str]:
    """What uv and pip print when they are to install a package from an index."""
    uv = environment_program(Path(sys.prefix), "uv")
    python = Path(sys.executable)
    environment = without_network_settings(os.environ, tmp_path / "cache") | variables
    for command in (
        [str(uv), "pip", "install", "--dry-run", "--python", str(python), "--default-index", url, "absent"],
        [*pip_install(python), "--dry-run", "--index-url", url, "absent"],
    ):
        ended = subprocess.run(
            command, env=environment, capture_output=True, encoding="utf-8", timeout=120, check=False
        )
        assert ended.returncode != 0
        yield ended.stdout + ended.stderr


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
def test_a_certificate_of_nobody(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-days", "1"]
    subprocess.run(
        [*request, *names, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True
    )
    with served(LocalIndex([], 1e6), (certificate, key)) as index:
        for text in printed(index.url, tmp_path):
            assert failure_cause(text) is FailureCause.CERTIFICATE, text
    assert "SSL_CERT_FILE" in FailureCause.CERTIFICATE.remedy


def test_certificates_that_are_not_there(tmp_path: Path) -> None:
    _, pips = printed("https://index.invalid/simple", tmp_path, PIP_CERT=str(tmp_path / "nowhere.pem"))
    assert failure_cause(pips) is FailureCause.NO_CERTIFICATES, pips


def test_no_tls_where_it_is_expected(tmp_path: Path) -> None:
    with served(LocalIndex([], 1e6)) as index:
        for text in printed(index.url.replace("http:", "https:"), tmp_path):
            assert failure_cause(text) is FailureCause.TLS, text


def test_a_proxy_that_asks_for_a_password(tmp_path: Path) -> None:
    with served(LocalIndex([], 1e6, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED)) as proxy:
        for text in printed("https://index.invalid/simple", tmp_path, HTTPS_PROXY=proxy.url):
            assert failure_cause(text) is FailureCause.PROXY_LOGIN, text


def test_a_proxy_that_nobody_listens_at(tmp_path: Path) -> None:
    for text in printed("https://index.invalid/simple", tmp_path, HTTPS_PROXY=f"http://{NOBODY}"):
        assert failure_cause(text) is FailureCause.PROXY, text


def test_an_index_that_nobody_listens_at_or_that_has_no_address(tmp_path: Path) -> None:
    for url in (f"http://{NOBODY}/simple", "https://index.invalid/simple"):
        for text in printed(url, tmp_path):
            assert failure_cause(text) is FailureCause.UNREACHABLE, text


def test_an_index_that_refuses(tmp_path: Path) -> None:
    with served(LocalIndex([], 1e6, HTTPStatus.FORBIDDEN)) as index:
        of_uv, _ = printed(index.url, tmp_path)  # pip does not say that it was refused
    assert failure_cause(of_uv) is FailureCause.REFUSED, of_uv


def test_a_full_disk_goes_before_what_it_brings_about() -> None:
    text = "error: Failed to write\n  cause: No space left on device (os error 28)\nConnection reset"
    assert failure_cause(text) is FailureCause.DISK_FULL
    assert failure_cause("error: No solution found when resolving dependencies") is None
