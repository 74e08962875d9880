"""What goes into the spool and what comes out."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import msgspec

from protocols.access_record import AccessRecord
from protocols.health import HealthReport
from protocols.releases.reports import UpdateReport
from protocols.text import one_line
from protocols.uplink import Severity, UnitEvent

Kind = Literal["health", "event"]
Ranges = list[tuple[int, int]]
"""Pairs (first, last) of sequence numbers, both inclusive."""

_encoder = msgspec.json.Encoder()


class Draft(NamedTuple):
    """Something to spool: `encode` makes its JSON once the sequence number is known."""

    kind: Kind
    sampled_at_ms: int
    encode: Callable[[int], bytes]


class Row(NamedTuple):
    """Something spooled. `body` is the JSON of a HealthReport or a UnitEvent, `seq` included."""

    seq: int
    kind: Kind
    sampled_at_ms: int
    body: bytes


class SpoolTally(NamedTuple):
    """Where a spool stands: rows `waiting` (reports and events), ever `dropped` by its bounds, and ever `unspooled`
    because the disk could not be written. `spool_id` and `next_seq` name the next row."""

    spool_id: int
    next_seq: int
    waiting: int
    dropped: int
    unspooled: int
    on_disk: bool


def health_draft(sampled_at_ms: int, report: Callable[[int], HealthReport]) -> Draft:
    """A draft of the health report that `report` makes for a sequence number."""
    return Draft("health", sampled_at_ms, lambda seq: _encoder.encode(report(seq)))


def event_draft(at_ms: int, kind: str, severity: Severity, summary: str, update: UpdateReport | None = None) -> Draft:
    """A draft of an event; `kind` is a kebab-case word, `summary` is cut to 200 signs on one line. `update` is how far
    an update has come, where it is about one."""
    return _event_draft(at_ms, kind, severity, summary, update=update)


def record_draft(at_ms: int, record: AccessRecord, text: str, summary: str) -> Draft:
    """A draft of the event that carries `record` of the unit's own chain, whose exact text is `text`."""
    return _event_draft(at_ms, f"access-{record.what}", "info", summary, record=text)


def _event_draft(
    at_ms: int,
    kind: str,
    severity: Severity,
    summary: str,
    *,
    record: str | None = None,
    update: UpdateReport | None = None,
) -> Draft:
    event = UnitEvent(
        seq=1,
        sampled_at_ms=at_ms,
        kind=kind,
        severity=severity,
        summary=one_line(summary, 200),
        record=record,
        update=update,
    )
    return Draft("event", at_ms, lambda seq: _encoder.encode(msgspec.structs.replace(event, seq=seq)))
