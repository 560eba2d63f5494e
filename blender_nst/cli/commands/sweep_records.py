"""What a sweep knows about its cells: `sweep.json`, by which it goes on, and `sweep.csv`."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from video.files.json_values import JsonError, decode, read_json
from video.reports.snapshots import write_text

RECORDS_NAME = "sweep.json"
TABLE_NAME = "sweep.csv"


@dataclass(frozen=True)
class SweepResult:
    """A finished cell.

    Attributes:
        name: of the cell.
        file: its PNG, in the sweep's folder.
        axes: texts of the varied values.
        settings: all of them.
        losses: unweighted, of the last step, and `total`.
        fingerprint: hash of all that the picture depends on.
    """

    name: str
    file: str
    axes: dict[str, str]
    settings: dict[str, Any]
    styles: list[str]
    losses: dict[str, float]
    steps: int
    seconds: float
    fingerprint: str


class Records:
    """The records in a sweep's folder; `sweep.json` is whole after each cell.

    Records of cells that are not in the grid at hand are kept in it, as `earlier`, while their files exist.
    """

    def __init__(self, folder: Path, content: Path, names: Sequence[str]) -> None:
        self._folder = folder
        self._content = content
        self._names = list(names)
        self._records = {record.name: record for record in _read(folder / RECORDS_NAME)}

    def finished(self, name: str, fingerprint: str) -> SweepResult | None:
        """The cell's record, if its picture is there and was made from the same."""
        record = self._records.get(name)
        if record is None or record.fingerprint != fingerprint or not (self._folder / record.file).is_file():
            return None
        return record

    def add(self, record: SweepResult) -> None:
        """Keeps a record; raises FileError when it cannot be written."""
        self._records[record.name] = record
        self.write()

    def write(self) -> None:
        """Writes `sweep.json`; raises FileError when it cannot be written."""
        names = set(self._names)
        earlier = [
            asdict(record)
            for record in self._records.values()
            if record.name not in names and (self._folder / record.file).is_file()
        ]
        cells = [asdict(self._records[name]) for name in self._names if name in self._records]
        values = {"content": str(self._content), "cells": cells, "earlier": earlier}
        write_text(self._folder / RECORDS_NAME, json.dumps(values, indent=1) + "\n")

    def write_table(self) -> None:
        """Writes `sweep.csv`, a line for each cell; raises FileError when it cannot be written."""
        rows = [self._records[name] for name in self._names]
        losses = list(dict.fromkeys(name for row in rows for name in row.losses))
        table = io.StringIO(newline="")
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow([*rows[0].axes, *(f"{name}_loss" for name in losses), "steps", "seconds", "file"])
        for row in rows:
            values = [row.losses.get(name, "") for name in losses]
            writer.writerow([*row.axes.values(), *values, row.steps, round(row.seconds, 3), row.file])
        write_text(self._folder / TABLE_NAME, table.getvalue())


def fingerprint(values: Any) -> str:
    """A hash of JSON values."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _read(path: Path) -> list[SweepResult]:
    """The records in a file; none if it is not there or not a sweep's: the cells are then made again."""
    try:
        values = read_json(path)
        listed = [*values["cells"], *values["earlier"]]
        records = [decode(SweepResult, each) for each in listed]
    except (OSError, JsonError, TypeError, KeyError, AttributeError):
        return []
    # Of this folder alone.
    return [record for record in records if Path(record.file).name == record.file]
