"""What is of blocks alone; `test_conv_by_tiles` has the rest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from compositor.convolution_jit import conv_by_blocks, kernels
from tests.compositor.convolution_jit.ways import BLOCKS, LARGE_TILES, Way
from tests.compositor.random_maps import random

pytestmark = pytest.mark.usefixtures("needs_code")


@pytest.fixture
def narrow_registers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The code for a processor without AVX-512, which one with it runs as well."""
    monkeypatch.setattr(kernels, "has_wide_registers", lambda: False)
    kernels._functions.cache_clear()
    yield
    kernels._functions.cache_clear()


def there_and_back(way: Way, height: int, width: int) -> tuple[Tensor, Tensor]:
    maps, weight, bias = (
        random(1, 128, height, width, seed=0),
        random(64, 128, 3, 3, seed=1) / 34,
        random(64, seed=2),
    )
    result, flags = way.convolved(maps, weight, bias, replicate=True)
    return result, way.gradient_below(random(1, 64, height, width, seed=3), weight, flags)


@pytest.mark.usefixtures("narrow_registers")
def test_narrow_registers() -> None:
    found, expected = (there_and_back(way, 50, 39) for way in (BLOCKS, LARGE_TILES))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("most", [6, 12, 36])
def test_blocks_of_any_size(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """They end within a row of tiles, or hold several."""
    monkeypatch.setattr(conv_by_blocks, "_BLOCK", most)
    found, expected = (there_and_back(way, 41, 30) for way in (BLOCKS, LARGE_TILES))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("tiles", "threads"), [(1, 1), (37, 1), (192, 2), (768, 16), (3072, 2)])
def test_all_threads_get_as_many_tiles(tiles: int, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    block = conv_by_blocks._block(tiles)
    assert block % conv_by_blocks.BLOCK_ROWS == 0
    assert 0 < block <= conv_by_blocks._BLOCK
    rounds = -(-tiles // (block * threads))
    assert rounds * block * threads - tiles < rounds * conv_by_blocks.BLOCK_ROWS * threads
