"""A run that is killed again and again ends with the very files of one that was not."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

from tests.video.killed_runs import run_for, run_to_its_end, run_until_killed, tree

# More for `make test-kill`; every chain is killed until a run gets to its end.
CHAINS = int(os.environ.get("BLENDER_NST_KILL_CHAINS", "1"))
# Changes of files up to a kill; a run over 12 frames makes 240, or 800 in three passes.
LONGEST_RUN = 90 if CHAINS > 1 else 150

CASES: dict[str, dict[str, Any]] = {
    "default": {},
    "the engine's result is not the file's": {
        "style": {"strength": 0.6, "color": "match", "red_gain": 1.1},
        "sequence": {"denoise": "bilateral", "history_length": 3},
        "transparent": True,
    },
    "three passes": {
        "sequence": {"pass_count": 3, "history_length": 2},
        "style": {"strength": 0.8, "color": "match"},
    },
}
if CHAINS > 1:
    CASES["every frame alone"] = {"sequence": {"motion": "none"}}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """By case: the files of a run that was left alone, and its time."""
    return {}


def reference(whole: dict[str, Any], name: str, folder: Path) -> dict[str, bytes]:
    if name not in whole:
        seconds = run_to_its_end(folder / "whole", CASES[name])
        whole[name] = tree(folder / "whole"), seconds
    return whole[name][0]


@pytest.mark.parametrize("name", CASES)
def test_killed_before_a_change_of_a_file(name: str, whole: dict[str, Any], tmp_path: Path) -> None:
    expected = reference(whole, name, tmp_path)
    kills = 0
    longest = 3 * LONGEST_RUN if "passes" in name else LONGEST_RUN
    for chain in range(CHAINS):
        chance, output = random.Random(f"{name} {chain}"), tmp_path / f"killed {chain}"  # noqa: S311
        while run_until_killed(output, CASES[name], chance.randint(1, longest)):
            kills += 1
        assert tree(output) == expected
    print(f"{kills} kills")
    assert kills > 0


def test_killed_at_any_time(whole: dict[str, Any], tmp_path: Path) -> None:
    expected = reference(whole, "default", tmp_path)
    longest, kills = whole["default"][1], 0
    chance = random.Random(0)  # noqa: S311
    for chain in range(CHAINS):
        before = kills
        # The machine may be faster or slower than it was: a run that came to its end without a kill is tried
        # again with less time, and one that is killed has more the next time, so that it gets on.
        while kills == before:
            output = tmp_path / f"killed {chain} {longest}"
            while run_for(output, CASES["default"], chance.uniform(0.2, 1.0) * longest):
                kills += 1
                longest *= 1.1
                assert kills < 1000, "the runs do not get on"
            assert tree(output) == expected
            longest = longest if kills > before else 0.5 * longest
        longest = whole["default"][1]
    print(f"{kills} kills")
