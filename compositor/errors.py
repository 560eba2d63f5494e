"""What can go wrong in the style engine. Every message says what a user can do about it."""

from __future__ import annotations


class CompositorError(Exception):
    """Base of every error that the style engine raises on purpose.

    Its message is one line, whatever names it quotes.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.splitlines()))


class SettingsError(CompositorError):
    """A setting has a name, type or value that it cannot have."""


class WeightsError(CompositorError):
    """The network's weights are missing, damaged or of another network."""


class LayerError(CompositorError):
    """A layer was named that the network does not have."""


class ImageError(CompositorError):
    """An array given to the engine is no image it can work on."""


class DeviceError(CompositorError):
    """The device that was asked for is not there."""


class MemoryShortageError(CompositorError):
    """There is not enough memory, on the graphics card or in the machine, for a picture of this size."""
