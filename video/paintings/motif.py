"""Compositions of the style pictures: fields of color, stroke direction and detail."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Composition:
    """What the brushes paint.

    color: HxWx3 float32, 0..1, sRGB. angle: HxW float32, the direction in which a stroke runs,
    radians, with y downwards. detail: HxW float32, 0..1, where fine brushes are wanted.
    accents: Nx3 float32, 0..1, sRGB, contrasting colors to be strewn in.
    """

    color: np.ndarray
    angle: np.ndarray
    detail: np.ndarray
    accents: np.ndarray


class _Sketch:
    """A composition under construction: later shapes hide earlier ones.

    x and y are HxW float32 with y from 0 at the top to 1 at the bottom and square units, so that x runs to
    `aspect`. noise is smooth, HxW float32, about -1..1.
    """

    def __init__(self, width: int, height: int, rng: np.random.Generator) -> None:
        y, x = np.mgrid[:height, :width].astype(np.float32)
        self.x, self.y = x / height, y / height
        self.aspect = width / height
        self.noise = _noise(width, height, rng, 4)
        self.color = np.zeros((height, width, 3), np.float32)
        self.angle = np.zeros((height, width), np.float32)
        self.detail = np.zeros((height, width), np.float32)

    def shape(
        self, weight: np.ndarray, colors: str, value: np.ndarray, angle: np.ndarray | float, detail: float
    ) -> None:
        """Where `weight` (HxW, 0..1) says so: the ramp of `colors` at `value` (HxW), strokes at `angle`."""
        weight = weight.astype(np.float32)
        self.color += weight[..., None] * (_ramp(colors, value) - self.color)
        self.angle = np.where(weight > 0.5, angle, self.angle)
        self.detail = np.where(weight > 0.3, np.maximum(detail * weight, self.detail), self.detail)

    def polar(self, x: float, y: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Distance, angle around the point, and the direction of circles around it, each HxW."""
        dx, dy = self.x - x * self.aspect, self.y - y
        around = np.arctan2(dy, dx)
        return np.hypot(dx, dy), around, around + np.pi / 2

    def below(self, top: np.ndarray, colors: str, furrows: float, detail: float) -> None:
        """A hill whose upper edge is at `top` (HxW), with furrows along the slope."""
        slope = np.arctan(np.gradient(top, axis=1) * len(top))
        value = 0.5 + 0.4 * np.sin(furrows * (self.y - top) + 4 * self.noise) + 0.3 * self.noise
        self.shape(self.y > top, colors, value, slope + 0.35 * self.noise, detail)

    def tree(self, x: float, base: float, size: float, girth: float, colors: str) -> None:
        """A flame-shaped tree that stands at (x, base), its light side to the right."""
        up = (base - self.y) / size
        side = self.x - x * self.aspect - 0.012 * np.sin(9 * self.y + 20 * x)
        half = girth * size * np.clip(1 - up, 0, 1) ** 0.8 * (1 + 0.25 * np.sin(26 * up)) + 1e-6
        inside = (np.abs(side) < half) & (up > 0)
        lean = np.clip(side / half, -1, 1)
        value = 0.42 + 0.42 * lean + 0.25 * self.noise
        self.shape(inside, colors, value, -np.pi / 2 + 0.66 * lean + 0.3 * np.sin(30 * up), 1.0)

    def composition(self, accents: str) -> Composition:
        """The finished composition."""
        return Composition(
            self.color, self.angle.astype(np.float32), self.detail.astype(np.float32), _hex(accents)
        )


def whirling_night(width: int, height: int, rng: np.random.Generator) -> Composition:
    """A night sky of whirls, moon and stars over rolling hills and dark trees."""
    sketch = _Sketch(width, height, rng)
    x, y, noise = sketch.x, sketch.y, sketch.noise
    flow_x, flow_y = 0.9 + 0.2 * noise, 0.30 * np.sin(3.2 * x + 1.5 * noise + 2.0 * y)
    value = 0.34 + 0.18 * np.sin(22 * (y + 0.07 * np.sin(3.2 * x)) + 3.0 * noise) + 0.10 * noise
    for cx, cy, radius, turn in [(0.36, 0.36, 0.18, 1), (0.60, 0.46, 0.12, -1), (0.12, 0.62, 0.11, -1)]:
        distance, around, circle = sketch.polar(cx, cy)
        near = np.exp(-((distance / radius / 1.25) ** 4))
        flow_x += near * (np.cos(circle) * turn + 0.16 * np.cos(around) - flow_x)
        flow_y += near * (np.sin(circle) * turn + 0.16 * np.sin(around) - flow_y)
        arms = 0.5 + 0.5 * np.sin(2 * turn * around - 9 * np.log(distance / radius + 0.25))
        value += near * (0.24 + 0.66 * arms * np.exp(-0.4 * distance / radius) - value)
    night = "0b1240 16286f 1f45a4 2b6cc4 4f9fd6 9ccbd6 f1e7b0"
    sketch.shape(np.ones_like(x), night, value, np.arctan2(flow_y, flow_x), 0.35)

    stars = [(0.07, 0.12), (0.19, 0.30), (0.25, 0.08), (0.50, 0.12), (0.66, 0.22), (0.70, 0.06), (0.77, 0.50)]
    lamps = [(0.85, 0.18, 0.15), (0.95, 0.47, 0.06)]
    lamps += [(sx, sy, rng.uniform(0.035, 0.06)) for sx, sy in stars]
    for cx, cy, radius in lamps:
        distance, _, circle = sketch.polar(cx, cy)
        glow = np.exp(-1.1 * (distance / radius) ** 2)
        rings = glow + 0.07 * np.sin(14 * distance / radius)
        sketch.shape(
            np.clip(1.7 * glow - 0.12, 0, 1), "3f8fc4 9fd0b8 f0d95c f7a52a fbe08a fff6cf", rings, circle, 1.0
        )

    sketch.below(0.70 - 0.07 * np.sin(2.4 * x + 0.4) - 0.03 * np.sin(6 * x), "2b3f86 3c62a8 5f8fc0", 60, 0.5)
    sketch.below(0.78 + 0.05 * np.sin(2.9 * x + 2.0), "123a4e 1f6a6b 58a08a", 60, 0.5)
    sketch.below(0.88 - 0.05 * np.sin(2.2 * x + 0.3), "17341f 3f7a35 b9bd48", 60, 0.5)
    for place in [(0.80, 1.0, 0.34), (0.91, 1.06, 0.60)]:
        sketch.tree(*place, 0.27, "07131f 0d2b2c 17452f 2f6a35 7d8f3a c8883a")
    return sketch.composition("f2b134 7fd0d8 5b3fa0 e9e2b8")


def harvest_evening(width: int, height: int, rng: np.random.Generator) -> Composition:
    """A low sun over blue mountains, fields in rows towards the horizon and crimson trees."""
    sketch = _Sketch(width, height, rng)
    x, y, noise = sketch.x, sketch.y, sketch.noise
    distance, _, circle = sketch.polar(0.34, 0.36)
    warmth = 1.05 * np.exp(-1.9 * distance) + 0.16 * noise
    slabs = 0.5 * np.sin(3 * x + 2.5 * y + 2 * noise) - 0.25
    sketch.shape(np.ones_like(x), "0e6f7c 2fa3a0 7cc4a2 f3c86a f59a3a ea5b2a", warmth, slabs, 0.2)
    sketch.shape(distance < 0.10, "ffb02e ffd75a fff0b0", 1.1 - 8 * distance, circle, 1.0)

    mountains = 0.50 - 0.09 * np.abs(np.sin(2.1 * x + 0.9)) - 0.05 * np.abs(np.sin(5.3 * x))
    sketch.below(mountains, "1d2a6b 2a3f94 4f53a8 9a62a8", 20, 0.4)
    sketch.below(0.535 + 0.012 * np.sin(7 * x), "0d4a4c 1a7a66 6aa84a", 90, 0.6)
    dx, depth = x - 0.45 * sketch.aspect, np.maximum(y - 0.46, 0.02)
    rows = np.sin(9 * dx / depth + 2 * noise)
    sketch.shape(
        y > 0.575, "7a2417 c9481d ee8f1e f8c22f ffe680", 0.52 + 0.4 * rows, np.arctan2(depth, dx), 0.4
    )
    for cx, cy, radius in [(0.77, 0.47, 0.12), (0.95, 0.52, 0.16), (0.10, 0.55, 0.10)]:
        distance, _, circle = sketch.polar(cx, cy)
        light = 0.5 + 2.2 * (sketch.aspect * cx - x + cy - y) / radius * 0.25 + 0.25 * noise
        trunk = (np.abs(x - cx * sketch.aspect) < 0.09 * radius) & (y > cy) & (y < cy + 1.6 * radius)
        sketch.shape(trunk, "1a1030 4a2038", light, np.pi / 2, 1.0)
        crown = distance < radius * (1 + 0.25 * noise)
        sketch.shape(crown, "4a0f2e 8f1531 d12a2a f0602a ffb347", light, circle, 0.8)
    return sketch.composition("15808a 2440a0 f7e08a e0356a")


def bright_river(width: int, height: int, rng: np.random.Generator) -> Composition:
    """Poplars on the far bank of a river, their reflection, sails and a morning sky."""
    sketch = _Sketch(width, height, rng)
    x, y, noise = sketch.x, sketch.y, sketch.noise
    shore = 0.56
    distance, _, circle = sketch.polar(0.70, 0.22)
    glow = 0.95 - 1.05 * distance + 0.14 * noise
    sky = "4a63cc 6f9cea a9b2f0 f59ab8 ffb277 ffdf8a"
    sketch.shape(np.ones_like(x), sky, glow, circle, 0.6)
    sketch.below(0.47 + 0.03 * np.sin(3.1 * x + 1), "7a63b8 9a86d0 c79ac8", 30, 0.6)
    sketch.below(0.525 + 0.01 * np.sin(9 * x), "1f7a5a 4fae5a b6d04a f2d24a", 60, 0.8)
    for cx, size in [(0.06, 0.50), (0.16, 0.42), (0.25, 0.46), (0.33, 0.34), (0.88, 0.36), (0.95, 0.44)]:
        sketch.tree(cx, shore, size, 0.13, "22307a 1f6f62 2fa05a 8fc63f f4c542")

    mirrored = np.clip((2 * shore - y) * height + 6 * np.sin(60 * y + 9 * noise), 0, shore * height - 1)
    column = np.clip(x * height + 10 * np.sin(40 * y + 5 * noise), 0, width - 1)
    reflection = cv2.remap(
        sketch.color, column.astype(np.float32), mirrored.astype(np.float32), cv2.INTER_LINEAR
    )
    water = y > shore
    ripples = 0.5 + 0.5 * np.sin(70 * y / (0.6 + y) + 6 * noise)
    sketch.shape(water, "173f9c 1f7fc4 3fb8c8 94dcc8", ripples, 0.12 * noise, 0.8)
    sketch.color[water] = 0.6 * reflection[water] + 0.4 * sketch.color[water]
    for cx, base, size in [(0.55, 0.66, 0.26), (0.70, 0.61, 0.15)]:
        up = (base - y) / size
        side = (x - cx * sketch.aspect) / size
        sketch.shape(
            (up > 0.1) & (side > -0.02) & (side < 0.42 * (1.05 - up)),
            "f0703a ffb45a fff0c8",
            0.7 - side,
            -1.3,
            1.0,
        )
        sketch.shape(
            (np.abs(up) < 0.1) & (np.abs(side - 0.12) < 0.32 + up), "3a1a5a 8a2a5a", 0.5 + up * 5, 0.0, 1.0
        )
    return sketch.composition("ff7a3a ffd23a 7a3fb8 f05a8a 1fa08a")


def _noise(width: int, height: int, rng: np.random.Generator, cells: int) -> np.ndarray:
    """Smooth noise, about -1..1: HxW float32."""
    total = np.zeros((height, width), np.float32)
    for octave in range(3):
        rows = cells << octave
        grid = rng.normal(0, 0.5, (rows, round(rows * width / height) + 1)).astype(np.float32)
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) / 2**octave
    return total


def _hex(colors: str) -> np.ndarray:
    """Colors as painters' swatches 'rrggbb rrggbb …': Nx3 float32, 0..1."""
    return np.array([list(bytes.fromhex(color)) for color in colors.split()], np.float32) / 255


def _ramp(colors: str, value: np.ndarray) -> np.ndarray:
    """The colors spread evenly over 0..1, looked up at `value` HxW: HxWx3 float32."""
    swatches = _hex(colors)
    stops = np.linspace(0, 1, len(swatches))
    return np.stack([np.interp(value, stops, swatches[:, c]) for c in range(3)], -1).astype(np.float32)
