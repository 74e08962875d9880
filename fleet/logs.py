"""The controller's own log: structlog on standard error, coloured for a terminal, JSON lines otherwise."""

import logging
import sys

import structlog

from protocols.text import escaped


def configure_logs(level: str) -> None:
    """Log from `level` (debug, info, warning, error) upwards; other libraries from warning upwards."""
    number = logging.getLevelNamesMapping()[level.upper()]
    others = logging.StreamHandler(sys.stderr)
    others.setFormatter(_EscapingFormatter("%(name)s: %(message)s"))
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[others])
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
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _escape(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Show control signs in values, which may come from anywhere; a traceback keeps its line ends."""
    return {name: _shown(value, lines=name == "exception") for name, value in event.items()}


def _shown(value: object, *, lines: bool) -> object:
    if value is None or isinstance(value, int | float):
        return value
    text = value if isinstance(value, str) else repr(value)
    return "\n".join(map(escaped, text.split("\n"))) if lines else escaped(text)


class _EscapingFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return "\n".join(map(escaped, super().format(record).split("\n")))
