"""Joint upsampling on pictures whose right answer is known."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from compositor.image_ops.joint_upsampling import joint_upsample
from compositor.image_ops.resize import resize

HEIGHT, WIDTH = 72, 120
SMALL = HEIGHT // 3, WIDTH // 3


def speckled(seed: int = 0) -> Tensor:
    """A render with detail of every size."""
    generator = torch.Generator().manual_seed(seed)
    sizes = ((6, 10), (18, 30), (HEIGHT, WIDTH))
    waves = [torch.rand(1, 3, *size, generator=generator) for size in sizes]
    together = sum((resize(wave, HEIGHT, WIDTH) for wave in waves), torch.zeros(1))
    return (0.5 + 0.4 * (together - 1.5)).clamp(0.0, 1.0)


def step(column: float) -> Tensor:
    """Dark red beside bright blue, with a straight edge at a column."""
    left = (torch.arange(WIDTH) < column).float().view(1, 1, 1, WIDTH).expand(1, 1, HEIGHT, WIDTH)
    dark, bright = (torch.tensor(each).view(1, 3, 1, 1) for each in ((0.5, 0.1, 0.1), (0.6, 0.7, 0.9)))
    return left * dark + (1.0 - left) * bright


def brought_up(result: Tensor, full: Tensor) -> Tensor:
    """What comes of a small result by a full render."""
    return joint_upsample(result, resize(full, *SMALL).clamp(0.0, 1.0), full)


def sharpness(picture: Tensor) -> float:
    """The steepest change from column to column, over the change across the whole row."""
    row = picture[0].mean(dim=0)[HEIGHT // 2]
    return float((row[1:] - row[:-1]).abs().max() / (row[0] - row[-1]).abs())


def test_colors_that_follow_the_render_do_so_at_full_size() -> None:
    full = speckled()
    colors = torch.tensor([[0.5, 0.2, 0.1], [-0.3, 0.6, 0.1], [0.1, 0.1, -0.6]])

    def recolored(picture: Tensor) -> Tensor:
        return torch.einsum("ij,bjhw->bihw", colors, picture) + torch.tensor([0.1, 0.3, 0.7]).view(1, 3, 1, 1)

    wanted = recolored(full)
    error = (brought_up(recolored(resize(full, *SMALL)), full) - wanted).abs().max()
    plain = (resize(recolored(resize(full, *SMALL)), HEIGHT, WIDTH) - wanted).abs().max()
    assert float(error) < 0.02
    assert float(plain) > 10.0 * float(error)


def test_one_color_stays_that_color() -> None:
    result = torch.tensor([0.9, 0.4, 0.05]).view(1, 3, 1, 1).expand(1, 3, *SMALL)
    assert torch.allclose(
        brought_up(result, speckled()), result[..., :1, :1].expand(1, 3, HEIGHT, WIDTH), atol=1e-4
    )


# In the middle of a small pixel, and between two.
@pytest.mark.parametrize("column", [61, 60])
def test_an_edge_of_the_render_stays_as_sharp_as_it_is_and_where_it_is(column: int) -> None:
    full = step(column)
    small = resize(full, *SMALL).clamp(0.0, 1.0)
    styled = 0.9 - 0.7 * small.flip(1)
    upsampled = brought_up(styled, full)
    assert sharpness(upsampled) > 0.9
    assert sharpness(resize(styled, HEIGHT, WIDTH)) < 0.5
    wanted = 0.9 - 0.7 * full.flip(1)
    assert float((upsampled - wanted).abs().max()) < 0.05


def test_strokes_that_are_not_in_the_render_stay() -> None:
    full = torch.full((1, 3, HEIGHT, WIDTH), 0.5)
    strokes = 0.5 + 0.3 * torch.sin(torch.arange(SMALL[1]) * 0.5).view(1, 1, 1, -1).expand(1, 3, *SMALL)
    assert torch.allclose(brought_up(strokes, full), resize(strokes, HEIGHT, WIDTH), atol=0.01)


@pytest.mark.parametrize(("period", "kept"), [(2.0, 0.0), (4.0, 0.75), (8.0, 0.979)])
@pytest.mark.parametrize("dim", [2, 3])
def test_a_mesh_of_two_pixels_is_gone_and_strokes_are_not(period: float, kept: float, dim: int) -> None:
    full = torch.full((1, 3, HEIGHT, WIDTH), 0.5)
    phases = (torch.arange(SMALL[dim - 2]) + 0.25) * (2.0 * torch.pi / period)
    waves = torch.cos(phases).view(1, 1, *((-1, 1) if dim == 2 else (1, -1))).expand(1, 3, *SMALL)

    def contrast(picture: Tensor) -> float:
        inside = picture[..., 12:-12, 12:-12] - 0.5
        return float(inside.square().mean().sqrt())

    found = contrast(brought_up(0.5 + 0.2 * waves, full))
    assert found == pytest.approx(kept * contrast(resize(0.5 + 0.2 * waves, HEIGHT, WIDTH)), abs=4e-3)


def test_made_small_again_it_is_the_result() -> None:
    generator = torch.Generator().manual_seed(3)
    full = speckled()
    # Strokes of eight small pixels and wider: finer ones lose by being enlarged, and with the mesh.
    result = resize(0.2 + 0.6 * torch.rand(1, 3, 3, 5, generator=generator), *SMALL).clamp(0.0, 1.0)
    again = resize(brought_up(result, full), *SMALL)
    assert float((again - result).square().mean().sqrt()) < 0.01


def test_a_picture_that_is_not_smaller_comes_back_as_it_is() -> None:
    full = speckled()
    result = speckled(1)
    assert torch.equal(joint_upsample(result, full, full), result)


def test_it_does_not_matter_how_many_rows_are_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    full, result = speckled(), resize(speckled(1), *SMALL)
    whole = brought_up(result, full)
    monkeypatch.setattr("compositor.image_ops.joint_upsampling._STRIP_PIXELS", 7 * WIDTH)
    assert torch.equal(brought_up(result, full), whole)


def test_a_size_that_is_no_whole_multiple_is_taken_too() -> None:
    full = speckled()
    small = resize(full, 31, 50)
    assert float((joint_upsample(1.0 - small, small, full) - (1.0 - full)).abs().max()) < 0.04
