"""Checks of units: openings, who watched them, what they found, and browsers' one-time links."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal

import asyncpg
import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.access_record import Modality
from protocols.api.checks import CheckResult, CheckState, CheckView, Measure, Readiness
from protocols.api.units import UnitState
from protocols.errors import InvalidMandate
from protocols.mandate import read_mandate

_SQL = load("checks")
_measures = msgspec.json.Decoder(list[Measure])

Way = Literal["terminal", "browser", "still"]


class UnitNow(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a unit may be opened and can be told: its state, and the nonce of its session, None without one."""

    state: UnitState
    session: str | None


CARRIED = "carried"
"""In place of a controller's name: a laptop carries the lease, and only the unit's own records tell what came of it."""


class NewOpening(msgspec.Struct, frozen=True, kw_only=True):
    """An opening as it is first written. `entry_id`: of its lease or refusal; `leased_until`: when the unit closes by
    itself at the latest; `controller`: the running controller that has it, or CARRIED."""

    opening: str
    unit_id: str
    mandate_id: str
    modalities: list[Modality]
    person_id: str
    controller: str
    begun_at: datetime
    state: CheckState
    reason: str = ""
    detail: str = ""
    entry_id: int
    leased_until: datetime | None = None
    closed_at: datetime | None = None


class Use(msgspec.Struct, frozen=True):
    """What openings under a mandate have used of a day of one modality."""

    used_s: int = 0
    openings: int = 0


class Judgeable(msgspec.Struct, frozen=True, kw_only=True):
    """What judging a check has to know of it."""

    unit_id: str
    state: CheckState
    entry: int | None
    authority: str | None
    result: CheckResult
    passed: bool | None


class LinkMade(msgspec.Struct, frozen=True, kw_only=True):
    """What a one-time link was made for."""

    opening: str
    person_id: str


class CheckStore:
    """Checks within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def unit_now(self, unit_id: str, *, locked: bool = False) -> UnitNow | None:
        """The unit, None when there is none; `locked` keeps other openings of it waiting until the transaction ends."""
        record = await self._connection.fetchrow(_SQL["lock_unit" if locked else "unit_now"], unit_id)
        if record is None:
            return None
        return UnitNow(state=record["state"], session=record["session_nonce"] if record["session_up"] else None)

    async def going_on(
        self, unit_id: str, modalities: list[Modality], but: str, now: datetime
    ) -> list[tuple[str, datetime]]:
        """Openings other than `but` that may have one of `modalities` of the unit open, with the end of each one's
        lease, the latest first; with the unit locked."""
        records = await self._connection.fetch(_SQL["going_on"], unit_id, modalities, but, now)
        return [(record["opening"], record["until"]) for record in records]

    async def add(self, opening: NewOpening) -> bool:
        """Write an opening; False when there is one with this id."""
        return await self._connection.fetchval(_SQL["add"], *msgspec.structs.astuple(opening)) is not None

    async def lease_until(self, opening: str, until: datetime) -> bool:
        """The unit may have it open until then; False when it has ended."""
        return await self._connection.fetchval(_SQL["lease_until"], opening, until) is not None

    async def set_live(self, opening: str, now: datetime) -> None:
        """Picture, sound or position has come."""
        await self._connection.execute(_SQL["set_live"], opening, now)

    async def close(self, opening: str, state: CheckState, reason: str, detail: str, now: datetime) -> None:
        """It has ended, if it had not; nobody watches any more."""
        await self._connection.execute(_SQL["close"], opening, state, reason, detail, now)
        await self._connection.execute(_SQL["viewers_left"], opening, now)

    async def judge(self, opening: str, result: CheckResult) -> None:
        """What a person makes of it."""
        await self._connection.execute(_SQL["judge"], opening, result)

    async def was_open(self, opening: str, open_s: int) -> None:
        """How long it was open, as the unit says; of several sayings the longest stays."""
        await self._connection.execute(_SQL["was_open"], opening, open_s)

    async def recorded_end(self, unit_id: str, opening: str, *, refused: bool, reason: str, open_s: int) -> None:
        """The unit's own record tells how an opening ended that no controller has: a carried one, or one whose
        controller is gone. What a running controller has is written by that one."""
        await self._connection.execute(_SQL["recorded_end"], unit_id, opening, refused, reason, open_s)

    async def close_left(self, before: datetime, own: Collection[str]) -> list[tuple[str, str]]:
        """Close those, but for `own`, whose leases ended before: who had them is gone; returns opening and unit of
        each."""
        records = await self._connection.fetch(_SQL["close_left"], before, list(own))
        return [(record["opening"], record["unit_id"]) for record in records]

    async def one(self, opening: str) -> CheckView | None:
        """One check."""
        records = await self._connection.fetch(_SQL["views"], opening, None, 1)
        return _view(records[0]) if records else None

    async def locked(self, opening: str) -> Judgeable | None:
        """One check, which nobody else judges until the transaction ends."""
        record = await self._connection.fetchrow(_SQL["lock_one"], opening)
        return None if record is None else Judgeable(**record)

    async def of_unit(self, unit_id: str, limit: int) -> list[CheckView]:
        """A unit's checks, newest first."""
        return [_view(record) for record in await self._connection.fetch(_SQL["views"], None, unit_id, limit)]

    async def used(self, mandate_id: str, day_starts: datetime, now: datetime) -> dict[Modality, Use]:
        """What openings under a mandate have used since `day_starts`, by modality."""
        records = await self._connection.fetch(_SQL["used"], mandate_id, day_starts, now)
        return {record["modality"]: Use(record["used_s"], record["openings"]) for record in records}

    async def add_viewer(self, opening: str, viewer_id: str, person_id: str, way: Way, now: datetime) -> None:
        """Somebody watches."""
        await self._connection.execute(_SQL["add_viewer"], opening, viewer_id, person_id, way, now)

    async def viewer_left(self, opening: str, viewer_id: str, now: datetime) -> None:
        """They no longer do."""
        await self._connection.execute(_SQL["viewer_left"], opening, viewer_id, now)

    async def add_readiness(
        self, opening: str, unit_id: str, measures: list[Measure], passed: bool | None, now: datetime
    ) -> None:
        """What a check found, in numbers."""
        written = msgspec.json.encode(measures).decode()
        await self._connection.execute(_SQL["add_readiness"], opening, unit_id, now, written, passed)

    async def supplies_mv(self, unit_id: str, since: datetime, until: datetime) -> list[int | None]:
        """The unit's supply voltage in the newest report of that time that gives one; None in place of it where the
        reports give none; nothing without a report."""
        return [record["supply_mv"] for record in await self._connection.fetch(_SQL["supply"], unit_id, since, until)]

    async def add_link(self, token_mac: bytes, opening: str, person_id: str, expires_at: datetime) -> None:
        """Keep a one-time link, and drop those that can not be used any more."""
        await self._connection.execute(_SQL["add_link"], token_mac, opening, person_id, expires_at)

    async def link(self, token_mac: bytes, now: datetime) -> LinkMade | None:
        """What a link is good for; None when there is none, or it is used or too old. It is not used up."""
        record = await self._connection.fetchrow(_SQL["link"], token_mac, now)
        return None if record is None else LinkMade(**record)

    async def use_link(self, token_mac: bytes, now: datetime) -> LinkMade | None:
        """Use a link up; None when there is none, or it is used or too old."""
        record = await self._connection.fetchrow(_SQL["use_link"], token_mac, now)
        return None if record is None else LinkMade(**record)

    async def drop_links(self, before: datetime) -> None:
        """Forget links that ended before."""
        await self._connection.execute(_SQL["drop_links"], before)


def sentence(person: str, modalities: Collection[str], unit: str, mandate: str, purpose: str) -> str:
    """What the log says of a lease, in a sentence; the purpose is empty where the mandate's line was erased."""
    what = " and ".join(modalities)
    purposed = f", purpose: {purpose}" if purpose else ""
    return f"{what} of {unit} by {person} under {mandate}{purposed}"


def _purpose(line: str) -> str:
    try:
        return read_mandate(line).purpose if line else ""
    except InvalidMandate:  # a damaged line must not keep a unit's checks from being listed
        return ""


def _view(record: asyncpg.Record) -> CheckView:
    values: dict[str, Any] = dict(record)
    said = sentence(
        values["person_id"], values["modalities"], values["unit_id"], values["mandate_id"], _purpose(values["line"])
    )
    return CheckView(
        opening=values["opening"],
        unit=values["unit_id"],
        modalities=values["modalities"],
        mandate=values["mandate_id"],
        person=values["person_id"],
        state=values["state"],
        reason=values["reason"],
        detail=values["detail"],
        sentence=said,
        entry=values["leaf_index"],
        begun_at=values["begun_at"],
        live_at=values["live_at"],
        closed_at=values["closed_at"],
        open_s=values["open_s"],
        viewers=values["viewers"],
        readiness=_readiness(values),
        note=values["note"] or "",
    )


def _readiness(values: dict[str, Any]) -> Readiness | None:
    if values["measured_at"] is None:
        return None
    return Readiness(
        opening=values["opening"],
        unit=values["unit_id"],
        measured_at=values["measured_at"],
        measures=_measures.decode(values["measures"]),
        passed=values["passed"],
        result=values["result"],
        by=values["person_id"],
    )
