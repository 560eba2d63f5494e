"""torchvision's RAFT: found, checked and run, with weights made on the fly, whose motion means nothing."""

from __future__ import annotations

import hashlib
import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from compositor.errors import DeviceError, MemoryShortageError, WeightsError
from compositor.networks import raft
from compositor.networks.download import PublishedFile
from compositor.settings import DeviceChoice


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where torch keeps files."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def small(torchvision_models: ModuleType, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small network's weights in the cache, under the name that their hash asks for."""
    torch.manual_seed(0)
    network = importlib.import_module(f"{torchvision_models.__name__}.optical_flow").raft_small()
    path = cache / "made.pth"
    torch.save(network.state_dict(), path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    named = cache / f"raft_small-{sha256[:8]}.pth"
    path.rename(named)
    monkeypatch.setitem(raft.FILES, "raft_small", PublishedFile(named.name, sha256))
    return named


@pytest.mark.parametrize(("height", "width"), [(48, 64), (130, 141)])
def test_any_size_gets_a_motion_of_that_size(small: Path, height: int, width: int) -> None:
    first, second = np.random.default_rng(0).random((2, height, width, 4), dtype=np.float32)
    flow = raft.Raft(DeviceChoice.CPU).flow(first, second)
    assert flow.shape == (height, width, 2)
    assert flow.dtype == np.float32
    assert np.isfinite(flow).all()


def test_the_network_is_torchvisions(torchvision_models: ModuleType, small: Path) -> None:
    images = np.random.default_rng(1).random((2, 128, 136, 3), dtype=np.float32)
    network = importlib.import_module(f"{torchvision_models.__name__}.optical_flow").raft_small()
    network.load_state_dict(torch.load(small, weights_only=True))
    tensors = [torch.from_numpy(each).permute(2, 0, 1)[None] * 2.0 - 1.0 for each in images]
    with torch.no_grad():
        expected = network.eval()(*tensors, num_flow_updates=20)[-1][0].permute(1, 2, 0)
    found = raft.Raft(DeviceChoice.CPU).flow(*images)
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-3, atol=1e-2)


def test_files_are_those_that_torchvision_names(torchvision_models: ModuleType) -> None:
    models = importlib.import_module(f"{torchvision_models.__name__}.optical_flow")
    large, small = models.Raft_Large_Weights.C_T_SKHT_V2, models.Raft_Small_Weights.C_T_V2
    for name, weights in (("raft_large", large), ("raft_small", small)):
        file = raft.FILES[name]
        assert weights.url.endswith("/" + file.name)
        assert file.name.endswith(f"-{file.sha256[:8]}.pth")
        assert len(bytes.fromhex(file.sha256)) == 32


def test_without_weights_the_error_says_which_file_to_put_where(cache: Path) -> None:
    with pytest.raises(WeightsError, match=r"raft_large_C_T_SKHT_V2-ff5fadd5\.pth") as caught:
        raft.Raft()
    assert str(cache) in str(caught.value)


def test_damaged_weights_are_refused(small: Path) -> None:
    small.write_bytes(small.read_bytes()[:-100])
    with pytest.raises(WeightsError, match="damaged"):
        raft.Raft()


def test_out_of_memory_is_translated_with_advice(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = raft.Raft(DeviceChoice.CPU)

    def full(*images: torch.Tensor, num_flow_updates: int) -> list[torch.Tensor]:
        return [torch.empty(10**15)]

    monkeypatch.setattr(network, "_network", full)
    with pytest.raises(MemoryShortageError, match=r"140×130.*--motion dis"):
        network.flow(*np.zeros((2, 130, 140, 3), np.float32))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has cuda")
def test_it_computes_on_the_device_that_is_asked_for(small: Path) -> None:
    with pytest.raises(DeviceError, match="cuda"):
        raft.Raft(DeviceChoice.CUDA)
