"""A witness that has seen another tree, or a larger one: an alarm and an entry, once until a person takes it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fleet.clock import Clock
from fleet.entries.entry import CONTROLLER
from fleet.entries.log import WitnessDisagreed
from fleet.errors import LogDamaged, StoreUnavailable
from fleet.log.cosigning import Refusal
from fleet.store.events import ControllerEvent
from fleet.store.store import Store

_SAYS = {
    "split-view": "has cosigned another tree than this log's: one of the two was changed afterwards",
    "rolled-back": "has cosigned a larger tree than this log's: the database is an old copy, or another program speaks "
    "for this log",
}


class Disagreements:
    """Tells of each witness at once when it disagrees, and then every `again_s` while it goes on."""

    def __init__(self, store: Store, clock: Clock, *, again_s: float) -> None:
        self._store = store
        self._clock = clock
        self._again_s = again_s
        self._told: dict[tuple[str, str], float] = {}

    def forget(self, witness: str) -> None:
        """It has cosigned: the next disagreement is told at once."""
        for kind in _SAYS:
            self._told.pop((witness, kind), None)

    async def tell_own(self, size: int) -> None:
        """This log has signed another root for `size` before. Raises StoreUnavailable."""
        event = ControllerEvent(
            kind="log-split-view",
            severity="alarm",
            summary=f"the log's first {size} leaves are not what was signed before: the database was changed; nothing "
            "of it is signed any more",
            repeat_key="log-split-view",
        )
        async with self._store.transaction() as transaction:
            await transaction.events.add(event, self._clock())
            transaction.changed.events = True

    async def tell_damage(self, damage: LogDamaged) -> None:
        """The log can not go on; a lost database is told by others."""
        with suppress(StoreUnavailable):
            await tell_damage(self._store, self._clock, damage)

    async def tell(self, refusal: Refusal, size: int) -> None:
        """Raise the alarm if `refusal` of the tree of `size` leaves is a disagreement. Raises StoreUnavailable."""
        kind = refusal.kind
        if kind not in {"split-view", "rolled-back"}:
            return
        told, now_s = self._told.get((refusal.witness, kind)), asyncio.get_running_loop().time()
        if told is not None and now_s - told < self._again_s:
            return
        now = self._clock()
        event = ControllerEvent(
            kind=f"log-{kind}",
            severity="alarm",
            summary=f"the witness {refusal.witness} {_SAYS[kind]}; it will not cosign ({size} leaves here)",
            repeat_key=f"log-{kind}:{refusal.witness}",
        )
        async with self._store.transaction() as transaction:
            # Another controller may have gone on meanwhile; then it was this question that was old, not the log.
            if refusal.witness_size is not None and size < refusal.witness_size <= await transaction.log_tree.size():
                return
            if await transaction.events.add(event, now):
                entry = WitnessDisagreed(
                    at=now,
                    actor=CONTROLLER,
                    witness=refusal.witness,
                    cause="split-view" if kind == "split-view" else "rolled-back",
                    size=size,
                    witness_size=refusal.witness_size,
                )
                await transaction.log.append(entry)
            transaction.changed.events = True
        self._told[refusal.witness, kind] = now_s


async def tell_damage(store: Store, clock: Clock, damage: LogDamaged) -> None:
    """Raise the alarm `log-damaged`, or count it on the one that stands. Raises StoreUnavailable."""
    event = ControllerEvent(
        kind="log-damaged",
        severity="alarm",
        summary=f"{damage}; compare the database with an export and its backups"[:200],
        repeat_key="log-damaged",
    )
    async with store.transaction() as transaction:
        await transaction.events.add(event, clock())
        transaction.changed.events = True


@asynccontextmanager
async def telling_damage(store: Store, clock: Clock) -> AsyncIterator[None]:
    """Where entries are read for somebody: when the block raises LogDamaged, that becomes an alarm and goes on."""
    try:
        yield
    except LogDamaged as damage:
        with suppress(StoreUnavailable):  # the damage is what has to be said
            await tell_damage(store, clock, damage)
        raise
