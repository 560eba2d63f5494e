"""Three pictures that resemble renders and photographs, made by code, as contents to stylize."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

# Drawn larger and shrunk, so that edges are smooth.
_OVERSAMPLING = 2


def spheres(width: int, height: int) -> np.ndarray:
    """Shaded spheres on a checker floor."""
    x, y = _grid(width, height)
    depth = 0.25 / np.maximum(y - 0.42, 1e-3)
    checker = (np.floor(3.0 * (x - 0.5) * depth) + np.floor(2.0 * depth)) % 2.0
    floor = _blend((0.28, 0.22, 0.20), (0.86, 0.82, 0.74), checker * np.exp(-0.12 * depth))
    sky = _blend((0.75, 0.82, 0.9), (0.35, 0.48, 0.68), 1.0 - 2.0 * y)
    image = np.where((y < 0.45)[..., None], sky, floor)
    balls = (
        (0.28, 0.45, 0.2, (0.78, 0.20, 0.14)),
        (0.68, 0.40, 0.15, (0.16, 0.42, 0.62)),
        (0.55, 0.72, 0.12, (0.85, 0.66, 0.20)),
    )
    for center_x, center_y, radius, color in balls:
        below = center_x + 0.6 * radius, center_y + radius
        shadow = _ellipse(x, y, below, (1.3 * radius, 0.35 * radius), 0.4)
        image = _sphere(image * (1.0 - 0.6 * shadow)[..., None], (center_x, center_y), radius, color)
    return image


def landscape(width: int, height: int) -> np.ndarray:
    """Ranges of mountains in haze under an evening sky, before dark trees."""
    rng = np.random.default_rng(1)
    x, y = _grid(width, height)
    image = _blend((0.20, 0.34, 0.62), (0.98, 0.78, 0.52), np.clip(y / 0.6, 0.0, 1.0))
    cloud = np.clip(2.5 * _texture(width, height, rng, 3) - 0.4, 0.0, 1.0) * np.clip(1.0 - 1.8 * y, 0.0, 1.0)
    image = image + (np.array((0.97, 0.93, 0.9)) - image) * cloud[..., None]
    sun = np.exp(-((x - 0.68) ** 2 + (y - 0.36) ** 2) / 0.006)
    image = image + sun[..., None] * np.array((0.5, 0.4, 0.2))
    for level, base in enumerate((0.5, 0.62, 0.74, 0.9)):
        ridge = base + _ridge(x[0], rng) * (0.10 - 0.01 * level)
        rock = 0.75 + 0.5 * _texture(width, height, rng, 5)
        color = _blend((0.55, 0.58, 0.72), (0.07, 0.14, 0.08), np.full_like(x, level / 3.0))
        inside = np.clip((y - ridge) * height, 0.0, 1.0)
        image = image + (color * rock[..., None] - image) * inside[..., None]
    return image


def portrait(width: int, height: int) -> np.ndarray:
    """Head and shoulders in smooth shapes before a plain ground, lit from the left."""
    x, y = _grid(width, height)
    image = _blend((0.42, 0.40, 0.34), (0.18, 0.20, 0.22), np.hypot(x - 0.35, y - 0.35))
    light = 1.15 - 0.9 * (x - 0.3)
    shapes: tuple[tuple[tuple[float, float], tuple[float, float], tuple[float, float, float], float], ...] = (
        ((0.52, 0.36), (0.22, 0.28), (0.16, 0.09, 0.06), 0.05),
        ((0.50, 0.98), (0.36, 0.30), (0.20, 0.28, 0.42), 0.03),
        ((0.50, 0.66), (0.08, 0.14), (0.70, 0.48, 0.38), 0.05),
        ((0.50, 0.42), (0.15, 0.22), (0.88, 0.66, 0.54), 0.06),
        ((0.50, 0.24), (0.16, 0.09), (0.18, 0.10, 0.07), 0.2),
        ((0.44, 0.40), (0.028, 0.014), (0.95, 0.94, 0.92), 0.2),
        ((0.56, 0.40), (0.028, 0.014), (0.95, 0.94, 0.92), 0.2),
        ((0.44, 0.40), (0.012, 0.014), (0.12, 0.18, 0.24), 0.2),
        ((0.56, 0.40), (0.012, 0.014), (0.12, 0.18, 0.24), 0.2),
        ((0.44, 0.365), (0.038, 0.008), (0.22, 0.12, 0.08), 0.4),
        ((0.56, 0.365), (0.038, 0.008), (0.22, 0.12, 0.08), 0.4),
        ((0.51, 0.47), (0.018, 0.03), (0.74, 0.50, 0.40), 0.8),
        ((0.50, 0.54), (0.05, 0.014), (0.70, 0.28, 0.26), 0.3),
    )
    for center, radii, color, softness in shapes:
        inside = _ellipse(x, y, center, radii, softness)[..., None]
        image = image + (np.array(color) * light[..., None] - image) * inside
    return image


def contents(width: int, height: int) -> dict[str, np.ndarray]:
    """The contents by name, (height, width, 3) float32 in 0..1."""
    makers: tuple[Callable[[int, int], np.ndarray], ...] = (spheres, landscape, portrait)
    result: dict[str, np.ndarray] = {}
    for make in makers:
        large = make(width * _OVERSAMPLING, height * _OVERSAMPLING).clip(0.0, 1.0).astype(np.float32)
        result[make.__name__] = cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA)
    return result


def _grid(width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """x from 0 to 1 across the width, and y from 0 at the top to 1."""
    y, x = np.mgrid[0:height, 0:width]
    return (x + 0.5) / width, (y + 0.5) / height


def _blend(first: tuple[float, ...], second: tuple[float, ...], share: np.ndarray) -> np.ndarray:
    return np.array(first) + (np.array(second) - np.array(first)) * share[..., None]


def _ellipse(
    x: np.ndarray, y: np.ndarray, center: tuple[float, float], radii: tuple[float, float], softness: float
) -> np.ndarray:
    """1 inside, 0 outside, over an edge that takes `softness` of the radius."""
    distance = np.hypot((x - center[0]) / radii[0], (y - center[1]) / radii[1])
    return np.clip((1.0 - distance) / softness + 0.5, 0.0, 1.0)


def _sphere(
    image: np.ndarray, center: tuple[float, float], radius: float, color: tuple[float, float, float]
) -> np.ndarray:
    """The image with a glossy sphere, lit from the upper left."""
    height, width = image.shape[:2]
    x, y = _grid(width, height)
    aspect = width / height
    across, up = (x - center[0]) / radius, (center[1] - y) / radius / aspect
    towards = np.sqrt(np.clip(1.0 - across**2 - up**2, 0.0, 1.0))
    facing = np.clip(-0.5 * across + 0.6 * up + 0.62 * towards, 0.0, 1.0)
    shaded = np.array(color) * (0.2 + 0.9 * facing)[..., None] + (0.6 * facing**40)[..., None]
    return np.where((across**2 + up**2 < 1.0)[..., None], shaded, image)


def _ridge(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A jagged line around zero: octaves of triangle waves."""
    line = np.zeros_like(x)
    for octave in range(6):
        phase = x * 2.3 * 1.9**octave + rng.random()
        line += (np.abs(phase % 1.0 - 0.5) * 4.0 - 1.0) * 0.55**octave
    return line


def _texture(width: int, height: int, rng: np.random.Generator, octaves: int) -> np.ndarray:
    """Soft noise in about 0..1, with cells from a fourth of the width downwards."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        cells = rng.random((3 * 2**octave, 4 * 2**octave)).astype(np.float32)
        total += cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC) * 0.5 ** (octave + 1)
    return total
