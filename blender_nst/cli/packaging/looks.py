"""Makes the pictures of the shipped looks: style pictures painted by code, and thumbnails.

They are checked in: `python -m blender_nst.cli.packaging.looks` makes them anew, when a painting, a look or
the engine has changed what they show.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from PIL import Image

from blender_nst import addon
from compositor.engine import StyleEngine
from compositor.settings import DeviceChoice, StyleSettings, settings_from_json
from compositor.stylization.frame_inputs import FrameInputs
from compositor.stylization.style_library import Style
from video.paintings.painting import Painting, paint

FOLDER = addon.FOLDER / "looks"
_PICTURE, _THUMBNAIL = (512, 384), (128, 128)
"""(width, height) in pixels."""
_QUALITY = 88
_STEPS = 60


def looks() -> list[dict[str, Any]]:
    """The looks as `looks.json` has them."""
    return json.loads((FOLDER / "looks.json").read_text("utf-8"))


def ball(width: int, height: int) -> np.ndarray:
    """(H, W, 3) float32 in 0..1, sRGB: a red ball with a highlight on a green ground before a blue sky."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    x, y = (x - 0.5 * width) / height, (y - 0.55 * height) / height
    sky = np.stack([0.45 + 0.3 * y, 0.62 + 0.2 * y, 0.85 + 0.0 * y], axis=-1)
    ground = np.stack([0.35 - 0.1 * y, 0.5 - 0.2 * y, 0.22 + 0.0 * y], axis=-1)
    picture = np.where((y > 0.12)[..., None], ground, sky)
    shadow = ((x - 0.1) / 0.36) ** 2 + ((y - 0.29) / 0.07) ** 2
    picture = picture * (1.0 - 0.5 * np.exp(-shadow))[..., None]
    distance = np.hypot(x, y) / 0.3
    z = np.sqrt(np.clip(1.0 - distance**2, 0.0, None))
    light = np.clip((-0.5 * x - 0.6 * y) / 0.3 + 0.62 * z, 0.0, 1.0)
    shaded = (0.2 + 0.8 * light)[..., None] * np.array([0.85, 0.2, 0.15]) + (light**24)[..., None]
    return np.where((distance < 1.0)[..., None], shaded, picture).clip(0.0, 1.0).astype(np.float32)


def thumbnail(look: dict[str, Any]) -> np.ndarray:
    """The ball in a look, (H, W, 3) float32 in 0..1."""
    settings = settings_from_json(StyleSettings, look["settings"] | {"steps": _STEPS, "device": "cpu"})
    styles = [Style(_read(each["picture"]), each["weight"]) for each in look["styles"]]
    assert settings.device is DeviceChoice.CPU  # noqa: S101 - the same pixels wherever they are made
    return StyleEngine(settings, styles).stylize(FrameInputs(ball(*_THUMBNAIL))).image


def main() -> None:
    """Writes all pictures."""
    for painting in Painting:
        _write(f"{painting.value}.jpg", paint(painting, *_PICTURE))
    for look in looks():
        _write(f"look_{look['name']}.jpg", thumbnail(look))


def _read(name: str) -> np.ndarray:
    return np.asarray(Image.open(FOLDER / name).convert("RGB"), np.float32) / 255.0


def _write(name: str, image: np.ndarray) -> None:
    levels = np.rint(image * 255.0).astype(np.uint8)
    Image.fromarray(levels).save(FOLDER / name, quality=_QUALITY, optimize=True)


if __name__ == "__main__":
    main()
