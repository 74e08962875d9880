"""Records on their way to the controller: each is spooled as an event, and again when the controller asks for it."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from edge_agent.access_record.keeper import AccessKeeper
from edge_agent.clock import Clock
from edge_agent.errors import StateUnusable
from edge_agent.spool.keeper import Rows
from edge_agent.spool.rows import Draft, record_draft
from edge_agent.spool.spool import Spool
from protocols.access_record import AccessRecord, read_record
from protocols.backoff import Backoff
from protocols.errors import InvalidAccessRecord

AT_ONCE = 200
"""Records sent again for one order: the controller asks for more when it has these."""

_PAGE = 50

_log = structlog.get_logger(__name__)


def summary(record: AccessRecord, *, again: bool = False) -> str:
    """The record for a person, in one line."""
    said = f"record {record.number}: "
    match record.what:
        case "started":
            said += f"the agent started{f' ({record.reason})' if record.reason else ''}"
        case "opened":
            said += f"{record.modality} opened for {record.person or 'nobody named'}, opening {record.opening}"
        case "closed":
            said += f"{record.modality} closed after {record.open_s or 0} s ({record.reason or 'no reason given'})"
        case "refused":
            said += f"{record.modality} refused ({record.reason or 'no reason given'})"
    return f"{said}, sent again" if again else said


class RecordSending:
    """Spools what the keeper appends from now on. What was appended before and never spooled, as by a program that was
    killed in between, the controller misses and asks for."""

    def __init__(self, keeper: AccessKeeper, spool: Spool, offer: Callable[[Rows], None], clock: Clock) -> None:
        """`offer` takes rows that are spooled."""
        self.keeper = keeper
        self._spool = spool
        self._offer = offer
        self._clock = clock
        self._sent = keeper.records

    async def run(self) -> None:
        """Spool new records until cancelled; a chain that can not be read now is read again later."""
        backoff = Backoff(base_s=1.0, cap_s=60.0)
        while True:
            await self.keeper.appended.wait()
            self.keeper.appended.clear()
            try:
                await self.send_new()
            except StateUnusable as error:
                _log.warning("new records wait for the disk", detail=str(error))
                self.keeper.appended.set()
                await asyncio.sleep(backoff.next_s())
            else:
                backoff.reset()

    async def send_new(self) -> None:
        """Spool what was appended and is not spooled yet; raises StateUnusable."""
        while texts := await self.keeper.after(self._sent, _PAGE):
            self._sent = await self._spool_texts(texts, again=False)

    async def send_again(self, after: int) -> int:
        """Spool at most 200 records above number `after` once more; returns how many. Raises StateUnusable."""
        sent, number = 0, after
        while sent < AT_ONCE and (texts := await self.keeper.after(number, min(_PAGE, AT_ONCE - sent))):
            number = await self._spool_texts(texts, again=True)
            sent += len(texts)
        return sent

    async def _spool_texts(self, texts: Sequence[str], *, again: bool) -> int:
        """Spool records; returns the number of the last."""
        at_ms = self._clock.wall_ms()
        drafts: list[Draft] = []
        try:
            for text in texts:
                record = read_record(text)
                # What is sent again is dated now: by its own date, the spool could find it too old to keep.
                drafts.append(
                    record_draft(at_ms if again else record.at_ms, record, text, summary(record, again=again))
                )
        except InvalidAccessRecord as error:
            raise StateUnusable(self.keeper.path, f"was changed while the agent ran ({error.detail})") from error
        self._offer(await self._spool.append(drafts))
        return record.number
