"""Several styles, styles by region, what is left as rendered, and transparent films."""

from __future__ import annotations

import numpy as np
import pytest

from compositor.engine import StyleEngine
from compositor.errors import ImageError
from compositor.settings import DeviceChoice, Optimizer, StyleSettings
from compositor.stylization.frame_inputs import FrameInputs
from compositor.stylization.style_library import Style
from video.paintings.painting import Painting, paint

# Adam at this rate gets the colors across in the fewest steps.
SETTINGS = StyleSettings(
    optimizer=Optimizer.ADAM,
    steps=15,
    coarsest_size=64,
    learning_rate=0.06,
    style_weight=200.0,
    device=DeviceChoice.CPU,
)
HEIGHT, WIDTH = 64, 96
LEFT = np.zeros((HEIGHT, WIDTH), np.float32)
LEFT[:, : WIDTH // 2] = 1.0


@pytest.fixture(scope="module")
def content() -> np.ndarray:
    return paint(Painting.KNIFE, WIDTH, HEIGHT, seed=5)


@pytest.fixture(scope="module")
def red() -> np.ndarray:
    return paint(Painting.DABS, WIDTH, HEIGHT) * np.array([1.0, 0.2, 0.2], np.float32)


@pytest.fixture(scope="module")
def blue() -> np.ndarray:
    return paint(Painting.SWIRLS, WIDTH, HEIGHT) * np.array([0.2, 0.2, 1.0], np.float32)


def redness(image: np.ndarray) -> float:
    return float((image[..., 0] - image[..., 2]).mean())


def test_each_region_takes_its_own_style(content: np.ndarray, red: np.ndarray, blue: np.ndarray) -> None:
    def halves(left: np.ndarray, elsewhere: np.ndarray) -> tuple[float, float]:
        engine = StyleEngine(SETTINGS, [Style(left, region="left"), Style(elsewhere)])
        styled = engine.stylize(FrameInputs(content, masks={"left": LEFT})).image
        return redness(styled[:, : WIDTH // 2]), redness(styled[:, WIDTH // 2 :])

    red_left, blue_right = halves(red, blue)
    blue_left, red_right = halves(blue, red)
    assert red_left > blue_left + 0.05
    assert red_right > blue_right + 0.05


def test_a_mask_over_everything_is_the_same_as_no_mask(content: np.ndarray, blue: np.ndarray) -> None:
    whole = StyleEngine(SETTINGS, blue).stylize(FrameInputs(content)).image
    masked = StyleEngine(SETTINGS, [Style(blue, region="all")]).stylize(
        FrameInputs(content, masks={"all": np.ones((HEIGHT, WIDTH), np.float32)})
    )
    np.testing.assert_allclose(masked.image, whole, atol=2e-3)


def test_where_no_style_is_wanted_the_render_stays_bit_for_bit(content: np.ndarray, red: np.ndarray) -> None:
    styled = (
        StyleEngine(SETTINGS, [Style(red, region="left")])
        .stylize(FrameInputs(content, masks={"left": LEFT}))
        .image
    )
    np.testing.assert_array_equal(styled[LEFT == 0.0], content[LEFT == 0.0])
    assert np.abs(styled[LEFT == 1.0] - content[LEFT == 1.0]).mean() > 0.05


def test_what_is_kept_stays_bit_for_bit(content: np.ndarray, red: np.ndarray) -> None:
    styled = StyleEngine(SETTINGS, red).stylize(FrameInputs(content, unstyled_mask=LEFT)).image
    np.testing.assert_array_equal(styled[LEFT == 1.0], content[LEFT == 1.0])
    assert np.abs(styled[LEFT == 0.0] - content[LEFT == 0.0]).mean() > 0.05


def test_two_styles_together_aim_between_them(content: np.ndarray, red: np.ndarray, blue: np.ndarray) -> None:
    def result(*styles: Style) -> float:
        return redness(StyleEngine(SETTINGS, list(styles)).stylize(FrameInputs(content)).image)

    mostly_blue = result(Style(red, 0.1), Style(blue, 0.9))
    mostly_red = result(Style(red, 0.9), Style(blue, 0.1))
    assert result(Style(blue)) < mostly_blue < mostly_red < result(Style(red))


def test_what_is_transparent_has_no_influence_on_what_is_seen(content: np.ndarray, blue: np.ndarray) -> None:
    alpha = 1.0 - LEFT
    over_black = np.dstack([content * alpha[..., None], alpha])
    over_noise = over_black.copy()
    noise = np.random.default_rng(0).random((HEIGHT, WIDTH, 3), dtype=np.float32)
    over_noise[..., :3] = np.where(alpha[..., None] > 0, content, noise)
    engine = StyleEngine(SETTINGS, blue)
    seen = alpha == 1.0
    np.testing.assert_allclose(
        engine.stylize(FrameInputs(over_black)).image[seen],
        engine.stylize(FrameInputs(over_noise)).image[seen],
        atol=1e-5,
    )


def test_a_region_that_is_not_in_the_frame_is_no_error(content: np.ndarray, red: np.ndarray) -> None:
    engine = StyleEngine(SETTINGS, [Style(red, region="gone"), Style(red)])
    assert np.isfinite(
        engine.stylize(FrameInputs(content, masks={"gone": np.zeros_like(LEFT)}), steps=2).image
    ).all()


@pytest.mark.parametrize(
    ("masks", "message"),
    [({}, "no mask"), ({"left": np.ones((4, 4), np.float32)}, "mask of region 'left' is 4×4 px")],
)
def test_a_missing_or_wrong_mask_is_refused(
    content: np.ndarray, red: np.ndarray, masks: dict[str, np.ndarray], message: str
) -> None:
    with pytest.raises(ImageError, match=message):
        StyleEngine(SETTINGS, [Style(red, region="left")]).stylize(FrameInputs(content, masks=masks))


@pytest.mark.parametrize("styles", [[], [Style(np.zeros((32, 32, 3), np.float32), weight=0.0)]])
def test_no_style_and_a_style_without_weight_are_refused(styles: list[Style]) -> None:
    with pytest.raises(ImageError, match="style picture"):
        StyleEngine(SETTINGS, styles)
