"""Looks at units' chains from time to time: asks for records that are missing, and tells what only time shows."""

from datetime import datetime, timedelta

from fleet.access_records.chain_keeping import found
from fleet.access_records.chain_rules import judge_claim, judge_missing
from fleet.clock import Clock
from fleet.commands.desk import write_command
from fleet.entries.entry import CONTROLLER
from fleet.rounds import go_round
from fleet.store.access_records import Incomplete
from fleet.store.store import Store, Transaction
from protocols.commands import SendRecords

ASK_AFTER = timedelta(seconds=20)
"""A record that is on its way has so long to arrive."""

_ASK_AT_MOST_EVERY = timedelta(hours=1)
_ORDER_LIFE = timedelta(minutes=2)
_REPORTS_SETTLE = timedelta(minutes=5)
_EVERY_S = 10.0
_AT_ONCE = 200


class ChainWatch:
    """Several controllers share the work row by row."""

    def __init__(
        self, store: Store, clock: Clock, *, ask_after: timedelta = ASK_AFTER, every_s: float = _EVERY_S
    ) -> None:
        self._store = store
        self._clock = clock
        self._ask_after = ask_after
        self._every_s = every_s

    async def run(self) -> None:
        """Look until cancelled; a lost database only delays."""
        await go_round("units' records", self.look, self._every_s)

    async def look(self) -> None:
        """Look at all chains once. Raises StoreUnavailable."""
        unit_id: str | None = ""
        while unit_id is not None:
            async with self._store.transaction() as transaction:
                unit_id = await self._look_at_incomplete(transaction, unit_id)
        unit_id = ""
        while unit_id is not None:
            async with self._store.transaction() as transaction:
                unit_id = await self._look_at_claims(transaction, unit_id)

    async def _look_at_incomplete(self, transaction: Transaction, after_unit: str) -> str | None:
        """Look at some; returns the last unit, None when there are no more."""
        now = self._clock()
        page = await transaction.access_records.incomplete(after_unit, _AT_ONCE)
        for one in page:
            await self._judge(transaction, one, now)
        return page[-1].chain.unit_id if page else None

    async def _judge(self, transaction: Transaction, one: Incomplete, now: datetime) -> None:
        unit_id, since = one.chain.unit_id, one.chain.missing_since
        if not one.connected:
            if since is not None:
                await transaction.access_records.set_missing_since(unit_id, None)
            return
        if since is None:
            await transaction.access_records.set_missing_since(unit_id, now)
            return
        if is_to_be_asked(one, now, self._ask_after):
            order = SendRecords(after=one.chain.records)
            await write_command(transaction, unit_id, order, actor=CONTROLLER, clock=self._clock, life=_ORDER_LIFE)
        finding = judge_missing(one.chain, now)
        if finding is not None:
            await found(transaction, finding, now)

    async def _look_at_claims(self, transaction: Transaction, after_unit: str) -> str | None:
        now = self._clock()
        page = await transaction.access_records.doubtful_claims(after_unit, _REPORTS_SETTLE, _AT_ONCE)
        for chain in page:
            await found(transaction, judge_claim(chain), now)
        return page[-1].unit_id if page else None


def is_to_be_asked(one: Incomplete, now: datetime, ask_after: timedelta) -> bool:
    """Whether to ask a connected unit for its records now: once at a time, and ever more rarely while none arrive."""
    since = one.chain.missing_since
    if since is None or one.is_asked or now - since < ask_after:
        return False
    pause = min(max(ask_after, (now - since) / 2), _ASK_AT_MOST_EVERY)
    return one.asked_at is None or now - one.asked_at >= pause
