"""Errors of the style engine. Every message says what a user can do about it."""

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
    """An array given to the engine is no image, or has a wrong size."""


class DivergenceError(CompositorError):
    """A loss or the image is no finite number any more: there is no result."""


class DeviceError(CompositorError):
    """The requested device is not available."""


class MemoryShortageError(CompositorError):
    """Out of memory: a frame or network does not fit into the GPU's memory or the machine's."""
