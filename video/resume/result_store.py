"""Store of the frames' results on disk, bit for bit, for a run that is resumed.

The warm start of the next frame warps the engine's own result of this one (`optimized`). Where the styled
file gives it back nothing else is stored; where it does not (transparency, `strength`, noise removal, a file
format that rounds), the arrays lie in the hidden folder `.journal` until no later frame needs them.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np

from video.errors import FileError
from video.files.output_folder import KEPT_RESULTS
from video.images.image_files import read_image
from video.resume.lossless_arrays import load_lossless, save_lossless

STYLED, OPTIMIZED, DETAILED = "styled", "optimized", "detailed"


class ResultStore:
    """Results of frames by the number of the pass and the frame's place in the sequence.

    Args:
        output: the run's folder.
    """

    def __init__(self, output: Path) -> None:
        self.folder = output / KEPT_RESULTS

    def save(
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
        """Saves the arrays that cannot be read back from the styled file.

        Args:
            styled: (H, W, 3 or 4) float32 in 0..1, what the styled file was made from.
            optimized: (h, w, 3) float32 in 0..1, the engine's own result.
            detailed: (H, W, 3) float32 in 0..1, the same finished at full size.
            always: save `optimized` in any case.

        Returns:
            The names of the arrays that were saved, for `load`.

        Raises:
            FileError: the disk does not take it.
        """
        stored = [] if _reads_back(styled_file, styled) else [STYLED]
        if always or stored or not np.array_equal(styled[..., :3], optimized):
            stored.append(OPTIMIZED)
        arrays = {STYLED: styled, OPTIMIZED: optimized}
        if detailed is not None:
            stored.append(DETAILED)
            arrays[DETAILED] = detailed
        for kind in stored:
            save_lossless(self._path(kind, pass_number, index), arrays[kind])
        return tuple(stored)

    def load(
        self, pass_number: int, index: int, styled_file: Path, stored: tuple[str, ...]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None] | None:
        """`optimized`, `styled` and `detailed` as they were saved; None if one of them is lost.

        Args:
            stored: what `save` has returned.
        """

        def of(kind: str) -> np.ndarray:
            return load_lossless(self._path(kind, pass_number, index))

        try:
            styled = of(STYLED) if STYLED in stored else read_image(styled_file)
            optimized = of(OPTIMIZED) if OPTIMIZED in stored else np.ascontiguousarray(styled[..., :3])
            return optimized, styled, of(DETAILED) if DETAILED in stored else None
        except FileError:
            return None

    def optimized(self, pass_number: int, index: int) -> np.ndarray:
        """The engine's own result, which was saved `always`; raises FileError if it is lost."""
        return load_lossless(self._path(OPTIMIZED, pass_number, index))

    def has_optimized(self, pass_number: int, index: int) -> bool:
        """Whether `optimized` would find its file."""
        return self._path(OPTIMIZED, pass_number, index).is_file()

    def drop(self, pass_number: int, index: int) -> None:
        """Removes a frame's arrays."""
        for kind in (STYLED, OPTIMIZED, DETAILED):
            with suppress(OSError):
                self._path(kind, pass_number, index).unlink(missing_ok=True)

    def clear(self) -> None:
        """Removes all arrays."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, kind: str, pass_number: int, index: int) -> Path:
        return self.folder / f"{kind}_{pass_number:02d}_{index:06d}.npy"


def _reads_back(styled_file: Path, styled: np.ndarray) -> bool:
    try:
        return np.array_equal(read_image(styled_file), styled)
    except FileError:
        return False
