"""The settings of one frame."""

from __future__ import annotations

from dataclasses import dataclass

from compositor.settings.look import LookSettings
from compositor.settings.network import NetworkSettings
from compositor.settings.optimization import OptimizationSettings
from compositor.settings.values import check_ranges


@dataclass(frozen=True)
class StyleSettings(NetworkSettings, OptimizationSettings, LookSettings):
    """How one frame is stylized."""

    def __post_init__(self) -> None:
        check_ranges(self)
