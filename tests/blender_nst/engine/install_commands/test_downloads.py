"""How far downloads are: by what uv prints, and beside what a slow index has really sent."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest

from blender_nst.engine.environment import environment_program
from blender_nst.engine.install_commands.downloads import UNPACKED_CPU, DownloadProgress, Downloads
from tests.blender_nst.engine.install_commands.local_index import (
    LocalIndex,
    served,
    without_network_settings,
)

MB = 1e6


def read(*lines: str, cache: Path | None = None) -> Downloads:
    downloads = Downloads(cache)
    for line in lines:
        downloads.read(line, now=100.0)
    return downloads


def write_wheel(folder: Path, name: str, megabytes: int, seed: int) -> Path:
    """A package of so many MB that compress as PyTorch's do."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    path = folder / f"{name}-1.0-py3-none-any.whl"
    about = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(megabytes):
            noise = chance.randbytes(round(MB / UNPACKED_CPU))
            archive.writestr(f"{name}/{number}.bin", noise + bytes(round(MB) - len(noise)))
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return path


def test_the_share_follows_the_sizes_of_the_downloads_and_never_decreases() -> None:
    downloads = Downloads()
    shares: list[float] = []
    for line in (
        "Resolved 40 packages in 707ms",
        "Downloading pillow (6.8MiB)",
        "Downloaded pillow",
        "Downloading torch (1.0GiB)",
        "Downloading numpy (1024.0KiB)",
        "Downloaded numpy",
        "Downloaded torch",
        "Prepared 38 packages in 2.15s",
    ):
        downloads.read(line, now=0.0)
        shares.append(downloads.progress(0.0).share)
    assert shares[2] < 0.05, "small packages that are there first are not nearly all"
    assert shares[3] == pytest.approx(6.8 / (1024 + 6.8))
    assert shares[5] == pytest.approx(7.8 / (1024 + 7.8))
    assert shares[-1] == 1.0


def test_the_text_names_amounts_and_time() -> None:
    downloads = read("Downloading torch (183.0MiB)", "Downloading numpy (16.0MiB)", "Downloaded numpy")
    progress = downloads.progress(now=104.0)
    assert progress == DownloadProgress(16.0 * 2**20, 199.0 * 2**20, 4.0 * 183.0 / 16.0)
    assert progress.text == "17 of 209 MB, 46 s left"
    assert DownloadProgress(0.5e9, 2.95e9, 300.0).text == "0.50 of 2.95 GB, 5 min left"


def test_the_amount_is_what_a_slow_index_has_sent(tmp_path: Path) -> None:
    wheels = [write_wheel(tmp_path, "large", 40, 1), write_wheel(tmp_path, "small", 8, 2)]
    environment, cache = tmp_path / "environment", tmp_path / "cache"
    variables = without_network_settings(os.environ, cache)
    uv = environment_program(Path(sys.prefix), "uv")
    subprocess.run([str(uv), "venv", "--quiet", str(environment)], env=variables, check=True, timeout=60)
    python = environment_program(environment, "python")
    total = sum(wheel.stat().st_size for wheel in wheels)
    seen: list[tuple[float, float]] = []
    with served(LocalIndex(wheels, speed=2.5 * MB)) as index:
        requirements = tmp_path / "requirements.txt"
        links = [f"{wheel.stem.split('-')[0]} @ {index.url}/../files/{wheel.name}\n" for wheel in wheels]
        requirements.write_text("".join(links))
        command = [str(uv), "pip", "install", "--python", str(python), "--no-deps", "-r", str(requirements)]
        downloads = Downloads(cache)
        with subprocess.Popen(
            command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
        ) as process:
            reader = threading.Thread(
                target=lambda: [
                    downloads.read(line.strip(), time.monotonic()) for line in process.stdout or ()
                ]
            )
            reader.start()
            while process.poll() is None:
                if downloads.begun:
                    seen.append((downloads.progress(time.monotonic()).done, sum(index.sent.values())))
                time.sleep(0.2)
            reader.join()
        assert process.returncode == 0
    assert downloads.progress(time.monotonic()).share == 1.0
    done = [each for each, _ in seen]
    assert done == sorted(done)
    between = [(told, sent) for told, sent in seen if 0.1 * total < sent < 0.9 * total]
    assert len(between) >= 5
    assert max(abs(told - sent) for told, sent in between) < 0.15 * total
