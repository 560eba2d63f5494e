"""Weights from the package and from files; a damaged file is refused in one line that names it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from compositor.errors import WeightsError
from compositor.networks.weights import EMBEDDED, NETWORKS, load_network
from compositor.settings import InputNormalization


def refusal(path: Path) -> str:
    """The message with which the file is refused."""
    with pytest.raises(WeightsError) as error:
        load_network(str(path))
    message = str(error.value)
    assert str(path) in message
    assert len(message.splitlines()) == 1
    return message


@pytest.fixture
def tensors() -> dict[str, Tensor]:
    """The embedded file's tensors, to be damaged."""
    return load_file(EMBEDDED)


def test_embedded_network_is_vgg16_up_to_conv5_1() -> None:
    convolutions = load_network().convolutions
    names = "1_1 1_2 2_1 2_2 3_1 3_2 3_3 4_1 4_2 4_3 5_1"
    assert [each.name for each in convolutions] == [f"conv{name}" for name in names.split()]
    assert [each.weight.shape[0] for each in convolutions] == [64] * 2 + [128] * 2 + [256] * 3 + [512] * 4
    channels = 3
    for each in convolutions:
        assert each.weight.shape == (each.bias.shape[0], channels, 3, 3)
        assert each.weight.dtype == each.bias.dtype == torch.float32
        assert each.weight.isfinite().all()
        assert each.bias.isfinite().all()
        assert each.weight.std() > 0.001
        channels = each.weight.shape[0]


def test_a_copy_of_the_file_gives_the_same_network(tmp_path: Path, tensors: dict[str, Tensor]) -> None:
    save_file(tensors, tmp_path / "copy.safetensors")
    copy = load_network(str(tmp_path / "copy.safetensors"), InputNormalization.CAFFE_RGB)
    for ours, copied in zip(load_network().convolutions, copy.convolutions, strict=True):
        assert torch.equal(ours.weight, copied.weight)
        assert torch.equal(ours.bias, copied.bias)


def test_missing_file(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "none.safetensors")


@pytest.mark.parametrize(
    "content", [b"", b"no weights at all", b"\xff" * 64, b"\x08" + bytes(7) + b"{}\n\n    "]
)
def test_garbage(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "garbage.safetensors"
    path.write_bytes(content)
    refusal(path)


def test_truncated_file(tmp_path: Path) -> None:
    path = tmp_path / "truncated.safetensors"
    path.write_bytes(EMBEDDED.read_bytes()[:1_000_000])
    refusal(path)


def test_folder(tmp_path: Path) -> None:
    refusal(tmp_path)


@pytest.mark.parametrize("name", ["conv1_1.weight", "conv3_2.bias", "conv5_1.weight"])
def test_missing_layer(tmp_path: Path, tensors: dict[str, Tensor], name: str) -> None:
    del tensors[name]
    save_file(tensors, tmp_path / "lacking.safetensors")
    assert name.split(".", maxsplit=1)[0] in refusal(tmp_path / "lacking.safetensors")


@pytest.mark.parametrize(
    ("name", "shape"), [("conv4_1.weight", (512, 256, 1, 1)), ("conv1_1.weight", (64, 4, 3, 3))]
)
def test_layer_of_another_shape(
    tmp_path: Path, tensors: dict[str, Tensor], name: str, shape: tuple[int, ...]
) -> None:
    save_file(tensors | {name: torch.zeros(shape)}, tmp_path / "other.safetensors")
    message = refusal(tmp_path / "other.safetensors")
    assert name.split(".", maxsplit=1)[0] in message
    assert str(shape) in message


def test_bias_of_another_shape_is_told_by_its_own_shape(tmp_path: Path, tensors: dict[str, Tensor]) -> None:
    save_file(tensors | {"conv2_2.bias": torch.zeros(7)}, tmp_path / "other.safetensors")
    message = refusal(tmp_path / "other.safetensors")
    assert "conv2_2.bias" in message
    assert "(7,)" in message


def test_embedded_file_that_is_gone_is_a_broken_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compositor.networks.weights.EMBEDDED", tmp_path / "vgg16.safetensors")
    with pytest.raises(WeightsError, match="install the package again"):
        load_network()


@pytest.mark.parametrize("name", ["vgg11", "", "resnet50"])
def test_unknown_network_is_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(WeightsError) as error:
        load_network(name)
    assert all(each in str(error.value) for each in (*NETWORKS, ".safetensors", ".pth"))


def test_file_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "network.h5"
    path.write_bytes(b"1")
    assert ".safetensors" in refusal(path)


@pytest.mark.parametrize(
    "name", ["a" * 300, "a" * 5000 + ".pth", "a" * 5000 + "/a.safetensors", "a\0b", "~nobody there/a.pth"]
)
def test_a_name_that_no_file_can_have_is_told(name: str) -> None:
    with pytest.raises(WeightsError):
        load_network(name)
