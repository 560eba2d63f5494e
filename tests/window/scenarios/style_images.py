"""Scenario of styles that are images of the .blend file: packed, painted in Blender, generated.

Imported by `session.py` inside Blender.
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import bpy
from editor_picture import colors
from window_tools import FOLDER, Steps, fit_image, nst, screenshot, session_over, tell, until

MOST = 255.0


def images() -> dict[str, Any]:
    """Images with the same picture, but for the generated one."""
    packed = bpy.data.images.load(str(FOLDER / "style_a.png"))
    packed.name = "Packed"
    packed.pack()
    painted = bpy.data.images.new("Painted", *packed.size, alpha=False)
    painted.pixels.foreach_set(list(packed.pixels))
    painted.update()
    generated = bpy.data.images.new("Generated", 256, 192)
    generated.generated_type = "COLOR_GRID"
    return {"packed": packed, "painted": painted, "generated": generated}


def stylize_with(name: str, image: Any) -> Steps:
    """Stylizes the first captured frame with an image, or with the file of the same picture."""
    folder = FOLDER / f"out_{name}"
    for part in ("content", "passes"):
        shutil.copytree(FOLDER / "out" / part, folder / part)
    nst().styles.clear()
    if image is None:
        bpy.ops.nst.style_add(filepath="//style_a.png")
    else:
        # As the menu's search does with the one that is chosen.
        bpy.ops.nst.style_add_image("EXEC_DEFAULT", image=image.name)
    nst().output_path = f"//{folder.name}/"
    bpy.ops.nst.stylize_frames("EXEC_DEFAULT")
    yield from until(session_over, f"the end of the {name} style")
    fit_image()
    yield 1.5
    screenshot(f"style_{name}")


def levels(image: Any) -> bytes:
    """What an image shows, as 8-bit RGB from the upper left on."""
    width, height = image.size
    values = list(image.pixels)
    rows = [values[4 * width * row : 4 * width * (row + 1)] for row in reversed(range(height))]
    return bytes(round(MOST * value) for row in rows for place, value in enumerate(row) if place % 4 < 3)


def images_as_styles() -> Steps:
    """Each kind of image as the only style: what the run takes, and what comes of it."""
    names = ("output_path", "source", "movie", "steps")
    kept = {name: getattr(nst(), name) for name in names}
    styles = [(style.path, style.weight) for style in nst().styles]
    nst().source, nst().custom_range, nst().movie, nst().steps = "CAPTURED", True, False, 12
    nst().range_start = nst().range_end = 1
    seen: dict[str, Any] = {"frames": {}, "pictures": {}}
    frames: dict[str, bytes] = {}
    # Some systems' Blender comes without numpy, and refuses to write pixels into a file.
    can_write = importlib.util.find_spec("numpy") is not None
    for name, image in {"file": None, **images()}.items():
        if name in ("painted", "generated") and not can_write:
            continue
        yield from stylize_with(name, image)
        folder = FOLDER / f"out_{name}"
        frames[name] = (folder / "styled" / "styled_0001.png").read_bytes()
        if image is not None:
            (picture,) = (folder / "style_pictures").iterdir()
            seen["pictures"][name] = colors(str(picture), "-alpha", "off") == levels(image)
    seen["can write"] = can_write
    seen["frames"] = {name: frame == frames["file"] for name, frame in frames.items()}
    packed = next((FOLDER / "out_packed" / "style_pictures").iterdir())
    seen["bytes"] = Path(packed).read_bytes() == (FOLDER / "style_a.png").read_bytes()
    tell("style images", seen)
    nst().styles.clear()
    for path, weight in styles:
        bpy.ops.nst.style_add(filepath=path)
        nst().styles[-1].weight = weight
    for name, value in kept.items():
        setattr(nst(), name, value)
    nst().custom_range = False
