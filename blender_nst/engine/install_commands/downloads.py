"""How far uv's downloads are: what it announces, and what it has unpacked so far.

Without a terminal uv prints a package's name and size when it begins to fetch it, its name when it is there,
and nothing in between. It unpacks while it fetches, into folders `.tmp*` of its cache: their growth is the
measure between the lines.

The standard library alone, and no Blender.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_DOWNLOADING = re.compile(r"Downloading (\S+) \(([\d.]+)([KMG]?)i?B\)")
_DOWNLOADED = re.compile(r"Downloaded (\S+)")
_PREPARED = re.compile(r"Prepared \d+ packages?")
_BYTES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}

UNPACKED_CPU, UNPACKED_CUDA = 3.4, 1.7
"""Bytes on the disk for each that is fetched: PyTorch's build for the CPU has 3.6, what comes with it 2.5 to
3.4; the libraries of CUDA compress far worse. A package that is there counts by its own size."""

_MOST_BEFORE_THE_END = 0.97
"""Of a package that uv has not yet called whole."""

_LEAST_TOTAL = 200e6
"""Bytes. Small packages are announced and there before PyTorch is: they must not count as nearly all."""

_SETTLED = 2.5
"""Seconds after which all is announced (uv fetches 50 at once), and the speed known well enough."""


@dataclass(frozen=True)
class DownloadProgress:
    """Bytes that are there, of all that were announced; `seconds_left` is None where the speed is unknown."""

    done: float
    total: float
    seconds_left: float | None = None

    @property
    def share(self) -> float:
        """0 to 1."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    @property
    def text(self) -> str:
        """`152 of 410 MB, 40 s left`."""
        giga = self.total >= 1e9
        unit, divisor = ("GB", 1e9) if giga else ("MB", 1e6)
        places = 2 if giga else 0
        amounts = f"{self.done / divisor:.{places}f} of {self.total / divisor:.{places}f} {unit}"
        return amounts if self.seconds_left is None else f"{amounts}, {_duration(self.seconds_left)} left"


class Downloads:
    """The downloads of one uv command."""

    def __init__(self, cache: Path | None = None) -> None:
        """`cache` is uv's; without it a package counts when it is whole."""
        self._cache = cache
        self._sizes: dict[str, float] = {}
        self._finished: set[str] = set()
        self._prepared = False
        self._begun: float | None = None
        self._done = 0.0
        self._before = self._unpacked()

    @property
    def begun(self) -> bool:
        """Whether anything was announced."""
        return bool(self._sizes)

    def read(self, line: str, now: float) -> None:
        """Takes one line that uv has printed; `now` is a clock's time in seconds."""
        if announced := _DOWNLOADING.match(line):
            self._sizes[announced[1]] = float(announced[2]) * _BYTES[announced[3]]
            self._begun = now if self._begun is None else self._begun
        elif finished := _DOWNLOADED.match(line):
            self._finished.add(finished[1])
        elif _PREPARED.match(line):
            self._finished.update(self._sizes)
            self._prepared = True

    def progress(self, now: float) -> DownloadProgress:
        """How far they are; what is done never decreases."""
        announced = sum(self._sizes.values())
        missing = sum(size for name, size in self._sizes.items() if name not in self._finished)
        growing = max(0.0, self._unpacked() - self._before) / self._ratio if missing else 0.0
        self._done = max(self._done, announced - missing + min(growing, _MOST_BEFORE_THE_END * missing))
        passed = 0.0 if self._begun is None else now - self._begun
        more = passed < _SETTLED and not self._prepared
        total = max(_LEAST_TOTAL, announced) if more else announced
        left = None
        if passed >= _SETTLED and self._done > 0.0:
            left = (total - self._done) * passed / self._done
        return DownloadProgress(self._done, total, left)

    @property
    def _ratio(self) -> float:
        cuda = any(name.startswith(("nvidia-", "cuda-", "triton")) for name in self._sizes)
        return UNPACKED_CUDA if cuda else UNPACKED_CPU

    def _unpacked(self) -> float:
        """Bytes in the cache's unfinished folders."""
        if self._cache is None:
            return 0.0
        total = 0
        for folder in self._cache.glob(".tmp*"):
            for parent, _, files in os.walk(folder):
                for name in files:
                    with suppress(OSError):  # uv moves a folder away when it is whole
                        total += (Path(parent) / name).stat().st_size
        return float(total)


def _duration(seconds: float) -> str:
    return f"{max(1, round(seconds))} s" if seconds < 90.0 else f"{round(seconds / 60.0)} min"
