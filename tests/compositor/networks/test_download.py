"""torchvision's own weights: its network agrees with ours; files come whole and verified, or not at all."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from compositor.errors import WeightsError
from compositor.networks import download
from compositor.networks.download import PublishedFile
from compositor.networks.features import FeatureNetwork
from compositor.networks.weights import load_network
from compositor.settings import Pooling


class Server(ThreadingHTTPServer):
    """Says nothing of clients that hang up, as those that refuse what comes."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Shop:
    """A server of one file, on this machine alone, in place of torchvision's."""

    def __init__(self, content: bytes, stem: str) -> None:
        self.content, self.requests, self.cut = content, 0, len(content)
        sha256 = hashlib.sha256(content).hexdigest()
        self.file = f"{stem}-{sha256[:8]}.pth"
        self.published = PublishedFile(self.file, sha256)
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                shop.requests += 1
                self.send_response(200 if self.path.endswith(shop.file) else 404)
                self.send_header("Content-Length", str(len(shop.content)))
                self.end_headers()
                self.wfile.write(shop.content[: shop.cut])

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/models/{self.file}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def features(torchvision_models: ModuleType) -> torch.nn.Module:
    """torchvision's VGG-16 up to its last rectifier, with weights made on the fly."""
    torch.manual_seed(0)
    layers = torchvision_models.vgg.make_layers(torchvision_models.vgg.cfgs["D"])
    for layer in layers:
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return layers.eval()


@pytest.fixture(scope="module")
def content(features: torch.nn.Module, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The state dict's file, with a small part of a classifier."""
    tensors = {f"features.{name}": each for name, each in features.state_dict().items()}
    path = tmp_path_factory.mktemp("made") / "vgg16.pth"
    torch.save(tensors | {"classifier.6.bias": torch.zeros(1000)}, path)
    return path.read_bytes()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where torch would keep the files."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    return tmp_path / "hub" / "checkpoints"


@pytest.fixture
def shop(
    content: bytes, torchvision_models: ModuleType, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    shop = Shop(content, "vgg16")
    member = torchvision_models.VGG16_Weights.IMAGENET1K_V1
    monkeypatch.setattr(member, "_value_", dataclasses.replace(member.value, url=shop.url))
    monkeypatch.setitem(download.FILES, "vgg16", shop.published)
    yield shop
    shop.close()


def test_known_files_are_those_that_torchvision_names(torchvision_models: ModuleType) -> None:
    for network, file in download.FILES.items():
        weights = getattr(torchvision_models, f"{network.upper()}_Weights").IMAGENET1K_V1
        assert weights.url.endswith("/" + file.name)
        assert file.name.endswith(f"-{file.sha256[:8]}.pth")
        assert len(bytes.fromhex(file.sha256)) == 32


def test_network_computes_what_torchvisions_does(shop: Shop, features: torch.nn.Module) -> None:
    image = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(3))
    mean, deviation = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]).view(2, 1, 3, 1, 1)
    network = FeatureNetwork(load_network("vgg16"), Pooling.MAX, torch.device("cpu"))
    names = iter(network.layers)
    maps, compared = (image - mean) / deviation, 0
    with torch.no_grad():
        for layer in features.children():
            maps, name = layer(maps), next(names, None)
            if name in ("conv1_1", "relu1_2", "pool1", "relu2_2", "relu3_1", "relu3_3", "relu4_1"):
                ours = network(image, [name])[name]
                # Near the border theirs sees zeros, and ours the border replicated.
                edge = {"1": 3, "2": 5, "3": 6, "4": 6}[name[-3] if "_" in name else name[-1]]
                inner = (..., slice(edge, -edge), slice(edge, -edge))
                torch.testing.assert_close(ours[inner], maps[inner], atol=2e-3, rtol=1e-3)
                compared += 1
    assert compared == 7
    assert network.layers[-1] == "relu5_3"


def test_is_fetched_once_with_progress(shop: Shop, cache: Path) -> None:
    told: list[tuple[str, float]] = []
    network = load_network("vgg16", report=lambda text, share: told.append((text, share)))
    assert "torchvision" in network.name
    assert [each.name for each in cache.iterdir()] == [shop.file]
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert 3 < len(shares) <= 101
    assert shop.file in told[0][0]
    load_network("vgg16")
    assert shop.requests == 1


def test_cached_file_needs_no_torchvision(
    shop: Shop, cache: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.mkdir(parents=True)
    (cache / shop.file).write_bytes(content)
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    assert len(load_network("vgg16").convolutions) == 13
    assert shop.requests == 0


def test_damaged_cached_file_is_named(shop: Shop, cache: Path, content: bytes) -> None:
    cache.mkdir(parents=True)
    (cache / shop.file).write_bytes(content[:-9])
    with pytest.raises(WeightsError, match="delete it") as error:
        load_network("vgg16")
    assert str(cache / shop.file) in str(error.value)
    assert shop.requests == 0


def test_a_file_whose_hash_begins_alike_is_refused(
    shop: Shop, cache: Path, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who controls the server can find content with eight digits of a hash, and not with all."""
    alike = shop.published.sha256[:8] + "0" * 56
    monkeypatch.setitem(download.FILES, "vgg16", PublishedFile(shop.file, alike))
    with pytest.raises(WeightsError, match="SHA-256"):
        load_network("vgg16")
    assert not list(cache.iterdir())
    (cache / shop.file).write_bytes(content)
    with pytest.raises(WeightsError, match="damaged, or another file"):
        load_network("vgg16")


@pytest.mark.skipif(sys.platform == "win32", reason="owners of POSIX")
def test_a_cache_of_somebody_else_is_refused(shop: Shop, cache: Path, content: bytes) -> None:
    cache.mkdir(parents=True)
    (cache / shop.file).write_bytes(content)
    cache.chmod(0o777)
    with pytest.raises(WeightsError, match="belongs to another user") as error:
        load_network("vgg16")
    assert str(cache) in str(error.value)
    cache.chmod(0o755)
    load_network("vgg16")
    if os.geteuid() == 0:
        os.chown(cache, 12345, -1)
        with pytest.raises(WeightsError, match="belongs to another user"):
            load_network("vgg16")
    assert shop.requests == 0


@pytest.mark.parametrize("cut", [0, 1_500_000, -1])
def test_broken_connection_leaves_nothing(shop: Shop, cache: Path, cut: int) -> None:
    shop.cut = cut
    with pytest.raises(WeightsError) as error:
        load_network("vgg16")
    assert str(cache / shop.file) in str(error.value)
    assert not list(cache.iterdir())


def test_other_content_is_refused(shop: Shop, cache: Path) -> None:
    shop.content = bytes(len(shop.content))
    with pytest.raises(WeightsError, match="SHA-256"):
        load_network("vgg16")
    assert not list(cache.iterdir())


def test_download_that_is_interrupted_leaves_nothing(shop: Shop, cache: Path) -> None:
    def interrupt(text: str, share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_network("vgg16", report=interrupt)
    assert not list(cache.iterdir())


def test_offline_error_names_the_file_and_its_place(shop: Shop, cache: Path) -> None:
    shop.close()
    with pytest.raises(WeightsError, match="cannot be fetched") as error:
        load_network("vgg16")
    message = str(error.value)
    assert shop.url in message
    assert str(cache / shop.file) in message
    assert len(message.splitlines()) == 1


def test_cache_that_cannot_be_written(shop: Shop, cache: Path) -> None:
    cache.parent.mkdir(parents=True)
    cache.write_bytes(b"a file where the folder should be")
    with pytest.raises(WeightsError, match="cannot be fetched"):
        load_network("vgg16")


_IMPORT = """
import sys, torch
try:
    import torchvision.models
    print("works")
except Exception:
    from compositor.errors import WeightsError
    from compositor.networks.weights import load_network
    for _ in range(2):
        try:
            load_network("vgg19")
        except WeightsError as error:
            print(error)
"""


def test_torchvision_that_does_not_fit_torch_is_told(
    child_environment: dict[str, str], tmp_path: Path
) -> None:
    """In a process of its own, where nothing has defined the missing operators."""
    environment = child_environment | {"TORCH_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    lines = done.stdout.splitlines()
    if lines == ["works"]:
        pytest.skip("this torchvision goes with this torch")
    assert len(lines) == 2
    for line in lines:
        assert "vgg19-dcbb9e9d.pth" in line
        assert str(tmp_path / "hub" / "checkpoints") in line
        assert "torchvision" in line
