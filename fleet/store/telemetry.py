"""Reports, unit events, sessions and presence, as ingest and the presence sweeper write them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from fleet.entries.entry import CONTROLLER, HashedText
from fleet.entries.people_and_units import ModelLearnt
from fleet.store.connection import Connection
from fleet.store.log import LogStore
from fleet.store.queries import load
from protocols.api.units import UnitState
from protocols.uplink import Severity

_SQL = load("telemetry")

REPORT_COLUMNS = (
    "unit_id",
    "spool_id",
    "received_at_ms",
    "seq",
    "sampled_at_ms",
    "supply_mv",
    "undervolted",
    "soc_temp_c",
    "cpu_used_percent",
    "memory_used_percent",
    "storage_used_percent",
    "battery_percent",
    "clock_offset_ms",
    "wifi_signal_dbm",
    "rsrp_dbm",
    "more",
)
"""A report's row as `add_reports` takes it; times in Unix milliseconds, `more` the JSON text of the other figures."""

NewSeqs = dict[tuple[str, int], set[int]]
"""Which numbers were new, by unit and spool."""


class KnownUnit(msgspec.Struct, frozen=True):
    """What ingest needs to know of a unit before it stores anything of it."""

    state: UnitState
    report_every_s: int


class LiveState(msgspec.Struct, gc=False):
    """The part of a unit's latest state that decides what a message changes."""

    session_nonce: str | None = None
    session_previous: str | None = None
    session_connection: str | None = None
    session_up: bool | None = None
    spool_id: int | None = None
    last_seq: int | None = None


class EventRow(msgspec.Struct, frozen=True, gc=False):
    """An event a unit reported."""

    unit_id: str
    spool_id: int
    seq: int
    kind: str
    severity: Severity
    summary: str
    at: datetime
    received_at: datetime


class Heard(msgspec.Struct, gc=False):
    """What new reports of a unit change: `stored` of them, and with `newer` the figures of the latest."""

    unit_id: str
    received_at: datetime
    stored: int
    presence_due_at: datetime
    newer: bool = False
    sampled_at: datetime | None = None
    spool_id: int | None = None
    seq: int | None = None
    settings_version: int | None = None
    supply_mv: int | None = None
    undervolted: bool | None = None
    soc_temp_c: float | None = None
    storage_used_percent: float | None = None
    rsrp_dbm: float | None = None
    clock_offset_ms: float | None = None
    health: str | None = None


class SessionSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A unit's session as last announced; None leaves what was known."""

    unit_id: str
    up: bool
    at: datetime
    nonce: str
    connection: str | None = None
    boot_id: str | None = None
    agent_version: str | None = None
    settings_version: int | None = None
    model: str | None = None


class CountedRejection(msgspec.Struct, frozen=True, kw_only=True):
    """`count` messages flagged for one reason, of which `refused` were not stored; `unit_id` None: no such unit."""

    unit_id: str | None
    kind: str
    severity: Severity
    summary: str
    count: int
    refused: int
    repeat_key: str


class DuePresence(msgspec.Struct, frozen=True):
    """A unit whose word may have to change."""

    unit_id: str
    label: str
    state: UnitState
    presence: str
    last_report_at: datetime | None
    report_every_s: int


class TelemetryStore:
    """Telemetry within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._staged = False

    async def known_units(self, unit_ids: list[str]) -> dict[str, KnownUnit]:
        """Those of `unit_ids` that exist."""
        records = await self._connection.fetch(_SQL["known_units"], unit_ids)
        return {unit_id: KnownUnit(state, report_every_s) for unit_id, state, report_every_s in records}

    async def stage_reports(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Hand reports over, each a tuple of REPORT_COLUMNS, for `add_staged` of this transaction to store.

        By COPY into a table of this connection, since a duplicate would abort a COPY into the real one.
        """
        if rows:
            await self._connection.execute(_SQL["make_staging"])
            await self._connection.copy_records_to_table("health_staging", records=rows, columns=REPORT_COLUMNS)
            self._staged = True

    async def add_staged(self) -> NewSeqs:
        """Store what was staged, leaving out what is already there; returns what is new."""
        if not self._staged:
            return {}
        return _by_spool(await self._connection.fetch(_SQL["add_staged"]))

    async def add_events(self, rows: Sequence[EventRow]) -> NewSeqs:
        """Store units' events, leaving out those already there; returns the new ones."""
        if not rows:
            return {}
        return _by_spool(await self._connection.fetch(_SQL["add_events"], *_columns(EventRow, rows)))

    async def lock_live(self, unit_ids: list[str]) -> dict[str, LiveState]:
        """The latest state of these units, locked in order of their ids until the transaction ends."""
        records = await self._connection.fetch(_SQL["lock_live"], unit_ids)
        return {unit_id: LiveState(*state) for unit_id, *state in records}

    async def set_heard(self, heard: Sequence[Heard]) -> None:
        """Enter what new reports say into the latest state, one item a unit."""
        if heard:
            await self._connection.execute(_SQL["set_heard"], *_columns(Heard, heard))

    async def set_sessions(self, seen: Sequence[SessionSeen]) -> None:
        """Enter announced sessions, one item a unit; a model is entered where none is known."""
        if not seen:
            return
        *columns, _models = _columns(SessionSeen, seen)
        await self._connection.execute(_SQL["set_sessions"], *columns)
        named = [one for one in seen if one.model]
        if named:
            names = [one.unit_id for one in named], [one.model for one in named]
            times, log = {one.unit_id: one.at for one in named}, LogStore(self._connection)
            for unit_id, model in await self._connection.fetch(_SQL["set_models"], *names):
                learnt = ModelLearnt(at=times[unit_id], actor=CONTROLLER, unit=unit_id, model=HashedText(model))
                await log.append(learnt)

    async def add_rejections(self, rejections: Sequence[CountedRejection], now: datetime) -> None:
        """Count refused messages on the open event of their repeat key, or write it; one item a repeat key."""
        if not rejections:
            return
        unit_ids, kinds, severities, summaries, counts, _refused, keys = _columns(CountedRejection, rejections)
        await self._connection.execute(
            _SQL["add_rejections"], unit_ids, kinds, severities, summaries, counts, keys, now
        )
        refused: dict[str, int] = {}
        for one in rejections:
            if one.unit_id is not None and one.refused:
                refused[one.unit_id] = refused.get(one.unit_id, 0) + one.refused
        if refused:
            await self._connection.execute(_SQL["count_rejected"], list(refused), list(refused.values()))

    async def take_due(self, now: datetime, limit: int) -> list[DuePresence]:
        """Up to `limit` units whose presence is due to be looked at, locked; rows another controller has are left."""
        return [DuePresence(*record) for record in await self._connection.fetch(_SQL["take_due"], now, limit)]

    async def set_presence(self, words: Sequence[tuple[str, str, datetime | None]]) -> None:
        """Enter (unit id, word, when to look again)."""
        if words:
            unit_ids, names, due = zip(*words, strict=True)
            await self._connection.execute(_SQL["set_presence"], unit_ids, names, due)


def _by_spool(records: Sequence[Any]) -> NewSeqs:
    return {(unit_id, spool_id): set(seqs) for unit_id, spool_id, seqs in records}


def _columns(kind: type[msgspec.Struct], rows: Sequence[msgspec.Struct]) -> list[list[Any]]:
    return [[getattr(row, name) for row in rows] for name in kind.__struct_fields__]
