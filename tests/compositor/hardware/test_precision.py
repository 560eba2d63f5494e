"""What the features are computed with."""

from __future__ import annotations

import pytest
import torch

from compositor.hardware import precision as module
from compositor.hardware.precision import feature_dtype, product_speed
from compositor.settings import Precision

CPU = torch.device("cpu")


@pytest.fixture
def asked_afresh() -> None:
    module._cpu_is_faster_with_bfloat16.cache_clear()


def test_what_is_named_is_taken() -> None:
    assert feature_dtype(Precision.FLOAT32, CPU) is torch.float32
    assert feature_dtype(Precision.BFLOAT16, CPU) is torch.bfloat16


@pytest.mark.usefixtures("asked_afresh")
@pytest.mark.parametrize(
    ("faster", "expected"), [(0.5, torch.float32), (1.2, torch.float32), (2.0, torch.bfloat16)]
)
def test_auto_takes_bfloat16_where_it_is_much_faster(
    faster: float, expected: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A CPU that has it, and is so many times as fast with it."""
    monkeypatch.setattr(module, "_cpu_has", lambda check: "bf16" in check)
    monkeypatch.setattr(
        module, "product_speed", lambda _, dtype, *__: faster if dtype is torch.bfloat16 else 1.0
    )
    assert feature_dtype(Precision.AUTO, CPU) is expected
    module._cpu_is_faster_with_bfloat16.cache_clear()


def test_auto_takes_single_precision_where_bfloat16_would_be_emulated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_cpu_has", lambda _: False)
    monkeypatch.setattr(module, "product_speed", lambda *_: pytest.fail("nothing needs to be measured"))
    assert feature_dtype(Precision.AUTO, CPU) is torch.float32


@pytest.mark.usefixtures("asked_afresh")
def test_auto_stays_what_it_was() -> None:
    assert len({feature_dtype(Precision.AUTO, CPU) for _ in range(3)}) == 1


def test_speed_of_products() -> None:
    """Between an abacus and ten petaflops."""
    assert 1e6 < product_speed(CPU, torch.float32, 64, 3) < 1e16
