"""Blender NST: neural style transfer for animation renders.

This folder is the source of the Blender extension. Inside Blender it imports bpy, numpy, the standard library
and itself; the style engine is another process (`engine_process`). The folder `cli`, beside the extension and
not in it, is the command line. Nothing here imports bpy at import time, so that both can import the package.
"""

from __future__ import annotations


def register() -> None:
    """Called by Blender when the extension is switched on."""
    from . import registration

    registration.register()


def unregister() -> None:
    """Called by Blender when the extension is switched off, and when Blender quits."""
    from . import registration

    registration.unregister()
