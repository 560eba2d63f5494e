"""What the features are computed with."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest
import torch

from compositor.hardware import precision as module
from compositor.hardware.precision import feature_dtype, product_speed
from compositor.settings import Precision

CPU = torch.device("cpu")


def test_what_is_named_is_taken() -> None:
    assert feature_dtype(Precision.FLOAT32, CPU) is torch.float32
    assert feature_dtype(Precision.BFLOAT16, CPU) is torch.bfloat16


@pytest.mark.parametrize(
    ("features", "vendor", "expected"),
    [
        ({"_is_amx_tile_supported"}, "GenuineIntel", torch.bfloat16),
        ({"_is_avx512_bf16_supported"}, "GenuineIntel", torch.float32),
        ({"_is_avx512_bf16_supported"}, "AuthenticAMD", torch.bfloat16),
        (set(), "AuthenticAMD", torch.float32),
        (set(), "", torch.float32),
    ],
)
def test_auto_goes_by_what_the_processor_is(
    features: set[str], vendor: str, expected: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_cpu_has", features.__contains__)
    monkeypatch.setattr(module, "_cpu_vendor", lambda: vendor)
    assert feature_dtype(Precision.AUTO, CPU) is expected


def test_the_vendor_is_read_where_the_system_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC\n"
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: text)
    module._cpu_vendor.cache_clear()
    assert module._cpu_vendor() == "AuthenticAMD"
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: "")
    monkeypatch.setattr(platform, "processor", lambda: "Intel64 Family 6 Model 85 Stepping 4, GenuineIntel")
    module._cpu_vendor.cache_clear()
    assert module._cpu_vendor() == "GenuineIntel"
    module._cpu_vendor.cache_clear()


def test_speed_of_products() -> None:
    """Between an abacus and ten petaflops."""
    assert 1e6 < product_speed(CPU, torch.float32, 64, 3) < 1e16
