"""Bristle brush: draws curved strokes of thick paint on a canvas and shades their relief."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from video.paintings.motif import Composition

OVERSAMPLING = 2
"""Canvas pixels per picture pixel: one bristle stays visible in a stroke of 8 px."""

_SHIFT = 4
"""Fractional bits of the coordinates that OpenCV draws at."""

_STEPS_PER_WIDTH = 6
_GROUND_HEIGHT = 40.0


@dataclass(frozen=True)
class Brush:
    """One brush and how it is used. Lengths are in pixels of the picture."""

    width: float
    length: float
    cover: float = 1.5
    """Area of all strokes over the area of the canvas, before the composition's detail thins them out."""
    detail: float = 0.0
    """0: strokes everywhere; 1: as many strokes as the composition's detail asks for."""
    roundness: float = 1.0
    """0: a palette knife's square end; 1: a round brush's end."""
    streak: float = 0.05
    """Standard deviation of the brightness from bristle to bristle."""
    value_jitter: float = 0.05
    """Standard deviation of the brightness from stroke to stroke."""
    hue_jitter: float = 0.04
    """Standard deviation of each channel from stroke to stroke."""
    accent: float = 0.0
    """Share of the strokes in nearly one of the composition's accents."""
    double_load: float = 0.10
    """How far the paint on one side of the brush is lighter than that on the other."""
    dryness: float = 0.15
    """Share of the bristles that run out of paint before the stroke ends."""
    wobble: float = 0.12
    """Standard deviation of a stroke's direction around the composition's, radians."""
    edge_tolerance: float = 0.22
    """A stroke ends where the composition's color is this far (RGB distance) from its own."""
    fills_gaps: bool = False
    """Start strokes on bare canvas only."""
    thickness: float = 1.0
    """Height of the paint."""


class Canvas:
    """Paint on canvas: color and height at OVERSAMPLING times the picture's size."""

    def __init__(self, width: int, height: int, ground: np.ndarray, rng: np.random.Generator) -> None:
        """Prime the canvas with `ground`, one sRGB color, 0..1."""
        self._size = (width, height)
        self._rng = rng
        self._paint = np.empty((height * OVERSAMPLING, width * OVERSAMPLING, 4), np.uint8)
        weave = _weave(height * OVERSAMPLING, width * OVERSAMPLING)
        mottled = ground + 0.05 * (weave[..., None] - 0.5)
        self._paint[..., :3] = np.clip(mottled * 255, 0, 255)
        self._paint[..., 3] = _GROUND_HEIGHT * weave

    def wash(self, composition: Composition, strength: float = 0.75) -> None:
        """Thin the composition's colors over the ground, so that gaps between strokes fit the picture."""
        height, width = self._paint.shape[:2]
        color = cv2.resize(cv2.GaussianBlur(composition.color, (0, 0), width / 250), (width, height))
        stain = self._rng.normal(0.5, 0.35, (height // 24 + 1, width // 24 + 1)).astype(np.float32)
        amount = strength * np.clip(cv2.resize(stain, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)
        paint = self._paint[..., :3]
        paint[:] = np.clip(paint + amount[..., None] * (color * 230 - paint), 0, 255)

    def cover(self, composition: Composition, brush: Brush) -> None:
        """Draw strokes all over the canvas in random order, each in the composition's color at its start."""
        starts = self._starts(composition, brush)
        paths, ends = self._trace(composition, brush, starts)
        points, paint, first, last = self._bristles(composition, brush, starts, paths, ends)
        bristle = brush.width * OVERSAMPLING / points.shape[1]
        line = max(1, round(bristle * 1.5))
        fixed = np.round(points * (OVERSAMPLING << _SHIFT)).astype(np.int32)
        colors = paint.tolist()
        for s in range(len(fixed)):
            for b in range(fixed.shape[1]):
                if last[s, b] - first[s, b] >= 2:
                    path = fixed[s, b, first[s, b] : last[s, b]]
                    cv2.polylines(self._paint, [path], False, colors[s][b], line, cv2.LINE_AA, _SHIFT)

    def lit(self, relief: float = 1.0, gloss: float = 0.25) -> np.ndarray:
        """The picture with light from the upper left: HxWx3 float32, 0..1, sRGB.

        relief: how strongly slopes change the brightness. gloss: brightness of wet highlights, 0..1.
        """
        height = cv2.GaussianBlur(self._paint[..., 3].astype(np.float32) / 255, (0, 0), 0.45 * OVERSAMPLING)
        slope = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=0.125) * 0.6
        slope += cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=0.125) * 0.8
        slope *= relief * 4
        color = self._paint[..., :3].astype(np.float32) / 255
        color *= (1 + np.clip(slope, -0.45, 0.4))[..., None]
        color += gloss * np.clip(slope - 0.16, 0, 0.5)[..., None]
        picture = cv2.resize(color, self._size, interpolation=cv2.INTER_AREA)
        return np.clip(picture, 0, 1)

    def _starts(self, composition: Composition, brush: Brush) -> np.ndarray:
        """Where strokes begin, on a jittered grid in random order: Nx2 float32, x and y."""
        width, height = self._size
        spacing = np.sqrt(brush.width * brush.length / brush.cover)
        # Start a little outside, or strokes that run to the right leave the left border bare.
        x, y = np.meshgrid(
            np.arange(-spacing, width + spacing, spacing), np.arange(-spacing, height + spacing, spacing)
        )
        starts = np.stack([x.ravel(), y.ravel()], 1)
        starts += self._rng.uniform(-0.6, 0.6, starts.shape) * spacing
        wanted = 1 - brush.detail * (1 - _at(composition.detail, starts))
        starts = starts[self._rng.uniform(size=len(starts)) < wanted]
        if brush.fills_gaps:
            starts = starts[_at(self._paint[..., 3], starts * OVERSAMPLING) <= _GROUND_HEIGHT]
        return self._rng.permutation(starts).astype(np.float32)

    def _trace(
        self, composition: Composition, brush: Brush, starts: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Follow the composition's direction from each start: paths NxKx2, and N numbers of points."""
        step = brush.width / _STEPS_PER_WIDTH
        count = max(_STEPS_PER_WIDTH, round(brush.length / step))
        tilt = self._rng.normal(0, brush.wobble, len(starts))
        # Half of the strokes run backwards: where the direction diverges, the canvas would stay bare.
        tilt += np.pi * self._rng.integers(0, 2, len(starts))
        own = _at(composition.color, starts)
        paths = np.empty((len(starts), count, 2), np.float32)
        point, alive = starts.copy(), np.ones(len(starts), bool)
        ends = np.full(len(starts), _STEPS_PER_WIDTH)
        for k in range(count):
            paths[:, k] = point
            strayed = np.linalg.norm(_at(composition.color, point) - own, axis=1) > brush.edge_tolerance
            alive &= ~strayed
            ends[alive] = k + 1
            angle = _at(composition.angle, point) + tilt
            point = point + step * np.stack([np.cos(angle), np.sin(angle)], 1).astype(np.float32)
        shorten = self._rng.uniform(0.6, 1.0, len(starts))
        return paths, np.maximum(_STEPS_PER_WIDTH, (ends * shorten).astype(int))

    def _bristles(
        self, composition: Composition, brush: Brush, starts: np.ndarray, paths: np.ndarray, ends: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Points NxBxKx2, paint NxBx4 (RGB, height; 0..255), first and one past the last point, each NxB."""
        rng, strokes = self._rng, len(paths)
        bristles = max(4, round(brush.width * OVERSAMPLING / 2))
        across = np.linspace(-1, 1, bristles)
        tangent = np.gradient(paths, axis=1)
        tangent /= np.linalg.norm(tangent, axis=2, keepdims=True) + 1e-6
        normal = np.stack([-tangent[..., 1], tangent[..., 0]], -1)
        half = 0.5 * brush.width * rng.uniform(0.75, 1.15, (strokes, 1, 1, 1))
        points = paths[:, None] + normal[:, None] * across[None, :, None, None] * half

        rounding = brush.roundness * (1 - np.sqrt(1 - (0.96 * across) ** 2)) * _STEPS_PER_WIDTH / 2
        ragged = rng.exponential(0.6, (strokes, bristles))
        first = (rounding + ragged).astype(int)
        tired = rng.uniform(size=(strokes, bristles)) < brush.dryness
        run = np.where(tired, rng.uniform(0.4, 1.0, (strokes, bristles)), 1.0)
        last = (ends[:, None] * run - 1.6 * rounding - rng.exponential(1.0, (strokes, bristles))).astype(int)

        side = rng.normal(0, brush.double_load, (strokes, 1)) * across
        light = (
            rng.normal(0, brush.value_jitter, (strokes, 1)) + side + _streaks(rng, strokes, bristles, brush)
        )
        tint = rng.normal(0, brush.hue_jitter, (strokes, 1, 3))
        own = _at(composition.color, starts)
        accents = composition.accents[rng.integers(0, len(composition.accents), strokes)]
        leaning = 0.8 * (rng.uniform(size=(strokes, 1)) < brush.accent)
        color = (own + leaning * (accents - own))[:, None] + tint + light[..., None]
        ridge = np.clip((np.abs(across) - 0.7) / 0.3, 0, 1)
        height = 0.45 + 0.22 * ridge + rng.normal(0, 0.1, (strokes, 1))
        height = height + rng.normal(0, 1.8 * brush.streak, (strokes, bristles))
        paint = np.concatenate([color, brush.thickness * height[..., None]], 2)
        return points, np.clip(paint * 255, 0, 255).astype(np.uint8), first, last


def _streaks(rng: np.random.Generator, strokes: int, bristles: int, brush: Brush) -> np.ndarray:
    """Brightness from bristle to bristle, NxB: clumps of bristles share their paint."""
    fine = rng.normal(0, brush.streak, (strokes, bristles))
    clumps = rng.normal(0, brush.streak, (strokes, bristles // 3 + 1)).repeat(3, axis=1)[:, :bristles]
    return 0.6 * fine + clumps


def _at(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The image's values at the nearest pixels of Nx2 points; border values outside."""
    x = np.clip(points[:, 0], 0, image.shape[1] - 1).astype(int)
    y = np.clip(points[:, 1], 0, image.shape[0] - 1).astype(int)
    return image[y, x]


def _weave(height: int, width: int) -> np.ndarray:
    """Linen threads over and under each other: HxW float32, 0..1."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    period = 3.0 * OVERSAMPLING
    warp, weft = np.sin(2 * np.pi * x / period), np.sin(2 * np.pi * y / period)
    return 0.5 + 0.25 * (warp * np.sign(weft) + weft * np.sign(warp))
