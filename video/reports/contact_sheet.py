"""Contact sheet: some frames of a sequence, content over styled."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from video.images.image_files import write_png

_COLUMNS = 6
_CELL_WIDTH = 320
_GAP = 6
_CAPTION = 18
PAPER = 245


class ContactSheet:
    """Collects thumbnails during a run; keeps a bounded number of evenly spaced frames."""

    def __init__(self) -> None:
        self._cells: list[tuple[int, np.ndarray, np.ndarray]] = []
        self._stride = 1
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, number: int, content: np.ndarray, styled: np.ndarray) -> None:
        """Adds a frame: (H, W, 3 or 4) float in 0..1 each."""
        if self._count % self._stride == 0:
            self._cells.append((number, thumbnail(content), thumbnail(styled)))
            if len(self._cells) == 4 * _COLUMNS:
                self._cells = self._cells[::2]
                self._stride *= 2
        self._count += 1

    def write(self, path: Path) -> None:
        """Writes the sheet as PNG; raises FileError when it cannot."""
        count = min(_COLUMNS, len(self._cells))
        cells = sorted(self._cells, key=lambda cell: cell[0])
        chosen = [cells[round(index)] for index in np.linspace(0, len(cells) - 1, count)]
        cell_height, cell_width = chosen[0][1].shape[:2]
        sheet = Image.new(
            "RGB",
            (count * (cell_width + _GAP) + _GAP, 2 * cell_height + 3 * _GAP + _CAPTION),
            (PAPER, PAPER, PAPER),
        )
        draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
        for column, (number, content, styled) in enumerate(chosen):
            left = _GAP + column * (cell_width + _GAP)
            draw.text((left, 3), f"frame {number}", fill=(60, 60, 60), font=font)
            sheet.paste(Image.fromarray(content), (left, _CAPTION + _GAP))
            sheet.paste(Image.fromarray(styled), (left, _CAPTION + 2 * _GAP + cell_height))
        write_png(path, np.asarray(sheet, dtype=np.float32) / 255.0)


def thumbnail(image: np.ndarray, widest: int = _CELL_WIDTH) -> np.ndarray:
    """(h, w, 3) uint8, transparent pixels over the paper, no wider than `widest` px.

    Args:
        image: (H, W, 3 or 4) float in 0..1.
    """
    color = image[..., :3]
    if image.shape[2] == 4:
        alpha = image[..., 3:]
        color = color * alpha + (PAPER / 255.0) * (1.0 - alpha)
    height, width = color.shape[:2]
    if width > widest:
        size = (widest, max(1, round(height * widest / width)))
        color = cv2.resize(np.ascontiguousarray(color), size, interpolation=cv2.INTER_AREA)
    return np.round(np.clip(color, 0.0, 1.0) * 255.0).astype(np.uint8)
