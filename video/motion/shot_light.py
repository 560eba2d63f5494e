"""Light of a shot: how much brighter or darker each unstyled frame is than the shot's reference.

From frame to frame the light changes by the ratio of the lumas along the motion: by their median, so that an
object that moves, or a lamp that lights a part of the frame, changes nothing. A frame that is too dark for
that has a light by its brightest pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, log

import cv2
import numpy as np

from compositor.image_ops.color import luminance
from compositor.image_ops.light import is_too_dark, normalizing_gain, without_light
from video.motion.motion_field import RenderedFrame
from video.motion.optical_flow import DisFlow
from video.motion.reliability import changed
from video.motion.shot_detection import begins_shot
from video.motion.warp import inside_frame, warp_smooth

# Pixels: longer side at which frames are compared, and standard deviation of the blur there. Averaging takes
# away noise and the steps of 8 bits: in a slow fade most pixels are the same from one frame to the next.
_SIZE, _BLUR = 256, 2.0
# Luma from which a pixel counts as lit; so many lit pixels it takes to find a ratio.
_LIT, _MIN_LIT = 0.03, 32
# The brightest pixels of a frame: this percentile of the luma, of so many visible pixels at least.
_BRIGHTEST, _MIN_VISIBLE = 99.9, 16
# A shot whose brightest pixels are darker than this begins in the dark, as if it was to reach _FULL.
_BEGINS_DARK, _FULL = 0.1, 0.8
# A frame whose brightest pixels are this bright at once after the dark is a cut, and no fade.
_CUT_FROM_DARK = 0.6
# After the dark the brightest pixels count until their luma is this, and its steps are small.
_CLEAR = 0.25
# The light stays exactly as it was until the changes add up to this (a log of a ratio): less than one level
# of 8 bits in middle tones. Older changes fade out of the sum by _LEAK, so that small errors that add up over
# a long shot never get there; a change of 0.01 % a frame does.
_BAND, _LEAK = 0.005, 0.98
# Luma up to which a pixel counts as unmoved.
_UNMOVED = 0.002
_LEAST, _MOST = 1e-4, 16.0
# The most that a light whose reference was guessed may exceed it: by as much as _FULL may be exceeded.
_MOST_GUESSED = 1.3
# Far above any factor or luma.
_LARGEST = 1e6


@dataclass(frozen=True)
class ShotLight:
    """The light of a frame, and what the next frame's is found from.

    Attributes:
        factor: display-referred light, 1 as in the shot's reference; see `compositor.image_ops.light`.
        drift: the log of the change that was seen and is too small to be followed yet.
        dark: it was found by the brightest pixels.
        known_level, known_factor: luma of the brightest pixels, and light, of the last frame that was not
            dark.
        guessed: the reference is no frame of the shot, which came out of the dark.
        peak: of the factors since then, at least 1.
    """

    factor: float = 1.0
    drift: float = 0.0
    dark: bool = False
    known_level: float = _FULL
    known_factor: float = 1.0
    guessed: bool = False
    peak: float = 1.0

    @property
    def styled(self) -> float:
        """The light of the styled frame: the factor, but no more than 1 where the reference was guessed."""
        return self.factor / self.peak

    @property
    def is_possible(self) -> bool:
        """Whether the values can be those of a frame; others would divide by zero."""
        factors, divisors = (self.factor, self.known_factor), (self.known_level, self.peak)
        return (
            all(0.0 <= factor <= _LARGEST for factor in factors)
            and all(0.0 < divisor <= _LARGEST for divisor in divisors)
            and abs(self.drift) <= 1.0
        )

    def by_level(self, level: float) -> ShotLight:
        """The light of the next frame by its brightest pixels' luma."""
        now = self._at(self.known_factor * level / self.known_level)
        if level < _CLEAR:
            return replace(now, drift=0.0, dark=True)
        return replace(now, drift=0.0, dark=False, known_level=level, known_factor=now.factor)

    def changed_by(self, ratio: float, level: float) -> ShotLight:
        """The light of the next frame, whose luma is so many times this frame's."""
        now = replace(self, drift=_LEAK * self.drift + log(ratio))
        if abs(now.drift) > _BAND:
            now = replace(now._at(self.factor * exp(now.drift)), drift=0.0)
        return replace(now, dark=False, known_level=level, known_factor=now.factor)

    def from_the_dark(self) -> ShotLight:
        """The same light, of a frame that comes out of the dark: another scene, maybe, than went into it."""
        return replace(self, guessed=True)._at(self.factor)

    def _at(self, factor: float) -> ShotLight:
        if not self.guessed:
            return replace(self, factor=min(factor, _MOST))
        factor = min(factor, _MOST_GUESSED)
        return replace(self, factor=factor, peak=max(self.peak, factor))


def light_at_start(level: float | None) -> ShotLight:
    """The light of a shot's first frame.

    1, unless the shot begins in the dark: a fade-in. It is dark by its brightest pixels; a scene at night
    with a few bright places is not.

    Args:
        level: luma of the frame's brightest pixels; None if nothing is visible.
    """
    if level is None or level >= _BEGINS_DARK:
        return ShotLight(known_level=level or _FULL)
    return ShotLight(guessed=True).by_level(level)


class LightTracker:
    """Finds the light of the frames of one run, in order."""

    def __init__(self) -> None:
        self._flow = DisFlow(coarse=True)
        self._earlier: _Small | None = None
        self._current: _Small | None = None
        self._light_before = self._light = ShotLight()

    def follow(self, image: np.ndarray) -> ShotLight:
        """The light of the next frame, (H, W, 3 or 4) float32, sRGB in 0..1, as one of the same shot."""
        self._earlier, self._current = self._current, _Small.of(image)
        self._light_before, level = self._light, self._current.level
        if self._earlier is None:
            self._light = light_at_start(level)
        elif level is not None:
            self._light = self._followed(self._earlier, self._current, level)
        return self._light

    def begin_shot(self) -> ShotLight:
        """The light of the frame that was last followed, as a shot's first one."""
        self._light = light_at_start(None if self._current is None else self._current.level)
        return self._light

    def resume(self, image: np.ndarray, light: ShotLight) -> None:
        """Takes over a frame whose light is known."""
        self._earlier, self._current = self._current, _Small.of(image)
        self._light_before, self._light = self._light, light

    def sees_cut(self) -> bool:
        """Whether a shot begins with the frame that was last followed; by the images alone."""
        if self._earlier is None or self._current is None:
            return False
        factors = self._light_before.factor, self._light.factor
        frames = [
            RenderedFrame(number, without_light(small.image, factor), light=factor)
            for number, (small, factor) in enumerate(
                zip((self._earlier, self._current), factors, strict=True)
            )
        ]
        earlier, current = as_dark_as(frames[0], frames[1]), frames[1]
        backward = self._flow.between(earlier.image, current.image).backward
        return begins_shot(earlier, current, 1.0 - changed(backward, earlier.image, current.image))

    def _followed(self, earlier: _Small, current: _Small, level: float) -> ShotLight:
        light = self._light
        ratio = None if light.dark else self._ratio(earlier, current)
        if ratio is not None:
            light = light.changed_by(ratio, level)
        elif light.dark or level < _CLEAR:
            light = light.by_level(level)
        if is_too_dark(self._light.factor) and not is_too_dark(light.factor):
            return light_at_start(level) if level >= _CUT_FROM_DARK else light.from_the_dark()
        return light

    def _ratio(self, earlier: _Small, current: _Small) -> float | None:
        """The median ratio of the lumas along the motion, weighted by luma; None in the dark."""
        if np.array_equal(earlier.luma, current.luma):
            return 1.0
        first = _ratio_without_motion(earlier, current)
        if first is None:
            return None
        # The flow wants two images of the same light.
        gain = normalizing_gain(current.level or 1.0)
        images = [
            np.clip(np.repeat(luma[..., None], 3, axis=2), 0.0, 1.0)
            for luma in (earlier.luma * (gain * first), current.luma * gain)
        ]
        motion = self._flow.between(images[0], images[1])
        unmoved = np.abs(current.luma - earlier.luma) <= _UNMOVED
        motion.backward[unmoved], motion.forward[unmoved] = 0.0, 0.0
        # Interpolation makes bright pixels darker: there and back together it changes nothing.
        pairs = [_along(motion.backward, earlier, current), _along(motion.forward, current, earlier)[::-1]]
        before, now = (np.concatenate(lumas).astype(np.float64) for lumas in zip(*pairs, strict=True))
        if before.size < 2 * _MIN_LIT:
            return None
        return min(max(_weighted_median(now / before, before + now), _LEAST), _MOST)


def as_dark_as(earlier: RenderedFrame, current: RenderedFrame) -> RenderedFrame:
    """An earlier frame, dimmed where the current one is too dark to be given the reference's light.

    Such a frame has faded; nothing has changed but what can be seen of it.
    """
    if not is_too_dark(current.light) and not is_too_dark(earlier.light):
        return earlier
    left, had = (each.light * normalizing_gain(each.light) for each in (current, earlier))
    factor = np.float32(left / had if had > 0.0 else 1.0)

    def dimmed(frame: RenderedFrame) -> RenderedFrame:
        image = frame.image.copy()
        image[..., :3] *= factor
        full = None if frame.full is None else dimmed(frame.full)
        return replace(frame, image=image, full=full, light=current.light)

    return dimmed(earlier)


@dataclass(frozen=True)
class _Small:
    """A frame at a small size.

    Attributes:
        image: (h, w, 3) float32 in 0..1.
        luma: (h, w) float32 in 0..1.
        blurred: the same, blurred.
        visible: (h, w) bool, where it is not transparent.
        level: luma of its brightest visible pixels; None if it has none.
    """

    image: np.ndarray
    luma: np.ndarray
    blurred: np.ndarray
    visible: np.ndarray
    level: float | None

    @classmethod
    def of(cls, image: np.ndarray) -> _Small:
        factor = min(1.0, _SIZE / max(image.shape[:2]))
        size = max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor))
        alpha = np.ones(size[::-1], np.float32)
        color = image[..., :3]
        if image.shape[2] == 4:
            color = color * image[..., 3:]
            alpha = cv2.resize(np.ascontiguousarray(image[..., 3]), size, interpolation=cv2.INTER_AREA)
        small = cv2.resize(np.ascontiguousarray(color), size, interpolation=cv2.INTER_AREA)
        visible = alpha > 0.5
        small = np.where(visible[..., None], small / np.maximum(alpha, 0.5)[..., None], np.float32(0.0))
        luma = np.ascontiguousarray(luminance(small))
        seen = luma[visible]
        level = float(np.percentile(seen, _BRIGHTEST)) if seen.size >= _MIN_VISIBLE else None
        return cls(small, luma, cv2.GaussianBlur(luma, (0, 0), _BLUR), visible, level)


def _ratio_without_motion(earlier: _Small, current: _Small) -> float | None:
    """The ratio of two frames' lumas, by the median over their percentiles; None in the dark."""
    share = np.linspace(5.0, 100.0, 20)
    before, now = (np.percentile(each.luma[current.visible], share) for each in (earlier, current))
    lit = (before > _LIT) & (now > _LIT)
    return float(np.median(now[lit] / before[lit])) if lit.any() else None


def _along(motion: np.ndarray, there: _Small, here: _Small) -> tuple[np.ndarray, np.ndarray]:
    """The lumas of the same surfaces in two frames, (n,) each, where both are lit.

    Args:
        motion: (h, w, 2), pixels, from `here` to `there`.
    """
    moved = warp_smooth(there.blurred, motion)
    lit = (moved > _LIT) & (here.blurred > _LIT) & here.visible & inside_frame(motion)
    return moved[lit], here.blurred[lit]


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, 0.5 * total[-1])])
