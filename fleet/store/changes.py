"""Telling every controller what a transaction changed, by PostgreSQL's NOTIFY, and hearing it."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import msgspec

CHANNEL = "muster_change"
_IDS_PER_NOTICE = 150
"""Keeps a notice below PostgreSQL's 8000 bytes with ids of 40 characters."""
_MAX_WAITING = 1000
_FLAGS = ("events", "joins", "fleet", "revocations", "rotas", "deployments", "alarms", "rollouts")
"""Fields that say of a kind that something of it changed."""


class Change(msgspec.Struct, omit_defaults=True):
    """What changed: these units' rows, these commands, events, the join queue, the list of units, sessions of these
    `people` that have ended, these `mandates` (signed, cancelled, recovered), the revocation list, `rotas` with all
    that is kept for them, `deployments` with kit and sites, `alarms`, `rollouts`, or `all` after notices were lost."""

    units: set[str] = msgspec.field(default_factory=set)
    events: bool = False
    joins: bool = False
    fleet: bool = False
    commands: set[str] = msgspec.field(default_factory=set)
    people: set[str] = msgspec.field(default_factory=set)
    mandates: set[str] = msgspec.field(default_factory=set)
    revocations: bool = False
    rotas: bool = False
    deployments: bool = False
    alarms: bool = False
    rollouts: bool = False
    all: bool = False

    def __bool__(self) -> bool:
        return (
            self.all
            or any(getattr(self, name) for name in _FLAGS)
            or bool(self.units or self.commands or self.people or self.mandates)
        )

    def merge(self, other: "Change") -> None:
        """Add what `other` says."""
        self.units |= other.units
        self.commands |= other.commands
        self.people |= other.people
        self.mandates |= other.mandates
        for name in (*_FLAGS, "all"):
            setattr(self, name, getattr(self, name) or getattr(other, name))

    def notices(self) -> list[str]:
        """The payloads to send, each small enough."""
        first = Change(**{name: getattr(self, name) for name in _FLAGS})
        parts = [first] if first else []
        parts += [Change(units=set(some)) for some in _pieces(self.units)]
        parts += [Change(commands=set(some)) for some in _pieces(self.commands)]
        parts += [Change(people=set(some)) for some in _pieces(self.people)]
        parts += [Change(mandates=set(some)) for some in _pieces(self.mandates)]
        return [msgspec.json.encode(part).decode() for part in parts]


def _pieces(unordered: set[str]) -> list[list[str]]:
    ids = sorted(unordered)
    return [ids[start : start + _IDS_PER_NOTICE] for start in range(0, len(ids), _IDS_PER_NOTICE)]


_decoder = msgspec.json.Decoder(Change)


async def listen(pool: "asyncpg.Pool[asyncpg.Record]") -> AsyncIterator[Change]:
    """Yield each change as its transaction commits, until the connection is lost (asyncpg's or OS errors).

    Begins with `Change(all=True)`, because what happened before is not known. When the reader is too slow, notices are
    dropped and the next item has `all` set.
    """
    waiting: asyncio.Queue[Change] = asyncio.Queue(_MAX_WAITING)
    closed = asyncio.Event()
    lost = False

    def heard(_connection: object, _pid: int, _channel: str, payload: object) -> None:
        nonlocal lost
        try:
            waiting.put_nowait(_decoder.decode(str(payload)))
        except asyncio.QueueFull:
            lost = True

    async with pool.acquire() as connection:
        connection.add_termination_listener(lambda _connection: closed.set())
        await connection.add_listener(CHANNEL, heard)
        yield Change(all=True)
        gone = asyncio.ensure_future(closed.wait())
        try:
            while not gone.done():
                item = asyncio.ensure_future(waiting.get())
                await asyncio.wait({item, gone}, return_when=asyncio.FIRST_COMPLETED)
                if not item.done():
                    item.cancel()
                    break
                change = item.result()
                while not waiting.empty():
                    change.merge(waiting.get_nowait())
                change.all, lost = change.all or lost, False
                yield change
        finally:
            gone.cancel()
            if not connection.is_closed():
                await connection.remove_listener(CHANNEL, heard)
