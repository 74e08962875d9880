"""The agent's own log: structlog on standard error, for people on a terminal, JSON lines otherwise."""

import asyncio
import sys
from typing import Any

import structlog

from protocols.text import escaped

_INFO = 20

_log = structlog.get_logger(__name__)


def configure_logs() -> None:
    """Log from `info` upwards. Tracebacks show no local variables: those may hold secrets."""
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _escape,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def record_fault(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An event loop's exception handler: what no task has to answer for is one line of the log, as all else is."""
    fault = context.get("exception")
    _log.error("a callback of the event loop failed", what=context.get("message"), fault=repr(fault))


def _escape(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Show control signs in values, which may come from anywhere; a traceback keeps its line ends."""
    return {name: _shown(value, lines=name == "exception") for name, value in event.items()}


def _shown(value: object, *, lines: bool) -> object:
    if value is None or isinstance(value, int | float):
        return value
    text = value if isinstance(value, str) else repr(value)
    return "\n".join(map(escaped, text.split("\n"))) if lines else escaped(text)
