"""Soft masks of objects and materials, from the Cryptomatte passes of a rendered frame.

Friedman and Jones 2015, "Fully Automatic ID Mattes with Support for Motion Blur and Transparency", and the
Cryptomatte specification 1.2.0. Each pixel has ranks, two in a pass (`CryptoObject00.r .g` and `.b .a`): an
identifier and the share of the pixel that it covers. An identifier is the MurmurHash3 of a name, read as a
float. The mask of a name is the sum of its coverage over all ranks: as soft as the picture is at edges, in
motion blur and behind glass.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np

from video.errors import FileError, FrameError
from video.frames.sequence import SourceFrame
from video.images.exr import read_attributes, read_channels

_WHOLE = 0.9995
"""Coverage from here on is one: what is missing is the rounding of a sum over samples."""


class MatteKind(StrEnum):
    """What the names of a region name."""

    OBJECT = "object"
    MATERIAL = "material"

    @property
    def pass_name(self) -> str:
        """Blender's name of the pass, without the number of the ranks."""
        return f"Crypto{self.value.title()}"


@dataclass(frozen=True)
class MatteRegion:
    """Everything in a frame that has one of these names.

    Attributes:
        region: name of the mask that it makes; None for what is left as rendered.
    """

    kind: MatteKind
    names: tuple[str, ...]
    region: str | None


@dataclass(frozen=True)
class Mattes:
    """The Cryptomatte of one kind in one frame.

    Attributes:
        ranks: by view layer, pairs of identifiers (H, W) uint32 and their coverage (H, W) float32.
        manifest: identifiers by name, as the file has them; may lack some.
    """

    ranks: Mapping[str, Sequence[tuple[np.ndarray, np.ndarray]]]
    manifest: Mapping[str, int]

    def coverage(self, names: Collection[str]) -> np.ndarray:
        """(H, W) float32 in 0..1: how much of each pixel the names cover together.

        Of several view layers the one that sees most of them in a pixel counts there.
        """
        wanted = np.array([self.manifest.get(name, identifier(name)) for name in names], np.uint32)
        layers = [
            sum((np.where(np.isin(found, wanted), share, 0.0) for found, share in ranks), np.float32(0.0))
            for ranks in self.ranks.values()
        ]
        covered = np.clip(np.maximum.reduce(layers), 0.0, 1.0).astype(np.float32)
        covered[covered >= _WHOLE] = 1.0
        return covered


@dataclass(frozen=True)
class MatteSequence:
    """The frames of a sequence, each with the masks that its own passes give, beside those it has already.

    Iterating raises FrameError for a frame without passes, or whose passes have no Cryptomatte.
    """

    frames: Iterable[SourceFrame]
    regions: Sequence[MatteRegion]

    def __iter__(self) -> Iterator[SourceFrame]:
        for frame in self.frames:
            yield with_mattes(frame, self.regions)


def with_mattes(frame: SourceFrame, regions: Sequence[MatteRegion]) -> SourceFrame:
    """The frame with the regions' masks from its passes. Where regions overlap the earlier one goes first.

    Raises:
        FrameError: the frame has no passes, they cannot be read, lack Cryptomatte, or have another size.
    """
    if not regions:
        return frame
    if frame.passes is None:
        raise FrameError(frame.number, "has no passes, which show where its objects and materials are")
    try:
        mattes = {kind: read_mattes(frame.passes, kind) for kind in {each.kind for each in regions}}
    except FileError as error:
        raise FrameError(frame.number, str(error)) from None
    free = np.ones(frame.image.shape[:2], np.float32)
    masks = dict(frame.masks)
    keep = np.zeros_like(free) if frame.keep is None else frame.keep
    for each in regions:
        covered = mattes[each.kind].coverage(each.names)
        if covered.shape != free.shape:
            raise FrameError(frame.number, f"{frame.passes.name} has another size than the picture")
        covered = np.minimum(covered, free)
        free = free - covered
        if each.region is None:
            keep = np.minimum(keep + covered, 1.0)
        else:
            masks[each.region] = np.minimum(masks.get(each.region, 0.0) + covered, 1.0)
    kept = keep if frame.keep is not None or any(each.region is None for each in regions) else None
    return replace(frame, masks=masks, keep=kept)


def read_mattes(path: Path, kind: MatteKind) -> Mattes:
    """Reads the Cryptomatte passes of one kind from a multilayer EXR.

    Raises:
        FileError: not there, damaged, or without these passes.
    """
    channels = read_channels(path, lambda names: [name for name in names if kind.pass_name in name])
    header = read_attributes(path)
    ranks: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for full in sorted(channels):
        match = re.fullmatch(rf"(?:(.*)\.)?({kind.pass_name}\d\d)\.([rb])", full)
        if match is None:
            continue
        prefix, letter = full[:-1], match[3]
        share = channels.get(prefix + {"r": "g", "b": "a"}[letter])
        if share is not None:
            found = np.ascontiguousarray(channels[full], np.float32).view(np.uint32)
            ranks.setdefault(match[1] or "", []).append((found, share))
    if not ranks:
        raise FileError(
            path,
            f"has no Cryptomatte of {kind.value}s, which its regions need; render it with Cycles or EEVEE and"
            f" the pass Cryptomatte {kind.value.title()}",
        )
    return Mattes(ranks, _manifest(header, kind))


def identifier(name: str) -> int:
    """A name's identifier: its MurmurHash3 with an exponent that no infinity and no denormal has.

    The specification's `uint32_to_float32`, as the float's bits.
    """
    value = murmur3_32(name.encode())
    return value ^ (1 << 23) if (value >> 23) & 0xFF in (0, 0xFF) else value


def murmur3_32(data: bytes) -> int:
    """MurmurHash3 for x86 of 32 bits with the seed 0 (Appleby 2011, public domain)."""
    state = 0
    whole = len(data) - len(data) % 4
    for start in range(0, whole, 4):
        state ^= _scrambled(int.from_bytes(data[start : start + 4], "little"))
        state = (_rotated(state, 13) * 5 + 0xE6546B64) & 0xFFFFFFFF
    state ^= _scrambled(int.from_bytes(data[whole:], "little"))
    state ^= len(data)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        state = ((state ^ (state >> shift)) * factor) & 0xFFFFFFFF
    return state ^ (state >> 16)


def _scrambled(block: int) -> int:
    return (_rotated((block * 0xCC9E2D51) & 0xFFFFFFFF, 15) * 0x1B873593) & 0xFFFFFFFF


def _rotated(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (32 - bits))) & 0xFFFFFFFF


def _manifest(header: Mapping[str, object], kind: MatteKind) -> dict[str, int]:
    """Identifiers by name, of all view layers. Blender writes no valid JSON where a name has a quote."""
    identifiers: dict[str, int] = {}
    for key, name in header.items():
        match = re.fullmatch(r"(cryptomatte/\w+/)name", key)
        if match is None or not str(name).endswith(kind.pass_name):
            continue
        try:
            listed = json.loads(str(header.get(match[1] + "manifest", "{}")))
            identifiers |= {str(each): int(value, 16) for each, value in listed.items()}
        except (ValueError, TypeError, AttributeError, RecursionError):
            continue
    return identifiers
