"""What can go wrong on the command line. Every message is one line and says what to do."""

from __future__ import annotations


class CommandLineError(Exception):
    """Base of every error that the command line raises on purpose."""


class BlenderError(CommandLineError):
    """There is no usable Blender, or one could not be installed."""


class ExtensionError(CommandLineError):
    """The extension's zip could not be built, or Blender's validator refused it."""


class InputError(CommandLineError):
    """What the command line was given cannot be used."""


class RenderError(CommandLineError):
    """Blender did not render, or its render could not be stylised."""
