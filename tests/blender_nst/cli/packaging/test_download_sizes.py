"""What an installation fetches, added up from an index of known files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from blender_nst.cli.packaging import download_sizes
from tests.blender_nst.engine.test_installer import write_index, write_wheel


def test_it_is_the_sum_of_the_files_with_what_they_need_and_uv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    wheels = [
        write_wheel(tmp_path, "uv", "99.0", {"uv/a.py": "x = 1\n" * 500}),
        write_wheel(tmp_path, "torch", "1.0", {"torch.py": "y = 2\n" * 900}, ("beside",)),
        write_wheel(tmp_path, "beside", "1.0", {"beside.py": ""}),
    ]
    stranger = write_wheel(tmp_path, "stranger", "1.0", {"stranger.py": "z = 3\n" * 5000})
    monkeypatch.setenv("UV_DEFAULT_INDEX", write_index(tmp_path / "index", [*wheels, stranger]))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    size = download_sizes._size("x86_64-manylinux_2_28", ["torch==1.0"])
    assert size == sum(wheel.stat().st_size for wheel in wheels)
