"""Store of the frames' results on disk, bit for bit, for a run that is resumed.

The warm start of the next frame warps the engine's own result of this one (`optimized`). Where the styled
file gives it back nothing else is stored; where it does not (transparency, `strength`, noise removal, a file
format that rounds), the arrays lie in the hidden folder `.journal` until no later frame needs them.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from video.errors import FileError
from video.files.output_folder import KEPT_RESULTS
from video.images.image_files import read_image
from video.resume.fingerprint import file_fingerprint
from video.resume.journal_file import UNKNOWN
from video.resume.lossless_arrays import load_lossless, save_lossless

STYLED, OPTIMIZED, DETAILED = "styled", "optimized", "detailed"

_STORED = re.compile(rf"(?:{STYLED}|{OPTIMIZED}|{DETAILED})_(\d\d)_(\d{{6,9}})\.npy")


@dataclass(frozen=True)
class SavedResult:
    """Hashes of a frame's files: of the styled file, and of the arrays that were saved, by name."""

    styled_file: str
    arrays: Mapping[str, str]


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
    ) -> SavedResult:
        """Saves the arrays that cannot be read back from the styled file, and hashes that and them.

        Args:
            styled: (H, W, 3 or 4) float32 in 0..1, what the styled file was made from.
            optimized: (h, w, 3) float32 in 0..1, the engine's own result.
            detailed: (H, W, 3) float32 in 0..1, the same finished at full size.
            always: save `optimized` in any case.

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
        hashes = {}
        for kind in stored:
            path = self._path(kind, pass_number, index)
            save_lossless(path, arrays[kind])
            hashes[kind] = _fingerprint(path)
        return SavedResult(_fingerprint(styled_file), hashes)

    def load(
        self, pass_number: int, index: int, styled_file: Path, stored: Mapping[str, str]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """`optimized`, `styled` and `detailed` as they were saved.

        Args:
            stored: the arrays that `save` has saved, with their hashes.

        Raises:
            FileError: one of them is lost, or is not what was saved.
        """

        def of(kind: str) -> np.ndarray:
            path = self._path(kind, pass_number, index)
            if not is_intact(path, stored[kind]):
                raise FileError(path, "is gone, or was changed")
            return load_lossless(path)

        styled = of(STYLED) if STYLED in stored else read_image(styled_file)
        optimized = of(OPTIMIZED) if OPTIMIZED in stored else np.ascontiguousarray(styled[..., :3])
        return optimized, styled, of(DETAILED) if DETAILED in stored else None

    def optimized(self, pass_number: int, index: int) -> np.ndarray:
        """The engine's own result, which was saved `always`; raises FileError if it is lost."""
        return load_lossless(self._path(OPTIMIZED, pass_number, index))

    def has_optimized(self, pass_number: int, index: int, stored: Mapping[str, str]) -> bool:
        """Whether `optimized` would find what was saved, see `load`."""
        return is_intact(self._path(OPTIMIZED, pass_number, index), stored.get(OPTIMIZED, UNKNOWN))

    def has_all(self, pass_number: int, index: int, stored: Mapping[str, str]) -> bool:
        """Whether `load` would find the arrays that were saved."""
        return all(is_intact(self._path(kind, pass_number, index), stored[kind]) for kind in stored)

    def drop(self, pass_number: int, index: int) -> None:
        """Removes a frame's arrays."""
        for kind in (STYLED, OPTIMIZED, DETAILED):
            with suppress(OSError):
                self._path(kind, pass_number, index).unlink(missing_ok=True)

    def keep_only(self, pass_number: int, indices: range) -> None:
        """Removes the arrays of all frames of a pass but these."""
        with suppress(OSError):
            for path in self.folder.iterdir():
                match = _STORED.fullmatch(path.name)
                if match and int(match[1]) == pass_number and int(match[2]) not in indices:
                    path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Removes all arrays."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, kind: str, pass_number: int, index: int) -> Path:
        return self.folder / f"{kind}_{pass_number:02d}_{index:06d}.npy"


def is_intact(path: Path, expected: str) -> bool:
    """Whether a file is there and has this hash, or at least any content where the hash is not known."""
    try:
        if not path.is_file():
            return False
        return file_fingerprint(path) == expected if expected != UNKNOWN else path.stat().st_size > 0
    except OSError:
        return False


def _fingerprint(path: Path) -> str:
    try:
        return file_fingerprint(path)
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror}") from None


def _reads_back(styled_file: Path, styled: np.ndarray) -> bool:
    try:
        return np.array_equal(read_image(styled_file), styled)
    except FileError:
        return False
