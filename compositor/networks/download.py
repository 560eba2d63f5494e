"""Download of torchvision's VGG files into torch's cache, verified by SHA-256, when a setting names one."""

from __future__ import annotations

import hashlib
import http.client
import importlib
import tempfile
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import torch

from compositor.errors import WeightsError
from compositor.networks.ownership import belongs_to_user

DownloadProgress = Callable[[str, float], None]
"""Progress callback: (a message for the user, the share that is done, 0 to 1)."""


@dataclass(frozen=True)
class PublishedFile:
    """A file of torchvision's: its name, so that one that is there can be used without torchvision."""

    name: str
    sha256: str
    """In hexadecimal; the file's name has its first eight digits."""


FILES = {
    "vgg16": PublishedFile(
        "vgg16-397923af.pth", "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0"
    ),
    "vgg19": PublishedFile(
        "vgg19-dcbb9e9d.pth", "dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44"
    ),
}

_CHUNK = 1 << 20
_TIMEOUT_SECONDS = 30.0


def torchvision_file(network: str, report: DownloadProgress | None = None) -> Path:
    """Path of torchvision's ImageNet weights of `vgg16` or `vgg19`, complete and verified.

    It is in torchvision's own cache. Its SHA-256 is compared every time: half a gigabyte copied by hand can
    be cut short, and others may have written to the cache.

    Args:
        report: called about a hundred times while the file is fetched; what it raises ends the download.

    Raises:
        WeightsError: not there and cannot be fetched (the message says which file to put where), damaged or
            another one, or in a cache that belongs to somebody else.
    """
    file = FILES[network]
    path = cached_path(file)
    if not path.is_file():
        _fetch(_torchvision_url(network, path), path, file.sha256, report)
    else:
        check_content(path, file, "delete it, and it is fetched again")
    return path


def cached_path(file: PublishedFile) -> Path:
    """Where torchvision keeps a file; raises WeightsError if that folder belongs to somebody else."""
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    if not belongs_to_user(folder):
        raise WeightsError(
            f"{folder} belongs to another user, or everybody may write to it: make it yours, or set"
            " TORCH_HOME to a folder of your own"
        )
    return folder / file.name


def check_content(path: Path, file: PublishedFile, advice: str) -> None:
    """Raises WeightsError, with an advice, if a file at a path is not the one that was published."""
    found = file_hash(path)
    if found != file.sha256:
        raise WeightsError(f"{path} is damaged, or another file (its SHA-256 is {found[:16]}…): {advice}")


def _torchvision_url(network: str, path: Path) -> str:
    """The URL in torchvision; `path` is named in the error if torchvision cannot be imported."""
    try:
        models = importlib.import_module("torchvision.models")
        weights = models.VGG16_Weights if network == "vgg16" else models.VGG19_Weights
        return weights.IMAGENET1K_V1.url
    # A torchvision built for another torch fails in several ways, none of them an ImportError.
    except (ImportError, RuntimeError, AttributeError, OSError) as error:
        raise WeightsError(
            f"{network}: torchvision cannot be imported ({error}); install the torchvision that goes with"
            f" torch {torch.__version__}, or get {path.name} and put it to {path}"
        ) from None


def _fetch(url: str, path: Path, sha256: str, report: DownloadProgress | None) -> None:
    """Downloads the file atomically."""
    partial: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as response,  # noqa: S310 - torchvision's own
            tempfile.NamedTemporaryFile(
                dir=path.parent, prefix=path.stem, suffix=".partial", delete=False
            ) as file,
        ):
            partial = Path(file.name)
            size = int(response.headers.get("Content-Length") or 0)
            found = _copy(response, file, size, path.name, report)
        if found != sha256:
            raise OSError("the connection broke off or the file is another one: its SHA-256 is wrong")
        # A temporary file is its owner's alone; the cache may be shared.
        partial.chmod(0o644)
        partial.replace(path)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise WeightsError(
            f"{path.name} cannot be fetched ({reason}); get {url} and put it to {path}"
        ) from None
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)


def _copy(source: IO[bytes], target: IO[bytes], size: int, name: str, report: DownloadProgress | None) -> str:
    """Copies, reports every hundredth, and returns the SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    message = f"fetching {name} ({size / 1e6:.0f} MB)" if size else f"fetching {name}"
    done, reported = 0, -1.0
    while chunk := source.read(_CHUNK):
        target.write(chunk)
        digest.update(chunk)
        done += len(chunk)
        share = done / size if size else 0.0
        if report is not None and (share >= reported + 0.01 or done == size):
            reported = share
            report(message, min(1.0, share))
    return digest.hexdigest()


def file_hash(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
