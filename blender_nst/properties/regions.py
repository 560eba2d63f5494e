"""Regions: objects, collections and materials that have a style of their own, or stay as rendered.

They are chosen by pointer, so that a renamed object stays chosen. The style engine finds them in each frame
by the Cryptomatte passes, which are switched on for the time of the render.
"""

# pyright: reportInvalidTypeForm=false
# No `from __future__ import annotations`: Blender reads the annotations as objects.
from collections.abc import Iterable, Mapping
from typing import Any

import bpy

from .styles import FILE_OPTIONS, is_offered

OBJECT, COLLECTION, MATERIAL = "OBJECT", "COLLECTION", "MATERIAL"

# By kind: the pointer that is shown, and the pass that finds it.
_POINTERS = {OBJECT: "object", COLLECTION: "collection", MATERIAL: "material"}
_PASSES = {
    OBJECT: "use_pass_cryptomatte_object",
    COLLECTION: "use_pass_cryptomatte_object",
    MATERIAL: "use_pass_cryptomatte_material",
}


class RegionError(Exception):
    """A region cannot be used; one line that says which and why."""


def _can_be_seen(_region: Any, candidate: bpy.types.Object) -> bool:
    hidden_kinds = {"CAMERA", "LIGHT", "LIGHT_PROBE", "SPEAKER", "LATTICE", "ARMATURE"}
    return candidate.type not in hidden_kinds and (
        candidate.type != "EMPTY" or candidate.instance_collection is not None
    )


class NSTRegion(bpy.types.PropertyGroup):
    """One region: what it is made of, and its style."""

    kind: bpy.props.EnumProperty(
        name="Kind",
        description="What the region is chosen by",
        items=[
            (OBJECT, "Object", "One object, or what an empty instances", "OBJECT_DATA", 0),
            (COLLECTION, "Collection", "All objects of a collection", "OUTLINER_COLLECTION", 1),
            (MATERIAL, "Material", "Everything that has this material", "MATERIAL", 2),
        ],
        options=set(),
    )
    object: bpy.props.PointerProperty(
        name="Object", description="Object that the region is", type=bpy.types.Object, poll=_can_be_seen
    )
    collection: bpy.props.PointerProperty(
        name="Collection", description="Collection whose objects the region is", type=bpy.types.Collection
    )
    material: bpy.props.PointerProperty(
        name="Material", description="Material that the region has", type=bpy.types.Material
    )
    keep: bpy.props.BoolProperty(
        name="As Rendered", description="The region gets no style", default=False, options=set()
    )
    style_path: bpy.props.StringProperty(
        name="Style",
        description="Picture whose strokes and colors the region takes",
        subtype="FILE_PATH",
        options=FILE_OPTIONS,
    )
    style_image: bpy.props.PointerProperty(
        name="Style Image",
        description="Image of this .blend file whose strokes and colors the region takes, in place of a file",
        type=bpy.types.Image,
        poll=is_offered,
    )

    @property
    def has_style(self) -> bool:
        """Whether it takes a style, and one is chosen."""
        return not self.keep and (self.style_image is not None or bool(self.style_path.strip()))

    @property
    def chosen(self) -> Any:
        """The object, collection or material that is picked; None for nothing."""
        return getattr(self, _POINTERS[self.kind])


class NSTRegions(bpy.types.PropertyGroup):
    """`Scene.nst_regions`: the regions, the first of two that overlap going first."""

    entries: bpy.props.CollectionProperty(type=NSTRegion)
    active: bpy.props.IntProperty(name="Active Region", options=set())


def needed_passes(scene: bpy.types.Scene) -> list[str]:
    """The view layers' properties that must be on for the scene's regions to be found."""
    return sorted({_PASSES[region.kind] for region in scene.nst_regions.entries})


def described_regions(scene: bpy.types.Scene) -> list[dict[str, Any]]:
    """The `regions` of the protocol's `stylize` command; style pictures as they are written in the file.

    With `image`, the image of Blender that goes before the path.

    Raises:
        RegionError: nothing is picked for a region, or it has no style.
    """
    return [_described(place, region) for place, region in enumerate(scene.nst_regions.entries, start=1)]


def set_regions(scene: bpy.types.Scene, parts: Iterable[Mapping[str, str | None]]) -> None:
    """Replaces the scene's regions by parts that are named: `kind`, `name` and `style` (None to keep).

    Raises:
        RegionError: there is nothing of that kind with that name.
    """
    scene.nst_regions.entries.clear()
    for part in parts:
        kind, name = str(part["kind"]), str(part["name"])
        owner = getattr(bpy.data, f"{kind}s")
        found = owner.get(name)
        if found is None:
            there_are = ", ".join(sorted(owner.keys())[:12]) or "none"
            raise RegionError(f"there is no {kind} {name!r}; there are: {there_are}")
        region = scene.nst_regions.entries.add()
        region.kind = kind.upper()
        setattr(region, kind, found)
        region.keep = part["style"] is None
        region.style_path = part["style"] or ""


def _described(place: int, region: NSTRegion) -> dict[str, Any]:
    chosen = region.chosen
    if chosen is None:
        raise RegionError(
            f"region {place}: no {region.kind.lower()} is picked; pick one, or remove the region"
        )
    if not region.keep and not region.has_style:
        raise RegionError(f"region {place}, {chosen.name}: no style is chosen; or leave it as rendered")
    names = [chosen.name] if region.kind == MATERIAL else sorted(_object_names(chosen))
    return {
        "kind": "material" if region.kind == MATERIAL else "object",
        "names": names,
        "style": None if region.keep else region.style_path,
        "image": None if region.keep else region.style_image,
    }


def _object_names(chosen: bpy.types.Object | bpy.types.Collection) -> set[str]:
    """Names of the objects that are rendered for it, those of instanced collections included."""
    names: set[str] = set()
    seen: set[str] = set()
    waiting = [chosen]
    while waiting:
        each = waiting.pop()
        if isinstance(each, bpy.types.Collection):
            # Collections that instance each other in a circle are possible.
            if each.name_full not in seen:
                seen.add(each.name_full)
                waiting.extend(each.all_objects)
            continue
        names.add(each.name)
        if each.instance_type == "COLLECTION" and each.instance_collection is not None:
            waiting.append(each.instance_collection)
    return names


def register() -> None:
    """Adds `Scene.nst_regions`."""
    bpy.utils.register_class(NSTRegion)
    bpy.utils.register_class(NSTRegions)
    bpy.types.Scene.nst_regions = bpy.props.PointerProperty(type=NSTRegions)


def unregister() -> None:
    """Removes `Scene.nst_regions`; a file that has regions keeps them."""
    del bpy.types.Scene.nst_regions
    bpy.utils.unregister_class(NSTRegions)
    bpy.utils.unregister_class(NSTRegion)
