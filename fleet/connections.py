"""Cutting a connection."""

import asyncio
from contextlib import suppress


def cut(transport: asyncio.WriteTransport) -> None:
    """Close `transport` at once; harmless when it is closed already."""
    # Python 3.11.2, Debian 12's, raises AttributeError for a TLS transport that is already gone.
    with suppress(AttributeError):
        transport.abort()
