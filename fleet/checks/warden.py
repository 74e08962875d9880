"""Watches whether a check may stay open: its unit, mandate, authority and person, as the database has them."""

from collections.abc import Collection
from typing import NamedTuple

import structlog
from msgspec.structs import replace

from fleet.checks.permits import Check, may_watch, permit
from fleet.checks.tools import Tools
from fleet.checks.unit_line import UnitLine
from fleet.errors import StoreUnavailable
from fleet.mandates.standing import Obstacle
from protocols.lease import MAX_LEASE_S

_RUNS_OUT = frozenset({"over-minutes", "after-mandate", "after-authority"})
"""The lease that runs was granted within these, and ends with them by itself."""
LAST_LEASE = _RUNS_OUT | {"review-overdue"}
"""For want of these no other lease is granted, and the one that runs is left to its end."""
_CANCELLED = {"mandate-cancelled", "authority-cancelled"}

_log = structlog.get_logger(__name__)


class Objection(NamedTuple):
    """It has to close, for one of `protocols.access_record.REASONS`."""

    reason: str
    detail: str


class Warden:
    """Looks after `check`; tells `line` which session the unit has."""

    def __init__(self, check: Check, tools: Tools, line: UnitLine) -> None:
        self._check = check
        self._tools = tools
        self._line = line

    async def barred(self, people: Collection[str]) -> list[str]:
        """Those of `people` who may not watch any more; nobody, when that can not be known now."""
        now = self._tools.clock()
        try:
            async with self._tools.store.transaction() as transaction:
                found = {one: await transaction.people.get(one) for one in people}
        except StoreUnavailable as error:
            _log.warning("whether people may go on watching is not known now", detail=error.detail)
            return []
        return [one for one, person in found.items() if person is None or not may_watch(person, now)]

    async def look(self, person_id: str) -> Objection | None:
        """Why it may not stay open under a lease that names `person_id`; None when it may, or when that can not be
        known now: its lease is short."""
        check = replace(self._check, person_id=person_id)
        try:
            async with self._tools.store.transaction() as transaction:
                found = await permit(transaction, check, self._tools.clock(), MAX_LEASE_S, first=False)
                self._line.note(await transaction.checks.unit_now(self._check.unit_id))
        except StoreUnavailable as error:
            _log.warning("whether a check may go on is not known now", detail=error.detail)
            return None
        if not isinstance(found, Obstacle) or found.rule in _RUNS_OUT:
            return None
        return Objection("cancelled" if found.rule in _CANCELLED else found.rule, found.sentence)
