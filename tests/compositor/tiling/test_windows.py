"""Windows of a frame: they cover it, and what is summed in them is what is summed in the frame."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from compositor.convolution.geometry import layer_size, layer_stride, reach
from compositor.losses.feature_objective import ActiveRegion, Region
from compositor.losses.feature_statistics import coverage
from compositor.losses.objective import StyleObjective
from compositor.losses.style_targets import StylePicture, style_targets
from compositor.losses.temporal_term import TemporalTerm
from compositor.networks.features import FeatureNetwork
from compositor.networks.weights import load_network
from compositor.settings import Pooling, StyleSettings, StyleStatistic
from compositor.tiling.windows import GRID, Window, around, tiles

VGG16 = [
    f"conv{block}_{number}"
    for block, count in ((1, 2), (2, 2), (3, 3), (4, 3), (5, 1))
    for number in range(1, count + 1)
]
# Wide enough that a window in it does not see the whole, odd enough that poolings keep last rows and columns.
HEIGHT, WIDTH = 83, 301


@pytest.fixture(scope="module")
def network() -> FeatureNetwork:
    return FeatureNetwork(load_network(), Pooling.AVERAGE, torch.device("cpu"))


def noise(seed: int, height: int = HEIGHT, width: int = WIDTH, channels: int = 3) -> Tensor:
    return torch.rand(1, channels, height, width, generator=torch.Generator().manual_seed(seed))


@given(
    height=st.integers(16, 300),
    width=st.integers(16, 300),
    side=st.integers(16, 320),
    margin=st.integers(0, 80),
)
@settings(max_examples=100, deadline=None)
def test_tiles_cover_every_pixel_once(height: int, width: int, side: int, margin: int) -> None:
    seen = torch.zeros(1, 1, height, width)
    for window in tiles(height, width, side, margin):
        window.inner.of(seen).add_(1)
        assert max(window.inner.bottom - window.inner.top, window.inner.right - window.inner.left) <= max(
            GRID, side
        )
    assert (seen == 1).all()


@pytest.mark.parametrize("layer", ["relu1_1", "relu2_1", "relu3_1", "relu4_2", "relu5_1"])
def test_tiles_cover_every_feature_once(layer: str) -> None:
    stride = layer_stride(layer)
    full = layer_size(HEIGHT, WIDTH, stride)
    seen = torch.zeros(1, 1, *full)
    for window in tiles(HEIGHT, WIDTH, 48, 32):
        window.within(stride, full).of(seen).add_(1)
    assert (seen == 1).all()


def test_reach_is_that_of_the_receptive_field() -> None:
    """In double precision, whose convolutions are plain: Winograd's sums leave rounding errors beside it."""
    network = FeatureNetwork(load_network(), Pooling.AVERAGE, torch.device("cpu"), dtype=torch.float64)
    for layer in ("relu1_1", "relu2_1", "relu3_1", "relu4_2", "relu5_1"):
        image = noise(0, 304, 304).requires_grad_(True)
        stride = layer_stride(layer)
        cell = 144 // stride
        network(image, [layer])[layer][..., cell, cell].sum().backward()
        assert image.grad is not None
        rows = image.grad.abs().sum(dim=(0, 1, 3)).nonzero()
        looked = max(cell * stride - int(rows[0]), int(rows[-1]) + 1 - (cell + 1) * stride)
        assert 0 < looked <= reach(VGG16, [layer]) <= looked + 2


def objective(network: FeatureNetwork, settings: StyleSettings, **how: object) -> StyleObjective:
    left = torch.linspace(1.0, 0.0, WIDTH).expand(1, 1, HEIGHT, WIDTH)
    regions = [
        Region(
            style_targets(network, [StylePicture(noise(seed, 64, 64), 1.0)], settings, replicate=True), mask
        )
        for seed, mask in ((5, left), (6, 1.0 - left))
    ]
    temporal_term = TemporalTerm(noise(7), noise(8, channels=1), 30.0)
    return StyleObjective(network, settings, noise(1), regions, temporal_term=temporal_term, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("statistic", list(StyleStatistic))
def test_tiles_have_the_loss_and_the_gradient_of_the_frame(
    network: FeatureNetwork, statistic: StyleStatistic
) -> None:
    settings = StyleSettings(style_statistic=statistic, window_layers=())
    margin = reach(VGG16, ["relu5_1"])
    whole = objective(network, settings).value_and_grad(noise(2))
    tiled = objective(network, settings, windows=tiles(HEIGHT, WIDTH, 64, margin)).value_and_grad(noise(2))
    for name, value in whole[0].items():
        assert float(tiled[0][name]) == pytest.approx(float(value), rel=1e-3)
    assert float((tiled[1] - whole[1]).norm() / whole[1].norm()) < 1e-3


def test_the_windows_of_tiles_pull_nearly_as_the_frames(network: FeatureNetwork) -> None:
    """They end at the tiles' borders; here the tiles are hardly larger than a window."""
    settings = StyleSettings(content_weight=0.0, style_weight=0.0, tv_weight=0.0, local_layers=())
    margin = reach(VGG16, ["relu5_1"])
    (whole, pull), (tiled, pulls) = (
        objective(network, settings, windows=windows).value_and_grad(noise(2))
        for windows in (None, tiles(HEIGHT, WIDTH, 64, margin))
    )
    assert float(tiled["local"]) == pytest.approx(float(whole["local"]), rel=0.2)
    assert float(torch.cosine_similarity(pull.flatten(), pulls.flatten(), dim=0)) > 0.9


def test_a_focus_has_the_frames_gradient_where_it_may_change(network: FeatureNetwork) -> None:
    settings = StyleSettings(window_layers=())
    margin = reach(VGG16, ["relu5_1"])
    wanted = torch.zeros(1, 1, HEIGHT, WIDTH, dtype=torch.bool)
    wanted[..., 30:40, 20:31] = True
    window = around(wanted, margin, margin)
    assert window is not None
    assert window.outer.right < WIDTH
    before, now = noise(2), noise(2)
    now[..., 30:40, 20:31] = noise(3)[..., 30:40, 20:31]
    focused = objective(network, settings, active_region=ActiveRegion(window, before)).value_and_grad(now)
    whole = objective(network, settings).value_and_grad(now)
    assert float(focused[0]["total"]) == pytest.approx(float(whole[0]["total"]), rel=1e-4)
    ours, theirs = (gradient.masked_select(wanted) for _, gradient in (focused, whole))
    assert float((ours - theirs).norm() / theirs.norm()) < 1e-3


@pytest.mark.parametrize("layer", ["relu2_1", "relu3_1", "relu4_2", "relu5_1"])
def test_every_pixel_of_the_picture_counts_the_same(layer: str) -> None:
    # 81 rows leave one row of the picture to the last one of each layer, 94 columns leave some.
    covered = coverage(81, 94, layer, torch.device("cpu"))
    assert covered is not None
    stride = layer_stride(layer)
    assert covered.shape[-2:] == layer_size(81, 94, stride)
    assert float(covered.sum()) * stride**2 == pytest.approx(81 * 94)
    assert float(covered[0, 0, -1, 0]) == pytest.approx(1 / stride)
    assert float(covered[0, 0, 0, 0]) == 1.0


def test_no_share_where_all_is_covered() -> None:
    assert coverage(96, 160, "relu5_1", torch.device("cpu")) is None


def test_nothing_wanted_is_no_window() -> None:
    assert around(torch.zeros(1, 1, 20, 20, dtype=torch.bool), 16, 16) is None


def test_a_window_of_everything_is_the_frame() -> None:
    window = around(torch.ones(1, 1, HEIGHT, WIDTH, dtype=torch.bool), 16, 16)
    assert isinstance(window, Window)
    assert window.inner == window.outer
    assert window.inner.area == HEIGHT * WIDTH
