"""Operators and timers that log an unexpected exception with its traceback and show the user one line."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

from .log_lines import escape_control

logger = logging.getLogger(__name__)

_METHODS = ("execute", "invoke", "modal")


def guard_operator(operator: type) -> None:
    """Wraps the methods of an operator, before it is registered, so that none raises into Blender.

    Does nothing to an operator that is guarded already: an extension may be switched on again.
    """
    for name in _METHODS:
        method = vars(operator).get(name)
        if method is not None and not hasattr(method, "__wrapped__"):
            setattr(operator, name, _guarded(method))


def one_line(error: BaseException) -> str:
    """An unexpected exception as a line for the user."""
    return escape_control(f"internal error: {type(error).__name__}: {error}; the log has the details")


def _guarded(method: Callable[..., set[str]]) -> Callable[..., set[str]]:
    # Blender counts the arguments, so that one wrapper with *arguments for all is refused.
    if method.__code__.co_argcount == 2:

        @functools.wraps(method)
        def with_context(self: Any, context: Any) -> set[str]:
            return _run(method, self, context)

        return with_context

    @functools.wraps(method)
    def with_event(self: Any, context: Any, event: Any) -> set[str]:
        return _run(method, self, context, event)

    return with_event


def _run(method: Callable[..., set[str]], operator: Any, *arguments: Any) -> set[str]:
    try:
        return method(operator, *arguments)
    except Exception as error:
        logger.exception("operator %s", method.__qualname__)
        operator.report({"ERROR"}, one_line(error))
        return {"CANCELLED"}
