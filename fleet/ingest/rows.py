"""Messages as rows: the tuples and structs that the store writes. Pure."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any

import msgspec

from fleet.access_records.chain_keeping import ToldRecord
from fleet.rollouts.keeping import ToldUpdate
from fleet.store.telemetry import REPORT_COLUMNS, EventRow, Heard, NewSeqs
from protocols.health import FIGURES, HealthReport
from protocols.uplink import AnyUpMessage, EventBatch, HealthBatch

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OWN_COLUMNS = REPORT_COLUMNS[3:-1]
_OTHERS = tuple(name for name in (*FIGURES, "ages_s") if name not in _OWN_COLUMNS)

_own_values = attrgetter(*_OWN_COLUMNS)
_other_values = attrgetter(*_OTHERS)
_encoder = msgspec.json.Encoder()
_Others = msgspec.defstruct(
    "_Others", [(name, Any, {} if name == "ages_s" else None) for name in _OTHERS], omit_defaults=True, frozen=True
)


def moment(unix_ms: int) -> datetime:
    """Unix milliseconds as a UTC datetime."""
    return _EPOCH + timedelta(milliseconds=unix_ms)


def report_rows(message: HealthBatch, received_at_ms: int) -> Iterator[tuple[Any, ...]]:
    """A tuple of REPORT_COLUMNS for each report."""
    place = (message.unit, message.spool_id, received_at_ms)
    for report in message.reports:
        others = _encoder.encode(_Others(*_other_values(report))).decode()
        yield (*place, *_own_values(report), others)


def event_rows(message: EventBatch, received_at_ms: int) -> Iterator[EventRow]:
    """A row for each event."""
    received_at = moment(received_at_ms)
    for event in message.events:
        at = moment(event.sampled_at_ms)
        yield EventRow(
            message.unit, message.spool_id, event.seq, event.kind, event.severity, event.summary, at, received_at
        )


def told_records(messages: Iterable[tuple[AnyUpMessage, int]], new_events: NewSeqs) -> list[ToldRecord]:
    """The records that came with new events, each once; `messages` are with when they were received."""
    told: dict[tuple[str, int, int], ToldRecord] = {}
    for message, received_at_ms in messages:
        if not isinstance(message, EventBatch):
            continue
        new = new_events.get((message.unit, message.spool_id), set())
        for event in message.events:
            if event.record is not None and event.seq in new:
                one = ToldRecord(message.unit, event.record, moment(received_at_ms))
                told.setdefault((message.unit, message.spool_id, event.seq), one)
    return list(told.values())


def told_updates(messages: Iterable[AnyUpMessage], new_events: NewSeqs) -> list[ToldUpdate]:
    """What new events say of updates, each once."""
    told: dict[tuple[str, int, int], ToldUpdate] = {}
    for message in messages:
        if not isinstance(message, EventBatch):
            continue
        new = new_events.get((message.unit, message.spool_id), set())
        for event in message.events:
            if event.update is not None and event.seq in new:
                one = ToldUpdate(message.unit, message.spool_id, event.seq, event.update, event.summary)
                told.setdefault((message.unit, message.spool_id, event.seq), one)
    return list(told.values())


def enter_latest(heard: Heard, message: HealthBatch, report: HealthReport) -> None:
    """Make `report` of `message` the latest in `heard`."""
    heard.newer = True
    heard.sampled_at = moment(report.sampled_at_ms)
    heard.spool_id = message.spool_id
    heard.seq = report.seq
    heard.settings_version = message.settings_version
    heard.supply_mv = report.supply_mv
    heard.undervolted = report.undervolted
    heard.soc_temp_c = report.soc_temp_c
    heard.storage_used_percent = report.storage_used_percent
    heard.rsrp_dbm = report.rsrp_dbm
    heard.clock_offset_ms = report.clock_offset_ms
    heard.health = _encoder.encode(report).decode()
