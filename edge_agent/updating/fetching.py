"""Fetching a trusted file piece by piece: it goes on where it stopped, over lost links and restarts."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from edge_agent.errors import AcceptanceInvalid, CertificateEnded, ControllerAway, RefusedByController
from edge_agent.identity import IdentityInUse
from edge_agent.unit_door import ReleaseDoor
from edge_agent.updating.errors import FetchFailed
from edge_agent.updating.store import FileStore
from edge_agent.updating.trust import TargetFacts
from protocols.backoff import Backoff, Draw, evenly

Tell = Callable[[int, int], Awaitable[None]]
"""Is told how many bytes have come, and of how many."""

MAX_PIECE = 1024 * 1024
MIN_PIECE = 16 * 1024
"""With each piece that does not come the next is half as long, down to this: on a thin line a long one never ends."""
MAX_FAILURES = 40
"""So many pieces in a row that do not come, and it gives up: four hours or so with the longest waits †."""
_BASE_S, _CAP_S = 2.0, 600.0


class Fetching:
    """Fetches into a FileStore, one file at a time."""

    def __init__(
        self,
        store: FileStore,
        door: ReleaseDoor,
        identities: IdentityInUse,
        *,
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Draw = evenly,
    ) -> None:
        self._store = store
        self._door = door
        self._identities = identities
        self._wait = wait
        self._draw = draw

    async def fetch(self, target: TargetFacts, tell: Tell) -> Path:
        """The path of the file, whole and verified; what came stays when this is cancelled or fails.

        Raises FetchFailed: `no-space`, `gone` (the controller has no such file), `changed` (what comes is another
        file), `wrong-hash` (all of it came, and it is another file: it is dropped), `refused`, `away` (no piece came
        for very long); StateUnusable; CertificateEnded.
        """
        if await asyncio.to_thread(self._store.has, target.sha256, target.length):
            await tell(target.length, target.length)
            return self._store.path(target.sha256)
        done = await asyncio.to_thread(self._store.begun, target.sha256, target.length)
        await self._check_room(target.length - done)
        size, backoff, failures = MAX_PIECE, Backoff(base_s=_BASE_S, cap_s=_CAP_S, draw=self._draw), 0
        while done < target.length:
            await tell(done, target.length)
            try:
                content = await self._piece(target, done, min(size, target.length - done))
            except ControllerAway as error:
                failures += 1
                if failures >= MAX_FAILURES:
                    said = f"{target.path}: {failures} times in a row nothing came: {error}"
                    raise FetchFailed("away", said) from error
                size = max(MIN_PIECE, size // 2)
                await self._wait(backoff.next_s())
                continue
            await asyncio.to_thread(self._store.append, target.sha256, content)
            done, failures, size = done + len(content), 0, min(MAX_PIECE, 2 * size)
            backoff.reset()
        if not await asyncio.to_thread(self._store.finish, target.sha256, target.length):
            raise FetchFailed("wrong-hash", f"{target.path}: what came is not what was signed; it is dropped")
        await tell(target.length, target.length)
        return self._store.path(target.sha256)

    async def _piece(self, target: TargetFacts, offset: int, length: int) -> bytes:
        """1 to `length` bytes; raises ControllerAway, CertificateEnded, FetchFailed."""
        try:
            piece = await self._door.release_piece(self._identities.now, target.path, target.sha256, offset, length)
        except AcceptanceInvalid as error:
            raise FetchFailed("changed", f"{target.path}: {error.detail}") from error
        except CertificateEnded:
            raise
        except RefusedByController as error:
            raise FetchFailed("refused", f"{target.path}: {error}") from error
        if piece is None:
            raise FetchFailed("gone", f"{target.path}: the controller has no such file")
        if piece.total != target.length or not 1 <= len(piece.content) <= length:
            raise FetchFailed("changed", f"{target.path}: {piece.total} bytes are there, {target.length} were signed")
        return piece.content

    async def _check_room(self, length: int) -> None:
        missing = await asyncio.to_thread(self._store.room_for, length)
        if missing:
            raise FetchFailed("no-space", f"{missing} bytes too few are free on the disk; make room")
