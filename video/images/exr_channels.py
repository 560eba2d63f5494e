"""Names of an EXR's channels: layers, parts and views, and the picture among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import OpenImageIO as oiio

# Layers that are the picture, best first: what Blender's compositor made, what it rendered, and what other
# renderers call it. Compared without capitals and punctuation.
_PICTURES = ("combined", "image", "rgba", "rgb", "beauty", "finalimage", "ci", "c", "color", "colour")
_COMPOSITED = "Composite.Combined"
_COLORS = (("R", "G", "B", "A"), ("r", "g", "b", "a"), ("red", "green", "blue", "alpha"))
_GRAYS = ("Y", "V", "L", "y", "v", "gray", "grey")
# Layers that are measures and no picture, also where nothing else is in the file; Cryptomatte's are numbered.
_DATA = ("depth", "vector", "normal", "position", "uv", "indexob", "indexma")
_CRYPTOMATTE = "crypto"
_DEPTH = ("Z", "ZBack")
"""OpenEXR's own names for depth."""
# Of luminance with two color differences.
_DIFFERENCES = {"RY", "BY"}


class Place(NamedTuple):
    """Where a channel is: the number of its part, and its own within that."""

    part: int
    channel: int


def name_channels(parts: Sequence[oiio.ImageSpec]) -> dict[str, Place]:
    """The channels of a file by their full names, as `ViewLayer.Combined.R`, of the first part that has one.

    Where there are several parts, the name of a part stands before channels that name no layer. Of several
    views (stereo) the first alone is named, and without its name.
    """
    views = view_names(parts)
    found: dict[str, Place] = {}
    for number, part in enumerate(parts):
        view = part.get_string_attribute("view")
        if view and views and view != views[0]:
            continue
        layer = _without_view(part.get_string_attribute("name"), views) if len(parts) > 1 else ""
        for place, name in enumerate(part.channelnames):
            short = _without_view(name, views)
            if short is not None:
                full = f"{layer}.{short}" if layer and "." not in short else short
                found.setdefault(full, Place(number, place))
    return found


def color_channels(names: Iterable[str]) -> tuple[str, ...] | None:
    """The names of a picture's channels: three, or four with alpha; None if there are none, or several."""
    known = list(names)
    for prefix in _prefixes(known):
        own = {name[len(prefix) :]: name for name in known if name.startswith(prefix)}
        folded = {short.lower(): name for short, name in reversed(own.items())}
        for letters in _COLORS:
            color = [own.get(each) or folded.get(each.lower()) for each in letters]
            if all(color[:3]):
                alpha = color[3] or _lone_alpha(known)
                return tuple(each for each in (*color[:3], alpha) if each)
    if _DIFFERENCES & set(known):
        return None
    for gray in _GRAYS:
        if gray in known:
            return (gray, gray, gray, "A") if "A" in known else (gray, gray, gray)
    return (known[0],) * 3 if len(known) == 1 and not _is_data(known[0]) else None


def colored_layers(names: Iterable[str]) -> list[str]:
    """The layers that have a red channel."""
    whole = ((name.rpartition(".")[0], name.rpartition(".")[2].lower()) for name in names)
    return list(dict.fromkeys(layer for layer, letter in whole if layer and letter in ("r", "red")))


def _is_data(channel: str) -> bool:
    """Whether a channel is one of a measure, by its own name or its layer's."""
    layer = _folded(channel.rpartition(".")[0].rpartition(".")[2])
    return channel in _DEPTH or layer in _DATA or _CRYPTOMATTE in layer


def _lone_alpha(names: Sequence[str]) -> str | None:
    """Alpha beside the layers, as RenderMan's `a` beside `Ci.r`."""
    return next((name for name in names if name in ("A", "a", "alpha", "Alpha")), None)


def _prefixes(names: Sequence[str]) -> Iterator[str]:
    """What may stand before the channels' letters, best first."""
    layers = list(dict.fromkeys(name.rpartition(".")[0] for name in names))
    yield ""
    yield from (f"{layer}." for layer in layers if layer == _COMPOSITED)
    for wanted in _PICTURES:
        for layer in layers:
            if wanted in (_folded(layer), _folded(layer.rpartition(".")[2])):
                yield f"{layer}."
    # Of other layers only one that is alone with its colors is the picture for sure.
    colored = colored_layers(names)
    if len(colored) == 1 and not _is_data(f"{colored[0]}.R"):
        yield f"{colored[0]}."


def _folded(layer: str) -> str:
    return "".join(letter for letter in layer.lower() if letter.isalnum())


def view_names(parts: Sequence[oiio.ImageSpec]) -> list[str]:
    """The names of the views, the first one first; none where there is one alone."""
    named = parts[0].getattribute("multiView")
    views = list(named) if isinstance(named, tuple) else []
    views += [view for part in parts if (view := part.get_string_attribute("view"))]
    return list(dict.fromkeys(views))


def _without_view(name: str, views: Sequence[str]) -> str | None:
    """`layer.view.channel` or `name.view`, without the view; None if that is not the first."""
    *before, last = name.split(".")
    if before and last in views:
        return ".".join(before) if last == views[0] else None
    if before and before[-1] in views:
        return ".".join([*before[:-1], last]) if before[-1] == views[0] else None
    return name
