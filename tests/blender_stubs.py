"""Type stubs of Blender's Python API for pyright: those of fake-bpy-module, corrected where Blender is laxer.

Run by `make setup` as `python tests/blender_stubs.py DOWNLOADED TARGET`: DOWNLOADED is a folder that pip
installed fake-bpy-module into (`pip install --target`), TARGET is pyright's `stubPath`. Both lie outside of
Python's import paths, so that nothing takes the stubs for a Blender.

The stubs know Blender's names and types. `_CORRECTIONS` lists where they are stricter than Blender itself:
each point is corrected here once, instead of by a suppression at each use.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

_OPEN_CLASSES = ("Light", "Node", "NodeSocket", "NodeTreeInterfaceSocket", "PropertyGroup")
"""Blender returns subclasses of these under the base class's name: any attribute is accepted."""

_CALLBACKS = "poll|poll_drop|execute|invoke|modal|cancel|check|draw|draw_header|draw_header_preset"
"""The methods of operators, panels and file handlers that Blender calls."""

_ANY_ATTRIBUTE = """
    def __getattr__(self, name: str) -> typing.Any: ...
    def __setattr__(self, name: str, value: typing.Any) -> None: ...
"""

_CORRECTIONS: tuple[tuple[str, str], ...] = (
    # Optional almost everywhere, also where a running Blender never has None (Context, UILayout, node trees).
    (r"\bNone\s+\| ", "typing.Any | "),
    (r"\s+\| None\b", " | typing.Any"),
    # Sets of names: Python infers set[str] for {"FINISHED"}, and a set's type is invariant.
    (r"\bset\[\s*(?:typing\.Literal\[[^]]*\]|bpy\.stub_internal\.rna_enums\.\w+)\s*\]", "set[str]"),
    # Names that Blender makes while it runs (color spaces, sockets): the stubs know the empty list alone.
    (r'typing\.Literal\["(?:NONE|DEFAULT)"\]', "str"),
    # Registered by this extension.
    (
        r"(?m)^class Scene\(.*\n",
        r"\g<0>    nst: typing.Any\n    nst_regions: typing.Any\n    nst_farm: typing.Any\n"
        r"    nst_compositing: typing.Any\n",
    ),
    (r"(?m)^class WindowManager\(.*\n", r"\g<0>    nst_preview_side: typing.Any\n"),
    # Before Blender 5.0 alone.
    (r"(?m)^class Scene\(.*\n", r"\g<0>    node_tree: NodeTree\n"),
    (r"(?m)^class SequenceEditor\(.*\n", r"\g<0>    sequences: bpy_prop_collection[Strip]\n"),
    # One of fifteen classes, by the object's type.
    (r"(?m)^    data: \(\s*Armature[^)]*\)", "    data: typing.Any"),
    (rf"(?m)^class (?:{'|'.join(_OPEN_CLASSES)})\(.*\n", r"\g<0>" + _ANY_ATTRIBUTE),
    # What Blender calls, it calls by position, and with as many arguments as the override takes.
    (rf"(def (?:{_CALLBACKS})\([^)]*?),?(\s*)\) -> [^:]+:", r"\1, /\2) -> typing.Any:"),
    (r"def draw_item\([^)]*\) ->", "def draw_item(self, *arguments: typing.Any, **keywords: typing.Any) ->"),
    (
        r"draw_func: collections\.abc\.Callable\[\[Context\], None\]",
        "draw_func: collections.abc.Callable[..., None]",
    ),
    (r"(?<=Callable\[\[)_GenericType1\b", "typing.Any"),
    # Methods that the stubs lack, or a result that they leave open.
    (
        r"(?m)^class ContextTempOverride.*\n",
        "\\g<0>    def __enter__(self) -> None: ...\n    def __exit__(self, *error: object) -> None: ...\n",
    ),
    (
        r"(?m)^class bpy_prop_array\(.*\n",
        "\\g<0>    def __iter__(self) -> collections.abc.Iterator[typing.Any]: ...\n"
        "    def __getitem__(self, index: int) -> typing.Any: ...\n    def __len__(self) -> int: ...\n",
    ),
    (r"(def cross\([^)]*\)) -> [^:]*:", r"\1 -> Vector:"),
)


def write_stubs(downloaded: Path, target: Path) -> None:
    """Replaces `target` by the stub packages in `downloaded`, corrected.

    Raises:
        SystemExit: there are no stubs of `bpy` in `downloaded`.
    """
    packages = sorted(downloaded.glob("*-stubs"))
    if not any(package.name == "bpy-stubs" for package in packages):
        sys.exit(f"{downloaded}: there is no bpy-stubs; install fake-bpy-module there")
    shutil.rmtree(target, ignore_errors=True)
    for package in packages:
        shutil.copytree(package, target / package.name.removesuffix("-stubs"))
    for package in ("bpy", "_bpy_types", "bl_operators", "mathutils"):
        for file in (target / package).rglob("*.pyi"):
            file.write_text(_corrected(file.read_text(encoding="utf-8")), encoding="utf-8")
    with (target / "bpy" / "ops" / "__init__.pyi").open("a", encoding="utf-8") as operators:
        operators.write("\nimport typing\n\nnst: typing.Any\n")


def _corrected(text: str) -> str:
    for pattern, replacement in _CORRECTIONS:
        text = re.sub(pattern, replacement, text)
    return text


if __name__ == "__main__":
    write_stubs(Path(sys.argv[1]), Path(sys.argv[2]))
