"""Errors of the engine process, as the Blender side sees them; each is one line for a person."""

from __future__ import annotations


class EngineError(Exception):
    """The engine cannot be started, or no longer listens; the message says where its log is."""


class ProtocolError(EngineError):
    """A line from the engine is no message of the protocol."""
