"""Noticing that the broker's certificates or revocation list have changed."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from fleet.broker.errors import TlsUnusable
from fleet.broker.tls import CA_FILE, CERTIFICATE_FILE, CRL_FILE, KEY_FILE, Trust, load_trust

EVERY_S = 0.2
_log = structlog.get_logger("fleet.broker")

Mark = tuple[tuple[int, ...], ...]


def mark_of(directory: Path) -> Mark:
    """What changes whenever one of the files is replaced, written or removed."""
    return tuple(_mark_of(directory / name) for name in (CA_FILE, CRL_FILE, CERTIFICATE_FILE, KEY_FILE))


async def watch_files(directory: Path, seen: Mark, take: Callable[[Trust], None]) -> None:
    """Until cancelled, give what the files say to `take` whenever they no longer are as `seen`.

    Files that can not be used are logged as an error and left alone: what was read last goes on.
    """
    while True:
        await asyncio.sleep(EVERY_S)
        mark = mark_of(directory)
        if mark == seen:
            continue
        seen = mark
        try:
            trust = await asyncio.to_thread(load_trust, directory)
        except TlsUnusable as error:
            _log.error("certificates or revocation list can not be read again", detail=str(error))
        else:
            take(trust)


def _mark_of(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except OSError as error:
        return (error.errno or 0,)
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size
