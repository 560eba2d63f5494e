"""What an artist can set about stylizing one frame, each setting defined once.

`style` has the settings, `choices` their enums, `info` what a setting carries, `values` the checks and JSON.
"""

from compositor.settings.choices import (
    Color,
    DeviceChoice,
    InputNormalization,
    LossScale,
    Optimizer,
    Pooling,
    Precision,
    Start,
    StyleStatistic,
    WorkingDetail,
)
from compositor.settings.info import Choice, Group, Preset, SettingInfo, preset_values, setting, setting_infos
from compositor.settings.style import StyleSettings
from compositor.settings.values import (
    changes_optimization,
    check_ranges,
    describe_type,
    settings_from_json,
    settings_to_json,
    with_own_settings,
)

__all__ = [
    "Choice",
    "Color",
    "DeviceChoice",
    "Group",
    "InputNormalization",
    "LossScale",
    "Optimizer",
    "Pooling",
    "Precision",
    "Preset",
    "SettingInfo",
    "Start",
    "StyleSettings",
    "StyleStatistic",
    "WorkingDetail",
    "changes_optimization",
    "check_ranges",
    "describe_type",
    "preset_values",
    "setting",
    "setting_infos",
    "settings_from_json",
    "settings_to_json",
    "with_own_settings",
]
