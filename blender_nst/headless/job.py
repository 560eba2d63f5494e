"""What the command line asks `headless/main.py` to render: one JSON file, defined once for both sides.

The standard library alone, because one side runs inside Blender.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

PART_KINDS = ("object", "collection", "material")
"""What a region can be chosen by."""


class RenderJobError(Exception):
    """The job file cannot be read, or a value in it cannot be used; one line."""


@dataclass(frozen=True)
class RenderJob:
    """A .blend to render and stylize. Paths are absolute texts.

    `style_settings` and `sequence_settings` are those of the protocol's `stylize`; they reach the engine as
    they are. An absent setting has the value that the .blend file has, and a frame rate of 0 is the scene's.
    """

    blend: str
    output: str
    styles: list[str]
    engine_python: str
    engine_path: str | None = None
    """A folder to import the engine from, for a source checkout; None where it is installed."""
    style_settings: dict[str, Any] = field(default_factory=dict)
    sequence_settings: dict[str, Any] = field(default_factory=dict)
    style_weights: list[float] = field(default_factory=list)
    """One for each style; none makes all styles equal."""
    frames: tuple[int, int, int] | None = None
    """First frame, last frame (included), step; None renders the scene's own range."""
    resolution_percentage: int | None = None
    samples: int | None = None
    scene: str | None = None
    regions: list[dict[str, str | None]] = field(default_factory=list)
    """Parts of the scene with a style of their own: `kind` (one of `PART_KINDS`), `name`, and `style` (None
    leaves it as rendered). An empty list leaves the regions that the .blend file has."""

    composite: bool = False
    """Whether the scene's compositor runs over the styled frames, and not over the rendered ones."""
    restart: bool = False
    """Begin anew where the output folder holds finished frames; otherwise go on with them."""
    describe: bool = False
    """Tell the scene's frames, shots and animated settings, and render nothing."""
    allow_scripts: bool = False
    """Whether Python in the .blend runs: registered texts, drivers, Freestyle modules."""
    scene_styles: bool = False
    """Whether the styles are those that the .blend file has."""
    animated: list[str] = field(default_factory=list)
    """Settings that the .blend's animation goes before, where it has one of them."""
    source: dict[str, Any] = field(default_factory=dict)
    """What tells this render from another one: captured frames of another are not taken."""

    def __post_init__(self) -> None:
        for part in self.regions:
            if part.keys() != {"kind", "name", "style"} or part["kind"] not in PART_KINDS:
                raise RenderJobError(f"{part}: a region has a kind ({', '.join(PART_KINDS)}), name and style")
        given = self.describe or self.scene_styles or self.styles
        if not given and not any(part["style"] for part in self.regions):
            raise RenderJobError("at least one style picture is needed, none was given")
        if self.style_weights and len(self.style_weights) != len(self.styles):
            raise RenderJobError(f"{len(self.style_weights)} style weights for {len(self.styles)} styles")
        if self.frames is not None:
            start, end, step = self.frames
            if end < start or step < 1:
                raise RenderJobError(f"the frame range {start} to {end}, step {step}, has no frames")
        if self.resolution_percentage is not None and not 1 <= self.resolution_percentage <= 1000:
            raise RenderJobError(f"the resolution is {self.resolution_percentage} %: it must be 1 to 1000")
        if self.samples is not None and self.samples < 1:
            raise RenderJobError(f"the samples are {self.samples}: there must be one or more")

    def write(self, path: Path) -> None:
        """Writes the job as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1, allow_nan=False), "utf-8")

    @classmethod
    def read(cls, path: Path) -> RenderJob:
        """Reads a job.

        Raises:
            RenderJobError: the file is not there, is no job, or a value cannot be used.
        """
        try:
            values = json.loads(path.read_text("utf-8"))
        except OSError as error:
            raise RenderJobError(f"{path}: the job cannot be read: {error.strerror}") from None
        except (ValueError, RecursionError):
            raise RenderJobError(f"{path}: the job is no JSON") from None
        names = {entry.name for entry in fields(cls)}
        if not isinstance(values, dict) or not values.keys() <= names:
            raise RenderJobError(f"{path}: not a render job; it has the fields {', '.join(sorted(names))}")
        try:
            if values.get("frames") is not None:
                start, end, step = (int(each) for each in values["frames"])
                values["frames"] = (start, end, step)
            return cls(**values)
        except (TypeError, ValueError):
            raise RenderJobError(f"{path}: a value of the render job is missing or of a wrong type") from None
