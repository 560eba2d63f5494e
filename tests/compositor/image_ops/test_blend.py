"""What the artist gets of the optimized picture."""

from __future__ import annotations

import numpy as np
import pytest

from compositor.image_ops.blend import mix
from compositor.image_ops.color import luminance
from compositor.settings import Color, StyleSettings

generator = np.random.default_rng(3)
CONTENT = generator.random((20, 30, 4), dtype=np.float32)
OPTIMIZED = generator.random((20, 30, 3), dtype=np.float32)


def test_full_strength_is_the_optimized_picture_with_the_render_s_alpha() -> None:
    mixed = mix(CONTENT, OPTIMIZED, StyleSettings())
    np.testing.assert_array_equal(mixed[..., :3], OPTIMIZED)
    np.testing.assert_array_equal(mixed[..., 3], CONTENT[..., 3])


def test_no_strength_is_the_render_bit_for_bit() -> None:
    np.testing.assert_array_equal(mix(CONTENT, OPTIMIZED, StyleSettings(strength=0.0)), CONTENT)


def test_half_the_strength_lies_half_way() -> None:
    mixed = mix(CONTENT, OPTIMIZED, StyleSettings(strength=0.5))
    np.testing.assert_allclose(mixed[..., :3], 0.5 * (CONTENT[..., :3] + OPTIMIZED), atol=1e-6)


def test_gains_multiply_their_channel_alone() -> None:
    mixed = mix(CONTENT, OPTIMIZED, StyleSettings(red_gain=0.5, blue_gain=2.0))
    expected = np.clip(OPTIMIZED * np.array([0.5, 1.0, 2.0], np.float32), 0, 1)
    np.testing.assert_allclose(mixed[..., :3], expected, atol=1e-6)


def test_the_render_keeps_its_chroma_where_only_luminance_is_stylized() -> None:
    calm = 0.5 + 0.1 * (CONTENT - 0.5)
    target = 0.5 + 0.1 * (OPTIMIZED - 0.5)
    mixed = mix(calm, target, StyleSettings(color=Color.LUMINANCE))[..., :3]
    np.testing.assert_allclose(luminance(mixed), luminance(target), atol=2e-3)
    chroma = calm[..., :3] - luminance(calm)[..., None]
    np.testing.assert_allclose(mixed - luminance(mixed)[..., None], chroma, atol=4e-3)


@pytest.mark.parametrize("strength", [1.0, 0.3])
def test_what_is_kept_stays_bit_for_bit_and_the_edge_is_soft(strength: float) -> None:
    keep = np.zeros((20, 30), np.float32)
    keep[:, 10:15], keep[:, 15:20] = 0.5, 1.0
    mixed = mix(CONTENT, OPTIMIZED, StyleSettings(strength=strength), keep)
    np.testing.assert_array_equal(mixed[:, 15:20], CONTENT[:, 15:20])
    assert np.abs(mixed[:, :10, :3] - CONTENT[:, :10, :3]).max() > 0.1
    between = CONTENT[:, 10:15, :3] + 0.5 * strength * (OPTIMIZED[:, 10:15] - CONTENT[:, 10:15, :3])
    np.testing.assert_allclose(mixed[:, 10:15, :3], between, atol=1e-6)
