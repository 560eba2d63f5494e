"""Parts of a scene as the options name them: `object:Suzanne`, `collection:Trees`, `material:Gold`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from blender_nst.cli.errors import InputError
from blender_nst.headless.job import PART_KINDS
from video.frames.cryptomatte import MatteKind, MatteRegion


@dataclass(frozen=True)
class ScenePart:
    """A part of the scene: its kind (one of `PART_KINDS`), its name, its style; None leaves it rendered."""

    kind: str
    name: str
    style: Path | None

    @property
    def text(self) -> str:
        """As it is written in an option; the name of its region."""
        return f"{self.kind}:{self.name}"

    def for_job(self) -> dict[str, str | None]:
        """As a render job has it."""
        style = None if self.style is None else str(self.style.resolve())
        return {"kind": self.kind, "name": self.name, "style": style}

    def matte(self) -> MatteRegion:
        """For frames whose passes are on disk; raises InputError for a collection."""
        if self.kind not in set(MatteKind):
            raise InputError(
                f"{self.text}: which objects it has is known to Blender alone; name the objects, or render it"
            )
        return MatteRegion(MatteKind(self.kind), (self.name,), None if self.style is None else self.text)


def parse_part(text: str, style: Path | None) -> ScenePart | None:
    """The part that a text such as `object:Suzanne` names; None if it names a file.

    Raises:
        InputError: there is no name after the colon.
    """
    kind, colon, name = text.partition(":")
    if not colon or kind not in PART_KINDS:
        return None
    if not name.strip():
        raise InputError(f"{text}: the name of the {kind} is missing, as in {kind}:Name")
    return ScenePart(kind, name.strip(), style)
