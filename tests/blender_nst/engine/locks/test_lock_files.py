"""The lock files: whole, of today's requirements, and what an installation makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement

from blender_nst.cli.blenders.private_install import PYTHONS
from blender_nst.cli.packaging.lock import bpy_requirement, engine_requirements
from blender_nst.engine.locks.lock_files import (
    ENGINE_LOCK,
    UV_LOCK,
    LockedPackage,
    constraints,
    lock_for_bpy,
    locked_packages,
    with_locked_hashes,
)
from blender_nst.engine.uv_tool import UV_REQUIREMENT

LOCKS = [ENGINE_LOCK, UV_LOCK, *map(lock_for_bpy, PYTHONS)]


def packages(path: Path) -> list[LockedPackage]:
    return list(locked_packages(path.read_text("utf-8")))


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_every_package_of_a_lock_has_hashes(path: Path) -> None:
    text = path.read_text("utf-8")
    found = packages(path)
    assert len(found) == sum(1 for line in text.splitlines() if line and not line.startswith((" ", "#")))
    assert sum(len(each.hashes) for each in found) == text.count("--hash=") > 0
    for each in found:
        assert each.hashes, each.name
        assert all(hash.startswith("sha256:") and len(hash) == 71 for hash in each.hashes)


@pytest.mark.parametrize(
    ("path", "requirements"),
    [
        (ENGINE_LOCK, engine_requirements()),
        (UV_LOCK, [UV_REQUIREMENT]),
        *((lock_for_bpy(release), [bpy_requirement(release)]) for release in PYTHONS),
    ],
    ids=lambda value: value.stem if isinstance(value, Path) else "",
)
def test_a_lock_has_what_is_required(path: Path, requirements: list[str]) -> None:
    """Fails when a dependency has changed: `python -m blender_nst.cli.packaging.lock` writes them anew."""
    versions: dict[str, list[str]] = {}
    for each in packages(path):
        versions.setdefault(each.name, []).append(each.version)
    for text in requirements:
        requirement = Requirement(text)
        found = versions[requirement.name.lower()]
        assert all(requirement.specifier.contains(version) for version in found), text


def test_versions_are_held_but_those_of_pytorch() -> None:
    held = constraints(ENGINE_LOCK)
    names = {line.partition("==")[0] for line in held.splitlines()}
    assert {"numpy", "av", "openimageio", "safetensors"} <= names
    assert not names & {"torch", "torchvision", "triton", "nvidia-cublas", "cuda-toolkit"}
    assert "--hash" not in held
    assert all(Requirement(line) for line in held.splitlines())


def test_known_hashes_take_the_place_of_declared_ones(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(
        "numpy==2.0 ; python_version < '3.12' \\\n    --hash=sha256:known1 \\\n    --hash=sha256:known2\n"
        "torch==2.13.0 \\\n    --hash=sha256:known3\n"
    )
    resolved = (
        "blender-nst @ file:///x/blender_nst-0.1.0-py3-none-any.whl \\\n    --hash=sha256:wheel\n"
        "numpy==2.0 \\\n    --hash=sha256:declared\n"
        "other==1.0 \\\n    --hash=sha256:other\n"
        "torch==2.13.0+cpu \\\n    --hash=sha256:cpu1 \\\n    --hash=sha256:cpu2\n"
    )
    expected = resolved.replace("sha256:declared", "sha256:known1 \\\n    --hash=sha256:known2")
    assert with_locked_hashes(resolved, lock) == expected
    assert with_locked_hashes("numpy==2.1 \\\n    --hash=sha256:declared\n", lock).count("declared") == 1
