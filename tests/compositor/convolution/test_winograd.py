"""Convolutions by Winograd's minimal filtering against PyTorch's own."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from compositor import convolution_jit
from compositor.convolution import winograd_matrices
from compositor.convolution.winograd import convolved, gradient_below
from compositor.convolution.winograd_matrices import F2X2, F4X4, WinogradVariant, bands, variant_of
from compositor.hardware.precision import has_matrix_tiles
from compositor.networks import conv_algorithm as module
from compositor.networks.conv_algorithm import goes_by_blocks, pays, transformed
from compositor.networks.conv_relu import Kernel, rectified_convolution
from tests.compositor.random_maps import random

SIZES = [(8, 10), (7, 5), (3, 2), (1, 1), (2, 9)]


@pytest.mark.parametrize("replicate", [True, False])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_it_is_the_rectified_convolution(replicate: bool, height: int, width: int) -> None:
    maps, weight, bias = random(1, 6, height, width, seed=0), random(4, 6, 3, 3, seed=1), random(4, seed=2)
    padded = F.pad(maps, (1, 1, 1, 1), mode="replicate" if replicate else "constant")
    ours = convolved(maps, transformed(weight, F4X4).forwards, bias, replicate=replicate)
    torch.testing.assert_close(ours, F.relu(F.conv2d(padded, weight, bias)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_it_takes_the_gradient_back(height: int, width: int) -> None:
    padded, weight = random(1, 6, height + 2, width + 2, seed=0), random(4, 6, 3, 3, seed=1)
    result = F.relu(F.conv2d(padded.requires_grad_(True), weight))
    pull = random(1, 4, height, width, seed=2)
    (expected,) = torch.autograd.grad(result, padded, pull)
    ours = gradient_below(pull, transformed(weight, F4X4).backwards, result.detach())
    torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("dtype", "variant", "error"), [(torch.float32, F4X4, 1e-4), (torch.bfloat16, F2X2, 0.1)]
)
def test_bands_change_nothing(
    dtype: torch.dtype, variant: WinogradVariant, error: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One band or several that are not equally long: but for the rounding, the same."""
    maps, weight, bias = (
        random(*shape, seed=seed).to(dtype) for seed, shape in enumerate([(1, 6, 25, 9), (4, 6, 3, 3), (4,)])
    )
    pull, kernel = random(1, 4, 25, 9, seed=3).to(dtype), transformed(weight, variant)

    def both() -> tuple[Tensor, Tensor]:
        result = convolved(maps, kernel.forwards, bias, replicate=True)
        return result, gradient_below(pull, kernel.backwards, result)

    whole = both()
    monkeypatch.setattr(winograd_matrices, "_BAND", 8000)
    lengths = {len(band) for band in bands(-(-25 // variant.step), -(-9 // variant.step), kernel.forwards)}
    assert len(lengths) == 2
    torch.testing.assert_close(both(), whole, rtol=error, atol=error)


@pytest.fixture(params=["compiled", "by operations"])
def sums(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param != "compiled":
        monkeypatch.setattr(convolution_jit, "available", lambda: False)


@pytest.mark.parametrize("replicate", [True, False])
@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 1e-5), (torch.bfloat16, 0.01)])
@pytest.mark.parametrize("size", [(24, 16), (19, 17)])
@pytest.mark.parametrize("channels", [128, 256])
@pytest.mark.usefixtures("sums")
def test_a_layer_of_either_algorithm(
    replicate: bool, dtype: torch.dtype, error: float, channels: int, size: tuple[int, int]
) -> None:
    """Result and gradient of layers as wide as the network's, relative to double precision."""
    maps, weight, bias = (
        random(1, channels, *size, seed=0),
        random(channels, channels, 3, 3, seed=1),
        random(channels, seed=2),
    )
    weight /= 3.0 * channels**0.5
    pull = random(1, channels, *size, seed=3)
    exact = maps.double().requires_grad_(True)
    padded = F.pad(exact, (1, 1, 1, 1), mode="replicate" if replicate else "constant")
    expected = F.relu(F.conv2d(padded, weight.double(), bias.double()))
    kernel = Kernel(weight.to(dtype), bias.to(dtype))
    leaf = maps.to(dtype).requires_grad_(True)
    ours = rectified_convolution(leaf, kernel, replicate=replicate, dtype=dtype)
    assert ours.is_contiguous(memory_format=torch.channels_last)
    # The rectifier's own side of zero, where rounding may fall on either.
    pull = pull * (expected.detach() > 0.1)
    found = torch.autograd.grad(ours, leaf, pull.to(dtype))[0]
    wanted = torch.autograd.grad(expected, exact, pull.double())[0]
    for value, reference in ((ours.detach(), expected.detach()), (found, wanted)):
        assert float((value.double() - reference).norm() / reference.norm()) < error


def zeros(outputs: int, inputs: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.zeros(outputs, inputs, 3, 3, dtype=dtype)


def test_it_does_not_pay_for_few_channels_and_other_types() -> None:
    assert pays(zeros(256, 256))
    assert not pays(zeros(64, 3))
    assert not pays(zeros(128, 128, torch.bfloat16))
    assert pays(zeros(256, 128, torch.bfloat16)) != has_matrix_tiles()
    assert not pays(zeros(512, 512, torch.float64))


@pytest.mark.parametrize("compiled", [True, False])
def test_few_channels_pay_where_the_sums_are_compiled(
    compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(convolution_jit, "available", lambda: compiled)
    for channels in ((64, 64), (128, 64), (128, 128)):
        assert pays(zeros(*channels)) == compiled
    assert pays(zeros(256, 128))
    assert not pays(zeros(64, 64, torch.bfloat16))


@pytest.mark.parametrize("compiled", [True, False])
def test_small_kernels_go_by_blocks(compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convolution_jit, "available", lambda: compiled)
    for channels, goes in ((64, True), (128, True), (256, False)):
        weight = zeros(channels, channels)
        assert goes_by_blocks(weight) == (goes and compiled)
        assert (Kernel(weight, torch.zeros(channels)).packed is not None) == (goes and compiled)
    assert not goes_by_blocks(zeros(128, 128, torch.bfloat16))
    assert not goes_by_blocks(zeros(64, 3))


def test_matrix_tiles_are_faster_still_with_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "has_matrix_tiles", lambda: True)
    assert not pays(zeros(256, 256, torch.bfloat16))
    assert pays(zeros(256, 256))
    monkeypatch.setattr(module, "has_matrix_tiles", lambda: False)
    assert pays(zeros(256, 256, torch.bfloat16))


@pytest.mark.parametrize("variant", [F2X2, F4X4])
def test_a_kernel_is_of_one_variant(variant: WinogradVariant) -> None:
    weight = random(4, 6, 3, 3, seed=1)
    forwards, backwards = transformed(weight, variant)
    assert forwards.shape == (variant.tile**2, 6, 4)
    assert torch.equal(backwards, forwards.transpose(1, 2))
    assert variant_of(forwards) is variant_of(backwards) is variant


@pytest.mark.parametrize("compiled", [True, False])
def test_few_tiles_of_a_large_kernel_are_small_ones(compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(convolution_jit, "available", lambda: compiled)
    wide = zeros(512, 512)
    assert module.winograd_variant(wide, 12, 16) is (F2X2 if compiled else F4X4)
    assert module.winograd_variant(wide, 16, 17) is F4X4
    assert module.winograd_variant(zeros(512, 256), 12, 16) is F4X4
    assert module.winograd_variant(wide.bfloat16(), 1080, 1920) is F2X2
