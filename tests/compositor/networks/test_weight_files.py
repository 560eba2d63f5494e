"""State dicts of every kind by path: names, nesting, normalization, and files that are refused."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from compositor.errors import WeightsError
from compositor.networks.features import FeatureNetwork
from compositor.networks.weights import InputNormalization, NetworkWeights, load_network
from compositor.settings import Pooling
from tests.compositor.vgg_dicts import BLOCKS, make_tensors, named_dict, numbered_dict

SHALLOW = 5


def saved(path: Path, content: Any) -> str:
    torch.save(content, path)
    return str(path)


def refusal(path: str) -> str:
    with pytest.raises(WeightsError) as error:
        load_network(path)
    message = str(error.value)
    assert path in message
    assert len(message.splitlines()) == 1
    return message


def check_deeper_layers(network: NetworkWeights, name: str, convolutions: int) -> None:
    """All but the first, whose weights the normalization changes, are those of the dict."""
    made = make_tensors(name, convolutions)
    assert [each.name for each in network.convolutions] == [each[0] for each in made]
    for ours, (_, _, weight, bias) in zip(network.convolutions[1:], made[1:], strict=True):
        assert torch.equal(ours.weight, weight)
        assert torch.equal(ours.bias, bias)


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_whole_state_dict(tmp_path: Path, name: str, suffix: str) -> None:
    tensors = numbered_dict(name) | {
        "classifier.0.weight": torch.zeros(8, 4),
        "classifier.0.bias": torch.zeros(8),
    }
    path = tmp_path / f"network{suffix}"
    if suffix == ".pth":
        torch.save(tensors, path)
    else:
        save_file(tensors, path)
    network = load_network(str(path))
    assert name[3:] in network.name
    check_deeper_layers(network, name, 99)


@pytest.mark.parametrize("prefix", ["", "features.", "module.features.", "features.module."])
def test_names_of_torchvision(tmp_path: Path, prefix: str) -> None:
    network = load_network(saved(tmp_path / "it.pth", numbered_dict("vgg19", prefix, SHALLOW)))
    check_deeper_layers(network, "vgg19", SHALLOW)


@pytest.mark.parametrize("name", BLOCKS)
def test_names_of_caffe(tmp_path: Path, name: str) -> None:
    check_deeper_layers(load_network(saved(tmp_path / "it.pt", named_dict(name))), name, 99)


def test_checkpoint_with_a_state_dict_in_it(tmp_path: Path) -> None:
    content = {"epoch": 3, "state_dict": named_dict("vgg16", SHALLOW)}
    check_deeper_layers(load_network(saved(tmp_path / "it.pth", content)), "vgg16", SHALLOW)


def test_old_file_format_and_half_precision(tmp_path: Path) -> None:
    path = tmp_path / "it.pth"
    halves = {name: each.half() for name, each in numbered_dict("vgg16", convolutions=SHALLOW).items()}
    torch.save(halves, path, _use_new_zipfile_serialization=False)
    network = load_network(str(path))
    assert all(each.weight.dtype == torch.float32 for each in network.convolutions)
    assert torch.equal(network.convolutions[1].weight, halves["features.2.weight"].float())


def expected_first_layer(
    tensors: dict[str, Tensor], normalization: InputNormalization, image: Tensor
) -> Tensor:
    """The first convolution of an image (1, 3, H, W) in 0..1, computed as the file's authors would."""
    weight, bias = tensors.values()
    if normalization is InputNormalization.TORCHVISION:
        mean, deviation = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]).view(2, 1, 3, 1, 1)
        prepared = (image - mean) / deviation
    else:
        prepared = 255.0 * image - torch.tensor([123.68, 116.779, 103.939]).view(1, 3, 1, 1)
    if normalization is InputNormalization.CAFFE:
        prepared = prepared.flip(1)
    return torch.nn.functional.conv2d(prepared, weight, bias)


TORCHVISION, CAFFE, CAFFE_RGB, AUTO = (
    InputNormalization.TORCHVISION,
    InputNormalization.CAFFE,
    InputNormalization.CAFFE_RGB,
    InputNormalization.AUTO,
)


@pytest.mark.parametrize(
    ("stem", "named", "asked", "meant"),
    [
        ("mine", False, AUTO, TORCHVISION),
        ("mine", True, AUTO, CAFFE),
        ("vgg19-dcbb9e9d", False, AUTO, TORCHVISION),
        ("vgg19-d01eb7cb", False, AUTO, CAFFE),
        ("vgg16-00b39a1b", False, AUTO, CAFFE),
        ("vgg16_features-amdegroot-88682ab5", False, AUTO, CAFFE_RGB),
        ("mine", False, CAFFE, CAFFE),
        ("mine", True, TORCHVISION, TORCHVISION),
        ("vgg19-d01eb7cb", False, TORCHVISION, TORCHVISION),
        ("mine", True, CAFFE_RGB, CAFFE_RGB),
    ],
)
def test_normalization_is_folded_into_the_first_convolution(
    tmp_path: Path, stem: str, named: bool, asked: InputNormalization, meant: InputNormalization
) -> None:
    tensors = named_dict("vgg16", 1) if named else numbered_dict("vgg16", convolutions=1)
    network = load_network(saved(tmp_path / f"{stem}.pth", tensors), asked)
    image = torch.rand(1, 3, 16, 18, generator=torch.Generator().manual_seed(1))
    features = FeatureNetwork(network, Pooling.MAX, torch.device("cpu"))(image, ["conv1_1"])["conv1_1"]
    expected = expected_first_layer(tensors, meant, image)
    torch.testing.assert_close(features[..., 1:-1, 1:-1], expected, atol=1e-3, rtol=1e-4)


class Code:
    """A pickle that would make a file when it is executed."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.target,))


@pytest.mark.parametrize("new_format", [True, False])
def test_code_in_a_file_is_refused_and_not_run(tmp_path: Path, new_format: bool) -> None:
    target = tmp_path / "executed"
    content = numbered_dict("vgg16", convolutions=1) | {"extra": Code(target)}
    path = tmp_path / "code.pth"
    torch.save(content, path, _use_new_zipfile_serialization=new_format)
    assert "state_dict" in refusal(str(path))
    assert not target.exists()


def test_bare_pickle_with_code_is_refused_and_not_run(tmp_path: Path) -> None:
    target, path = tmp_path / "executed", tmp_path / "code.pt"
    path.write_bytes(pickle.dumps(Code(target), protocol=2))
    refusal(str(path))
    assert not target.exists()


def test_whole_module_is_refused(tmp_path: Path) -> None:
    assert "state_dict" in refusal(saved(tmp_path / "module.pth", torch.nn.Conv2d(3, 64, 3)))


@pytest.mark.parametrize("content", [b"", b"no weights at all", b"\xff" * 64, b"PK\x03\x04" + bytes(40)])
def test_garbage(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "garbage.pth"
    path.write_bytes(content)
    refusal(str(path))


@pytest.mark.parametrize("new_format", [True, False])
@pytest.mark.parametrize("share", [0.1, 0.9])
def test_truncated_file(tmp_path: Path, new_format: bool, share: float) -> None:
    path = tmp_path / "it.pth"
    torch.save(numbered_dict("vgg16", convolutions=2), path, _use_new_zipfile_serialization=new_format)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    refusal(str(path))


@pytest.mark.parametrize("content", [[torch.zeros(3)], torch.zeros(3), {}, {"fc.weight": torch.zeros(3, 3)}])
def test_no_state_dict_of_a_vgg(tmp_path: Path, content: Any) -> None:
    refusal(saved(tmp_path / "it.pth", content))


def test_other_networks_are_refused_by_their_channels(tmp_path: Path) -> None:
    vgg11 = {
        f"features.{index}.{kind}": torch.zeros(shape)
        for index, (inputs, outputs) in {0: (3, 64), 3: (64, 128), 6: (128, 256), 8: (256, 256)}.items()
        for kind, shape in (("weight", (outputs, inputs, 3, 3)), ("bias", (outputs,)))
    }
    assert "64, 128, 256, 256" in refusal(saved(tmp_path / "vgg11.pth", vgg11))


def test_batch_normalized_network_is_refused(tmp_path: Path) -> None:
    tensors = numbered_dict("vgg16", convolutions=1)
    tensors |= {f"features.1.{kind}": torch.ones(64) for kind in ("weight", "bias", "running_mean")}
    assert "batch normalization" in refusal(saved(tmp_path / "vgg16_bn.pth", tensors))


@pytest.mark.parametrize("gone", ["features.2.bias", "features.2.weight"])
def test_missing_tensor_of_a_numbered_network(tmp_path: Path, gone: str) -> None:
    tensors = numbered_dict("vgg16", convolutions=SHALLOW)
    del tensors[gone]
    refusal(saved(tmp_path / "it.pth", tensors))


def test_values_that_are_no_numbers(tmp_path: Path) -> None:
    tensors = named_dict("vgg16", 2)
    tensors["conv1_2.bias"][3] = float("nan")
    assert "conv1_2.bias" in refusal(saved(tmp_path / "it.pth", tensors))


SPOILED: dict[str, Callable[[Tensor], Tensor]] = {
    "int32": lambda tensor: (1000.0 * tensor).to(torch.int32),
    "bool": lambda tensor: tensor > 0.0,
    "complex64": lambda tensor: tensor.to(torch.complex64),
    "not finite": lambda tensor: tensor.double() * 1e300,  # in single precision
    "not finite numbers": lambda tensor: tensor / 0.0,
    "zero everywhere": torch.zeros_like,
    "no plain tensor": torch.Tensor.to_sparse,
    "no plain tensor of": lambda tensor: torch.quantize_per_tensor(tensor, 0.1, 0, torch.qint8),
}


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("words", SPOILED)
@pytest.mark.parametrize("layer", ["conv1_1", "conv1_2"])
def test_weights_that_are_no_trained_networks_are_refused(tmp_path: Path, words: str, layer: str) -> None:
    tensors = named_dict("vgg16", 2)
    tensors[f"{layer}.weight"] = SPOILED[words](tensors[f"{layer}.weight"])
    message = refusal(saved(tmp_path / "it.pth", tensors))
    assert f"{layer}.weight" in message
    assert words in message


def test_biases_may_be_zero(tmp_path: Path) -> None:
    tensors = named_dict("vgg16", 2)
    tensors["conv1_2.bias"] = torch.zeros(64)
    assert load_network(saved(tmp_path / "it.pth", tensors)).convolutions[1].bias.abs().sum() == 0.0
