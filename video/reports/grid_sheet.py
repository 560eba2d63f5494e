"""Grid sheet: images in rows and columns, each row and column with its heading."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from video.images.image_files import write_png
from video.reports.contact_sheet import PAPER, thumbnail

_GAP = 8
_FONT_SIZE, _LINE = 13, 17
_INK = (50, 50, 50)
# Pixels: narrower columns would break every heading, wider row headings would push the pictures aside.
_NARROWEST_COLUMN = 120
_WIDEST_ROW_HEADING = 190
# Of a whole sheet, unless it has so many columns that their pictures would be too small to be seen.
_WIDEST_SHEET = 3200
_SMALLEST_PICTURE, _LARGEST_PICTURE = 96, 320

_NOTHING = np.zeros((0, 0, 3), np.uint8)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True)
class GridSheet:
    """The headings of a sheet, and how wide its pictures are.

    Attributes:
        columns: headings; a line end in one stays.
        rows: headings, or nothing for rows without any.
        title: one line above everything.
    """

    columns: Sequence[str]
    rows: Sequence[str] = ()
    title: str = ""

    def thumbnail(self, image: np.ndarray) -> np.ndarray:
        """(h, w, 3) uint8: a picture (H, W, 3 or 4), float in 0..1, at the size that it has on the sheet."""
        share = _WIDEST_SHEET // max(1, len(self.columns)) - _GAP
        return thumbnail(image, min(max(share, _SMALLEST_PICTURE), _LARGEST_PICTURE))

    def write(self, path: Path, pictures: Sequence[Sequence[np.ndarray]]) -> None:
        """Writes the sheet as PNG.

        Args:
            pictures: rows of thumbnails, as many in each as there are columns.

        Raises:
            FileError: it cannot be written.
        """
        font = ImageFont.load_default(_FONT_SIZE)
        column = max([_NARROWEST_COLUMN, *(picture.shape[1] for row in pictures for picture in row)])
        headings = [_label(text, column, font) for text in self.columns]
        sides = [[_label(text, _WIDEST_ROW_HEADING, font)] for text in self.rows]
        widths = [max(side[0].shape[1] for side in sides)] if sides else []
        widths += [column] * len(headings)
        lines = [[_NOTHING] * bool(sides) + headings]
        lines += [side + list(row) for side, row in zip(sides or [[]] * len(pictures), pictures, strict=True)]
        bands = [_band(line, widths) for line in lines]
        if self.title:
            room = bands[0].shape[1] - _GAP
            bands.insert(0, _band([_label(self.title, room, font)], [room]))
        sheet = np.pad(np.concatenate(bands), ((_GAP, 0), (_GAP, 0), (0, 0)), constant_values=PAPER)
        write_png(path, sheet.astype(np.float32) / 255.0)


def wrapped(text: str, width: int, font: Font) -> list[str]:
    """The text as lines of at most `width` px, broken after signs; in a word if it must be."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for piece in re.findall(r"[^\s+,=/_-]*[\s+,=/_-]?", paragraph):
            if line and font.getlength((line + piece).rstrip()) > width:
                lines.append(line.rstrip())
                line = ""
            line += piece
            while font.getlength(line.rstrip()) > width:
                fits = next(
                    n for n in range(len(line) - 1, 0, -1) if n == 1 or font.getlength(line[:n]) <= width
                )
                lines.append(line[:fits])
                line = line[fits:]
        lines.append(line.rstrip())
    return lines


def _label(text: str, width: int, font: Font) -> np.ndarray:
    """The text, broken at `width` px, as a picture of just its size."""
    lines = wrapped(text, width, font)
    widest = max(math.ceil(font.getlength(line)) for line in lines)
    picture = Image.new("RGB", (widest, len(lines) * _LINE), (PAPER, PAPER, PAPER))
    draw = ImageDraw.Draw(picture)
    for index, line in enumerate(lines):
        draw.text((0, index * _LINE), line, fill=_INK, font=font)
    return np.asarray(picture)


def _band(cells: Sequence[np.ndarray], widths: Sequence[int]) -> np.ndarray:
    """Pictures side by side from their upper edges, each in its width, with a gap after and below it."""
    height = max(cell.shape[0] for cell in cells) + _GAP
    return np.concatenate(
        [_padded(cell, height, width + _GAP) for cell, width in zip(cells, widths, strict=True)], axis=1
    )


def _padded(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    below, right = height - picture.shape[0], width - picture.shape[1]
    return np.pad(picture, ((0, below), (0, right), (0, 0)), constant_values=PAPER)
