"""Results on disk, to the last bit, for a run that goes on after it was killed.

The next frame starts from the engine's own result (`optimized`) of this one. Where that can be had from the
styled frame itself nothing else is kept; where it cannot (transparency, `strength`, noise removal, a file
format that rounds), the arrays lie in the hidden folder `.journal` until no later frame asks for them.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np

from video.errors import FileError
from video.images.image_files import read_image
from video.resume.lossless_arrays import load_exactly, save_exactly

STATE_NAME = ".journal"
STYLED, OPTIMIZED, DETAILED = "styled", "optimized", "detailed"


class ResultStore:
    """The results of frames by the pass that they were made in and their place in the run."""

    def __init__(self, output: Path) -> None:
        self.folder = output / STATE_NAME

    def keep(
        self,
        pass_number: int,
        index: int,
        styled_file: Path,
        styled: np.ndarray,
        optimized: np.ndarray,
        *,
        detailed: np.ndarray | None = None,
        always: bool,
    ) -> tuple[str, ...]:
        """Keeps what the styled file does not give back; `always` the engine's own result too.

        Args:
            styled: (H, W, 3 or 4), optimized: (h, w, 3), detailed: (H, W, 3); float32 in 0..1.

        Returns:
            What was kept, for `load`.

        Raises:
            FileError: the disk does not take it.
        """
        kept = [] if _gives_back(styled_file, styled) else [STYLED]
        if always or kept or not np.array_equal(styled[..., :3], optimized):
            kept.append(OPTIMIZED)
        arrays = {STYLED: styled, OPTIMIZED: optimized}
        if detailed is not None:
            kept.append(DETAILED)
            arrays[DETAILED] = detailed
        for kind in kept:
            save_exactly(self._path(kind, pass_number, index), arrays[kind])
        return tuple(kept)

    def load(
        self, pass_number: int, index: int, styled_file: Path, kept: tuple[str, ...]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None] | None:
        """`optimized`, `styled` and `detailed` as they were; None where they are lost."""

        def of(kind: str) -> np.ndarray:
            return load_exactly(self._path(kind, pass_number, index))

        try:
            styled = of(STYLED) if STYLED in kept else read_image(styled_file)
            optimized = of(OPTIMIZED) if OPTIMIZED in kept else np.ascontiguousarray(styled[..., :3])
            return optimized, styled, of(DETAILED) if DETAILED in kept else None
        except FileError:
            return None

    def optimized(self, pass_number: int, index: int) -> np.ndarray:
        """The engine's own result, which was kept `always`; raises FileError if it is lost."""
        return load_exactly(self._path(OPTIMIZED, pass_number, index))

    def has_optimized(self, pass_number: int, index: int) -> bool:
        """Whether `optimized` will find it."""
        return self._path(OPTIMIZED, pass_number, index).is_file()

    def drop(self, pass_number: int, index: int) -> None:
        """Forgets a frame's result."""
        for kind in (STYLED, OPTIMIZED, DETAILED):
            with suppress(OSError):
                self._path(kind, pass_number, index).unlink(missing_ok=True)

    def clear(self) -> None:
        """Removes everything that is kept."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, kind: str, pass_number: int, index: int) -> Path:
        return self.folder / f"{kind}_{pass_number:02d}_{index:06d}.npy"


def _gives_back(styled_file: Path, styled: np.ndarray) -> bool:
    try:
        return np.array_equal(read_image(styled_file), styled)
    except FileError:
        return False
