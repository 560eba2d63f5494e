"""What uv is given of pip's configuration."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from blender_nst.engine.uv_tool import configured_uv

ENVIRONMENT = Path(sys.prefix)


@pytest.fixture
def values(tmp_path: Path) -> dict[str, str]:
    """Variables of a user whose pip.conf names two indexes and a folder; no other configuration is read."""
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\n"
        "index-url = https://first.example/simple\n"
        "extra-index-url = https://second.example/simple\n    https://third.example/simple\n"
        "find-links = /one /two\n"
        "cert = /certificate.pem\n"
        "proxy = http://proxy.example:3128\n"
        "[install]\n"
        "trusted-host = second.example\n",
        "utf-8",
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_", "SSL_"))}
    kept.pop("ALL_PROXY", None)
    # Given so, the file is read last, and the machine's own first.
    return kept | {"PIP_CONFIG_FILE": str(config), "PIP_CONSTRAINT": "/constraints.txt"}


def test_uv_gets_pips_indexes_certificate_and_proxy(values: dict[str, str]) -> None:
    uv = configured_uv(ENVIRONMENT, values)
    expected = {
        "UV_DEFAULT_INDEX": "https://first.example/simple",
        "UV_INDEX": "https://second.example/simple https://third.example/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "/one,/two",
        "UV_CONSTRAINT": "/constraints.txt",
        "UV_INSECURE_HOST": "second.example",
        "SSL_CERT_FILE": "/certificate.pem",
        "ALL_PROXY": "http://proxy.example:3128",
    }
    assert expected.items() <= uv.variables.items()
    assert uv.arguments == ()
    # What is locked follows them already, and uv takes no ranges where it requires hashes.
    assert uv.variables.keys() - uv.variables_for_lock.keys() == {"UV_CONSTRAINT"}


def test_pips_variables_rank_above_its_files_and_uvs_above_both(values: dict[str, str]) -> None:
    uv = configured_uv(
        ENVIRONMENT,
        values
        | {
            "PIP_INDEX_URL": "https://variable.example/simple",
            "UV_FIND_LINKS": "/of-uv",
            "PIP_NO_INDEX": "1",
        },
    )
    assert uv.variables["UV_DEFAULT_INDEX"] == "https://variable.example/simple"
    assert uv.variables["UV_FIND_LINKS"] == "/of-uv"
    assert uv.arguments == ("--no-index",)


def test_without_an_answer_of_pip_uv_uses_its_own_settings(tmp_path: Path) -> None:
    uv = configured_uv(tmp_path, {"UV_DEFAULT_INDEX": "https://of-uv.example"})
    assert uv.variables["UV_DEFAULT_INDEX"] == "https://of-uv.example"
    assert "UV_INDEX_STRATEGY" not in uv.variables
