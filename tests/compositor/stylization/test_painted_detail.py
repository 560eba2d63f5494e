"""Painted detail: an enlarged image with fine strokes of the most similar places of the style pictures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from compositor.image_ops.arrays import to_array
from compositor.image_ops.color import luma
from compositor.image_ops.resize import reduced, resize
from compositor.networks.features import FeatureNetwork
from compositor.networks.weights import load_network
from compositor.settings import Pooling, StyleSettings
from compositor.stylization.content_frame import ContentFrame
from compositor.stylization.painted_detail import lost_detail, with_as_much_detail, with_painted_detail
from compositor.stylization.style_library import Style, StyleLibrary

CPU = torch.device("cpu")
FINE, COARSE = (120, 160), (60, 80)
# The share of the painting's detail that is added.
AMOUNT = 0.6


@pytest.fixture(scope="module")
def network() -> FeatureNetwork:
    return FeatureNetwork(load_network(), Pooling.AVERAGE, CPU)


@pytest.fixture(scope="module")
def painting() -> Tensor:
    """Gray patches of 8 px that are all different, each with gray strokes of its own."""
    generator = torch.Generator().manual_seed(0)
    patches = resize(torch.rand(1, 1, 15, 20, generator=generator), *FINE)
    strokes = torch.rand(1, 1, *FINE, generator=generator) - 0.5
    return (0.25 + 0.5 * patches + 0.3 * strokes).clamp(0.0, 1.0).expand(1, 3, -1, -1).contiguous()


def library(network: FeatureNetwork, *styles: Style) -> StyleLibrary:
    return StyleLibrary(styles, StyleSettings(), network, CPU)


def frame(masks: dict[str | None, Tensor | None] | None = None) -> ContentFrame:
    """A frame whose render explains nothing of any result."""
    return ContentFrame(torch.full((1, 3, *FINE), 0.5), None, masks or {None: None})


def detail_of(image: Tensor) -> Tensor:
    return lost_detail(luma(image), COARSE, FINE)[..., 6:-6, 6:-6]


def size_of(values: Tensor) -> float:
    return float(values.square().mean().sqrt())


def test_a_reduced_painting_gets_its_own_detail_again(network: FeatureNetwork, painting: Tensor) -> None:
    result = with_painted_detail(
        resize(painting, *COARSE), FINE, frame(), library(network, Style(to_array(painting)))
    )
    got, own = detail_of(result), detail_of(painting)
    assert float((got * own).sum() / own.square().sum()) == pytest.approx(AMOUNT, abs=0.1)
    assert float(torch.corrcoef(torch.stack([got.flatten(), own.flatten()]))[0, 1]) > 0.85


def test_an_unlike_image_gets_as_much_detail_and_is_itself_when_reduced(
    network: FeatureNetwork, painting: Tensor
) -> None:
    rows, columns = torch.linspace(0.3, 0.7, COARSE[0]), torch.linspace(-0.1, 0.1, COARSE[1])
    image = (rows[:, None] + columns[None, :]).expand(1, 3, -1, -1).contiguous()
    result = with_painted_detail(image, FINE, frame(), library(network, Style(to_array(painting))))
    # Votes that differ cancel each other in part.
    assert size_of(detail_of(result)) > 0.2 * AMOUNT * size_of(detail_of(painting))
    inner = (reduced(result, *COARSE) - image)[..., 4:-4, 4:-4]
    assert size_of(inner) < 0.15 * size_of(detail_of(result))


def test_the_chroma_of_the_painting_is_left(network: FeatureNetwork, painting: Tensor) -> None:
    colored = painting.clone()
    colored[:, 0], colored[:, 2] = painting[:, 2].flip(-1), painting[:, 0].flip(-2)
    result = with_painted_detail(
        resize(painting, *COARSE), FINE, frame(), library(network, Style(to_array(colored)))
    )
    chroma = lost_detail(result[:, :1] - luma(result), COARSE, FINE)
    assert size_of(chroma) < 0.02 * size_of(detail_of(result))


def test_each_region_gets_the_detail_of_its_own_style(network: FeatureNetwork, painting: Tensor) -> None:
    smooth = resize(resize(painting, *COARSE), *FINE).clamp(0.0, 1.0)
    left = torch.zeros(1, 1, *FINE)
    left[..., :80] = 1.0
    styles = library(network, Style(to_array(painting)), Style(to_array(smooth), region="right"))
    result = with_painted_detail(
        resize(painting, *COARSE), FINE, frame({None: left, "right": 1.0 - left}), styles
    )
    painted, plain = detail_of(result)[..., :60], detail_of(result)[..., -60:]
    assert size_of(plain) < 0.2 * size_of(painted)


def test_of_several_pictures_the_most_similar_one_is_taken(network: FeatureNetwork, painting: Tensor) -> None:
    other = (painting.flip(-1) - 0.5).abs()
    own = library(network, Style(to_array(painting)))
    both = library(network, Style(to_array(other)), Style(to_array(painting)))
    small = resize(painting, *COARSE)
    alone, among = (with_painted_detail(small, FINE, frame(), each) for each in (own, both))
    assert size_of(among - alone) < 0.15 * size_of(detail_of(alone))


def test_what_is_hidden_of_a_picture_is_never_taken(network: FeatureNetwork, painting: Tensor) -> None:
    """What is left is a plain gray, so that there is no detail to take."""
    image, alpha = to_array(painting).copy(), np.zeros((*FINE, 1), np.float32)
    alpha[:, 80:] = 1.0
    image[:, 72:] = 0.5
    styles = library(network, Style(np.concatenate([image, alpha], axis=2)))
    result = with_painted_detail(resize(painting, *COARSE), FINE, frame(), styles)
    smooth = resize(resize(painting, *COARSE), *FINE)
    assert size_of(detail_of(result)) < size_of(detail_of(smooth)) + 0.1 * size_of(detail_of(painting))


def test_a_picture_too_small_for_the_size_has_no_detail_to_give(
    network: FeatureNetwork, painting: Tensor
) -> None:
    small = resize(painting, *COARSE).clamp(0.0, 1.0)
    result = with_painted_detail(small, FINE, frame(), library(network, Style(to_array(small))))
    assert size_of(detail_of(result)) < 0.2 * size_of(detail_of(painting))


def test_every_run_gives_the_same_pixels(network: FeatureNetwork, painting: Tensor) -> None:
    small = resize(painting.flip(-2), *COARSE)
    first, second = (
        with_painted_detail(small, FINE, frame(), library(network, Style(to_array(painting)))) for _ in "ab"
    )
    assert torch.equal(first, second)


@pytest.mark.parametrize("kept", [0.0, 0.6, 2.0])
def test_as_much_detail_as_was_lost_is_added(painting: Tensor, kept: float) -> None:
    """Of energies that add up: the detail that is there is another one than the painted."""
    fresh = lost_detail(painting, COARSE, FINE)
    image = 0.5 + lost_detail(kept * fresh.flip(-1).roll(37, -2), COARSE, FINE)
    result = with_as_much_detail(image, painting, COARSE)
    added = size_of((result - image)[..., 8:-8, 8:-8]) / size_of(fresh)
    assert added == pytest.approx(max(0.0, 1.0 - kept**2) ** 0.5, abs=0.25 if kept else 0.05)
