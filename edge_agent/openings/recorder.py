"""The records of openings in the unit's chain, and the ledger beside them: what must be on the disk, and when."""

from collections.abc import Sequence

import structlog

from edge_agent.access_record.keeper import AccessKeeper
from edge_agent.clock import Clock
from edge_agent.errors import StateUnusable
from edge_agent.openings.chain_closing import news_of, open_s_of, whole_seconds
from edge_agent.openings.ledger import Ledger, Opening
from edge_agent.openings.ledger_file import LedgerFile
from edge_agent.openings.refusals import RefusalCount
from edge_agent.openings.session import SessionEnd
from edge_agent.openings.verdicts import OpeningRefused, Permit
from protocols.access_record import Modality, What
from protocols.lease import Lease

_log = structlog.get_logger(__name__)


class Recorder:
    """Keeps both. Whoever calls it has the turn: one thing at a time."""

    def __init__(self, keeper: AccessKeeper | StateUnusable, ledger: LedgerFile, clock: Clock, boot_id: str) -> None:
        """`keeper` is one, or why there is none."""
        self._keeper = keeper
        self._file = ledger
        self._clock = clock
        self._boot_id = boot_id
        self._count = RefusalCount()

    @property
    def ledger(self) -> Ledger | None:
        """What counts now; None when nothing may open."""
        return self._file.now

    async def begin(self) -> None:
        """Read both; what was open when the agent ended is closed in the chain, and counts as used to its deadline."""
        keeper = self._keeper
        if isinstance(keeper, StateUnusable):
            return
        try:
            news = await news_of(keeper)
            await self._file.load(has_opened=news.has_opened)
            for record in news.unclosed:
                open_s = open_s_of(record, self._file.now, self._boot_id, self._clock.mono_ms())
                await keeper.append(
                    what="closed",
                    modality=record.modality,
                    opening=record.opening,
                    mandate=record.mandate,
                    authority=record.authority,
                    person=record.person,
                    reason="agent-stopped",
                    open_s=open_s,
                )
            if self._file.now is not None and self._file.now.open:
                ledger = self._file.now
                for opening in ledger.open:
                    ledger = ledger.with_closed(opening.opening, opening.until_boot_ms)
                await self._file.settle(ledger)
        except StateUnusable as error:
            self._file.now, self._file.problem = None, str(error)
        if self._file.now is None:
            _log.warning("nothing opens", detail=self._file.problem)

    def obstacle(self) -> OpeningRefused | None:
        """Why nothing can open, whatever is granted: `chain-unusable`, `state-unusable`."""
        if isinstance(self._keeper, StateUnusable):
            return OpeningRefused("chain-unusable", f"the unit can not record what it opens: {self._keeper}")
        if self._file.now is None:
            return OpeningRefused("state-unusable", f"the unit can not count what it opens: {self._file.problem}")
        return None

    async def allow(self, permit: Permit) -> None:
        """Ledger and records are on the disk on return, and only then may be opened. Raises OpeningRefused."""
        before = self._file.now
        try:
            await self._file.keep(permit.ledger)
        except StateUnusable as error:
            raise OpeningRefused("state-unusable", f"the unit can not count what it opens: {error}") from error
        if permit.is_renewal:
            return
        written: list[Modality] = []
        try:
            for modality in permit.opening.modalities:
                await self._append("opened", modality, permit.opening)
                written.append(modality)
        except StateUnusable as error:
            await self._take_back(permit.opening, written, before)
            raise OpeningRefused("chain-unusable", f"the unit can not record what it opens: {error}") from error

    async def closed(self, opening: Opening, end: SessionEnd) -> int:
        """Record an end, and give back what was reserved; returns for how many seconds it was open.

        A disk that fails now is told in the log: the ledger on it then counts too much, and the next start closes what
        the chain leaves open.
        """
        open_s = whole_seconds(end.at_boot_ms - opening.opened_boot_ms)
        try:
            for modality in opening.modalities:
                await self._append("closed", modality, opening, reason=end.reason, open_s=open_s)
        except StateUnusable as error:
            _log.warning("the end of an opening can not be recorded", opening=opening.opening, detail=str(error))
        if self._file.now is not None:
            await self._settle(self._file.now.with_closed(opening.opening, end.at_boot_ms))
        return open_s

    async def cancelled(self, mandate: str) -> None:
        """Remember a cancelled mandate, on the disk on return. Raises StateUnusable; until the next start it counts all
        the same."""
        if self._file.now is None:
            raise StateUnusable(self._file.path, self._file.problem)
        await self._file.settle(self._file.now.with_cancelled(mandate))

    async def refused(self, rule: str, lease: Lease | None, modalities: Sequence[Modality]) -> None:
        """Record a refusal, once in a minute for each rule and modality. `lease` is one that the controller signed.

        What nobody could read was refused of what the unit waited for, else of picture: a record names a modality.
        """
        if isinstance(self._keeper, StateUnusable):
            return
        for modality in lease.modalities if lease is not None else modalities or ["video"]:
            left_out = self._count.note(rule, modality, self._clock.mono_ms())
            if left_out is None:
                continue
            if left_out:
                _log.warning("refusals were counted, and not recorded one by one", left_out=left_out)
            try:
                await self._keeper.append(
                    what="refused",
                    modality=modality,
                    opening=None if lease is None else lease.opening,
                    mandate=None if lease is None else lease.mandate,
                    person=None if lease is None else lease.person,
                    reason=rule,
                )
            except StateUnusable as error:
                _log.warning("a refusal can not be recorded", rule=rule, detail=str(error))

    def close(self) -> None:
        """Let go of the ledger's file."""
        self._file.close()

    async def _take_back(self, opening: Opening, written: Sequence[Modality], before: Ledger | None) -> None:
        end = SessionEnd("chain-unusable", "", opening.opened_boot_ms)
        try:
            for modality in written:
                await self._append("closed", modality, opening, reason=end.reason, open_s=0)
        except StateUnusable as error:
            _log.warning("a record without its end stays until the next start", detail=str(error))
        if before is not None:
            await self._settle(before)

    async def _settle(self, ledger: Ledger) -> None:
        try:
            await self._file.settle(ledger)
        except StateUnusable as error:
            _log.warning("the ledger can not be written; it counts too much until it can", detail=str(error))

    async def _append(
        self, what: What, modality: Modality, opening: Opening, *, reason: str = "", open_s: int | None = None
    ) -> None:
        if isinstance(self._keeper, StateUnusable):
            raise self._keeper
        await self._keeper.append(
            what=what,
            modality=modality,
            opening=opening.opening,
            mandate=opening.mandate,
            authority=opening.authority,
            person=opening.person,
            reason=reason,
            open_s=open_s,
        )
