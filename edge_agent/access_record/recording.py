"""The chain in a running agent: begins each run with a record, and says so when it can not be kept."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from edge_agent.access_record.chain_text import Tip
from edge_agent.access_record.keeper import AccessKeeper, open_keeper
from edge_agent.access_record.sending import RecordSending
from edge_agent.clock import Clock
from edge_agent.errors import StateUnusable
from edge_agent.spool.keeper import Rows
from edge_agent.spool.spool import Spool
from edge_agent.watch import Happening

CHAIN_BROKEN = "chain-broken"
"""The reason of the first record after a chain that did not verify."""

_log = structlog.get_logger(__name__)


class AccessRecording:
    """What the agent does with its keeper. Without one, because the disk can not be used, a unit still reports; it
    opens nothing."""

    def __init__(
        self,
        keeper: AccessKeeper | StateUnusable,
        spool: Spool,
        clock: Clock,
        offer: Callable[[Rows], None],
        tell: Callable[[Happening], Awaitable[None]],
    ) -> None:
        """`keeper` is one, or why there is none; `offer` takes rows that are spooled, `tell` spools an event."""
        self._tell = tell
        self._sending = keeper if isinstance(keeper, StateUnusable) else RecordSending(keeper, spool, offer, clock)

    async def begin(self) -> None:
        """Record that the agent has started; tell of a chain that did not verify, or can not be kept."""
        if isinstance(self._sending, StateUnusable):
            await self._tell_unusable(self._sending)
            return
        keeper = self._sending.keeper
        broken = keeper.broken
        if broken is not None:
            summary = (
                f"the access record did not verify after record {broken.after} and is now {broken.aside.name}; "
                f"it goes on with record {keeper.records + 1}: {broken.detail}"
            )
            await self._tell(Happening("access-record-broken", "alarm", summary))
        try:
            await keeper.append(what="started", reason="" if broken is None else CHAIN_BROKEN)
            await self._sending.send_new()
        except StateUnusable as error:
            await self._tell_unusable(error)

    async def run(self) -> None:
        """Send what is recorded until cancelled."""
        if isinstance(self._sending, StateUnusable):
            await asyncio.Event().wait()
        else:
            await self._sending.run()

    async def send_again(self, after: int) -> int:
        """See RecordSending.send_again."""
        if isinstance(self._sending, StateUnusable):
            raise self._sending
        return await self._sending.send_again(after)

    async def _tell_unusable(self, error: StateUnusable) -> None:
        _log.warning("the access record can not be kept", detail=str(error))
        summary = f"the access record can not be kept, so nothing can be opened: {error}"
        await self._tell(Happening("access-record-unusable", "alarm", summary))


def tip_of(keeper: AccessKeeper | StateUnusable) -> Tip | None:
    """Length and head of the chain as they are now; None when it can not be read."""
    return None if isinstance(keeper, StateUnusable) else keeper.tip


async def keeper_or_why_not(state_dir: Path, clock: Clock, boot_id: str) -> AccessKeeper | StateUnusable:
    """The keeper of the chain in `state_dir`, or what stands in its way: a unit must still be able to say that."""
    try:
        return await open_keeper(state_dir, clock, boot_id)
    except StateUnusable as error:
        return error
