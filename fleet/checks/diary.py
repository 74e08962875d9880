"""Writes one check down as it goes: in the log first, where what follows depends on it; else patiently."""

import asyncio
from datetime import datetime

import structlog

from fleet.checks import chapters
from fleet.checks.chapters import Outcome
from fleet.checks.permits import Check
from fleet.checks.tools import Tools
from fleet.errors import StoreUnavailable
from fleet.store.positions import StoredPosition
from protocols.access_record import Modality
from protocols.backoff import Backoff
from protocols.opening import PositionFound

_log = structlog.get_logger(__name__)


class Diary:
    """Of `check`, under `authority` (its reference)."""

    def __init__(self, check: Check, tools: Tools, authority: str | None) -> None:
        self._check = check
        self._tools = tools
        self._authority = authority
        self._is_found = False

    async def began(self, modality: Modality) -> datetime:
        """The first of `modality` has come; returns when. Raises StoreUnavailable: then nothing more may come."""
        now = self._tools.clock()
        async with self._tools.store.transaction() as transaction:
            await chapters.media_began(transaction, self._check, modality, self._authority, now)
        return now

    async def found(self, signal: PositionFound) -> datetime:
        """The unit said where it is; returns when. In the log once: else a unit that keeps no record of it would have
        opened nothing. Raises StoreUnavailable."""
        now = self._tools.clock()
        check = self._check
        position = StoredPosition(
            unit_id=check.unit_id,
            opening=check.opening,
            mandate_id=check.mandate_id,
            sealed=self._tools.seal.seal(
                signal.at, unit_id=check.unit_id, opening=check.opening, mandate_id=check.mandate_id
            ),
            hdop=signal.hdop,
            satellites=signal.satellites,
            found_at=now,
        )
        async with self._tools.store.transaction() as transaction:
            await transaction.positions.put(position)
            if not self._is_found:
                await chapters.media_began(transaction, check, "position", self._authority, now)
        self._is_found = True
        return now

    async def viewer_left(self, viewer_id: str) -> None:
        """A viewer went."""
        try:
            async with self._tools.store.transaction() as transaction:
                await transaction.checks.viewer_left(self._check.opening, viewer_id, self._tools.clock())
        except StoreUnavailable as error:
            _log.warning("when a viewer left is not written", opening=self._check.opening, detail=error.detail)

    async def ended(self, outcome: Outcome) -> None:
        """It is over. Tried until it is written, or cancelled: a controller that has stopped by then leaves a row whose
        lease is over, and whichever looks next can only say that."""
        backoff = Backoff(base_s=0.2, cap_s=3.0)
        why = ""
        while True:
            try:
                async with self._tools.store.transaction() as transaction:
                    now = self._tools.clock()
                    await chapters.ended(transaction, self._check, self._tools.controller, outcome, now)
            except StoreUnavailable as error:
                if not why:
                    why = error.detail
                    _log.error("the end of a check waits to be written", opening=self._check.opening, detail=why)
                await asyncio.sleep(backoff.next_s())
            else:
                return

    async def was_open(self, open_s: int) -> None:
        """So long the unit was open, as it says."""
        try:
            async with self._tools.store.transaction() as transaction:
                await transaction.checks.was_open(self._check.opening, open_s)
                transaction.changed.units.add(self._check.unit_id)
        except StoreUnavailable as error:
            _log.warning("how long a unit was open is not written", opening=self._check.opening, detail=error.detail)
