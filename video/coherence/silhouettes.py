"""Silhouettes: composites the mixed pixels of a styled frame anew, as smoothly as the render has them."""

from __future__ import annotations

import cv2
import numpy as np

from video.motion.coverage import Coverage

# Mean absolute difference, in 0..1, between the render and its own surfaces composited by the coverage: up to
# which a pixel is explained by them, and from which it is not (a reflection, a third surface, defocus).
_EXPLAINED, _UNEXPLAINED = 0.08, 0.25
# The same between both surfaces in the render: up to which there is no silhouette to be seen, and from which
# there surely is one. Depths are noise on a slope that is out of focus, and would smear its strokes.
_UNSEEN, _SEEN = 0.01, 0.05
# Change by the style, in 0..1, from which a pixel counts as styled.
_STYLED = 0.1


def composite_silhouettes(styled: np.ndarray, content: np.ndarray, coverage: Coverage | None) -> np.ndarray:
    """The styled frame with its mixed pixels made of the styled surfaces on both sides, by their coverage.

    The optimization treats a mixed pixel as any other, so that silhouettes become jagged. All other pixels
    keep their value, and so do mixed ones that the coverage does not explain in the render itself, where the
    render has no edge, where foliage leaves no surface pure, where silhouettes are so crowded that strokes go
    over several, or where the style has left the render as it is.

    Args:
        styled: (H, W, 3 or 4) float32 in 0..1; alpha stays.
        content: the render, likewise.
        coverage: of the render's silhouettes; None where they are not known.
    """
    if coverage is None or not coverage.mixed.any():
        return styled
    render, painted = (np.ascontiguousarray(each[..., :3]) for each in (content, styled))
    mixed = coverage.mixed
    near, far = coverage.sides(render)
    residual = np.abs(coverage.composited(near, far) - render[mixed]).mean(axis=1)
    contrast = np.abs(near - far).mean(axis=1)
    changed = cv2.dilate(np.abs(painted - render).max(axis=2), np.ones((3, 3), np.uint8))[mixed]
    share = np.clip((_UNEXPLAINED - residual) / (_UNEXPLAINED - _EXPLAINED), 0.0, 1.0)
    share *= np.clip((contrast - _UNSEEN) / (_SEEN - _UNSEEN), 0.0, 1.0)
    share *= coverage.support[mixed] * (1.0 - coverage.crowded[mixed])
    share *= np.minimum(changed / _STYLED, 1.0)
    # A part that is kept as rendered stays so to its last pixel, whatever is beside it.
    share[(painted == render).all(axis=2)[mixed]] = 0.0
    result = styled.copy()
    result[mixed, :3] += share[:, None] * (coverage.composited(*coverage.sides(painted)) - painted[mixed])
    return result
