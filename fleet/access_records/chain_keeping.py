"""Units' records and proofs of their chains, in the transaction in which they arrive: kept, logged and judged.

Everything here needs the latest state of the units concerned to be locked, so that two controllers that hear the same
unit come one after the other.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from fleet.access_records.chain_rules import Finding, ProvenChain, by_number, grown, judge_proof, judge_records
from fleet.entries.access import ModalityClosed, ModalityOpened, OpeningRefused, UnitStarted
from fleet.entries.entry import UNIT, Entry
from fleet.error_reports import drafting
from fleet.store.access_records import Chain, Link, RecordRow
from fleet.store.events import ControllerEvent
from fleet.store.store import Transaction
from protocols.access_record import GENESIS, REASONS, AccessRecord, read_record, record_hash
from protocols.errors import InvalidAccessRecord

RECORDS_AN_HOUR = 240
"""So many records of a unit are kept in an hour; a unit makes a few."""

SENT_FOR_ONE_ORDER = 200
"""So many more for each order to send records: a unit sends no more for one."""

_Key = tuple[str, int, str]
"""Unit, number and hash of a record."""

_PAGE = 1000
_CLOCKS_APART = timedelta(minutes=1)
"""How far the clocks of two controllers may be apart."""

_BOOT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{1,32}", re.ASCII)
"""The kernel's UUID of a boot, also without hyphens."""
_OTHER = "other"
_LONGEST_S = 2**31 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ToldRecord(msgspec.Struct, frozen=True):
    """The text of a record that came with a new event."""

    unit_id: str
    text: str
    received_at: datetime


class BadRecord(msgspec.Struct, frozen=True):
    """A text that is no record; `detail` says why."""

    unit_id: str
    detail: str


class Known(msgspec.Struct, frozen=True):
    """Whom and what the controller knows of what units name."""

    people: set[str]
    authorities: set[str]


async def keep_records(transaction: Transaction, told: Sequence[ToldRecord], now: datetime) -> list[BadRecord]:
    """Keep the records among `told`, write an entry for each that is new, and judge them; returns what is no record.

    Of a unit that tells more than RECORDS_AN_HOUR and what it was asked for, the rest is left out, and is an alarm.
    """
    read: dict[_Key, tuple[AccessRecord, RecordRow]] = {}
    bad: list[BadRecord] = []
    for one in told:
        try:
            record = read_record(one.text)
        except InvalidAccessRecord as error:
            bad.append(BadRecord(one.unit_id, error.detail))
            continue
        row = _row(one, record)
        read.setdefault((row.unit_id, row.number, row.sha256), (record, row))
    await _leave_out_floods(transaction, read, now)
    if not read:
        return bad
    rows = [row for _, (_, row) in sorted(read.items(), key=lambda item: item[0])]
    new = await transaction.access_records.add(rows)
    if new:
        known = await _known(transaction, [read[key][0] for key in new])
        for key in sorted(new):
            await transaction.log.append(entry_of(key[0], read[key][0], known, now))
            await _end_opening(transaction, key[0], read[key][0])
        await _take_in(transaction, [read[key][1] for key in sorted(new)], now)
    return bad


async def _end_opening(transaction: Transaction, unit_id: str, record: AccessRecord) -> None:
    """A record of an end tells how a carried opening came out, and for how long it used its mandate's minutes."""
    if record.opening is not None and record.what in {"closed", "refused"}:
        refused = record.what == "refused"
        reason = record.reason if record.reason in REASONS else _OTHER
        open_s = min(record.open_s or 0, _LONGEST_S)
        await transaction.checks.recorded_end(unit_id, record.opening, refused=refused, reason=reason, open_s=open_s)
        transaction.changed.units.add(unit_id)


async def _leave_out_floods(
    transaction: Transaction, read: dict[_Key, tuple[AccessRecord, RecordRow]], now: datetime
) -> None:
    """Take out of `read` what is above its unit's allowance, the last told first."""
    of_unit: dict[str, list[_Key]] = {}
    for key in read:
        of_unit.setdefault(key[0], []).append(key)
    if not of_unit:
        return
    used = await transaction.access_records.allowances(sorted(of_unit), now - timedelta(hours=1))
    for unit_id, keys in sorted(of_unit.items()):
        kept, asked = used[unit_id]
        surplus = keys[max(0, RECORDS_AN_HOUR + asked * SENT_FOR_ONE_ORDER - kept) :]
        for key in surplus:
            del read[key]
        if surplus:
            summary = (
                "more access records than a unit makes: it, or a broker in its name, fills the log; the rest waits"
            )
            event = ControllerEvent(
                unit_id=unit_id,
                kind="records-flood",
                severity="alarm",
                summary=summary,
                repeat_key=f"records-flood:{unit_id}",
                count=len(surplus),
            )
            await transaction.events.add(event, now)
            transaction.changed.events = True
            transaction.changed.units.add(unit_id)


async def keep_proven_chain(transaction: Transaction, unit_id: str, proven: ProvenChain, now: datetime) -> None:
    """Enter what a unit has proved of its chain, and judge it; before the unit is challenged anew."""
    store = transaction.access_records
    chain = (await store.lock_chains([unit_id]))[unit_id]
    told = await store.told_before_challenge(unit_id, chain.records, _CLOCKS_APART)
    stored = await store.of_numbers(unit_id, [proven.records], [proven.head])
    for finding in judge_proof(chain, proven, told, stored):
        await found(transaction, finding, now)
    await store.prove(unit_id, proven.records, proven.head, now)


async def found(transaction: Transaction, finding: Finding, now: datetime) -> None:
    """Tell of `finding`, once: an alarm and an error report; a warning where reports alone say so, and another only if
    they say it anew after somebody has acknowledged that.

    While a unit has an open error report of this cause, further findings are counted on one event.
    """
    if finding.is_evidence:
        is_reported = await transaction.access_records.reported(finding.unit_id, finding.cause, finding.repeat_key)
        if is_reported is False and finding.cause != "records-missing":  # which every look finds anew
            await _count_on(transaction, finding, now)
        if is_reported is not None:
            return
        await drafting.draft(
            transaction,
            unit_id=finding.unit_id,
            cause=finding.cause,
            summary=finding.summary,
            evidence=finding.evidence,
            opening=None,
            record=finding.record,
            now=now,
            repeat_key=finding.repeat_key,
        )
        return
    if await transaction.access_records.is_told(finding.unit_id, finding.repeat_key, finding.since):
        return
    event = ControllerEvent(
        unit_id=finding.unit_id,
        kind="access-claim-differs",
        severity="warning",
        summary=f"{finding.summary}: not signed, so it may be the broker's",
        repeat_key=finding.repeat_key,
    )
    await transaction.events.add(event, now)
    transaction.changed.events = True


async def _count_on(transaction: Transaction, finding: Finding, now: datetime) -> None:
    event = ControllerEvent(
        unit_id=finding.unit_id,
        kind="error-report",
        severity="warning",
        summary="a unit's records and the log differ once more: an error report of this unit and cause is open",
        repeat_key=f"{finding.cause}:{finding.unit_id}",
        count=finding.count,
    )
    await transaction.events.add(event, now)
    transaction.changed.events = True


async def _take_in(transaction: Transaction, rows: Iterable[RecordRow], now: datetime) -> None:
    store = transaction.access_records
    new: dict[str, list[Link]] = {}
    for row in rows:
        new.setdefault(row.unit_id, []).append(Link(row.number, row.sha256, row.prior))
    chains = await store.lock_chains(sorted(new))
    for unit_id, links in new.items():
        numbers = sorted({link.number + step for link in links for step in (-1, 0, 1)})
        chain = chains[unit_id]
        hashes = {link.sha256 for link in links} | {link.prior for link in links} | {chain.proven_head or GENESIS}
        stored = by_number(await store.of_numbers(unit_id, numbers, sorted(hashes)))
        for finding in judge_records(chain, links, stored):
            await found(transaction, finding, now)
        await _grow(transaction, chain)
        transaction.changed.units.add(unit_id)


async def _grow(transaction: Transaction, chain: Chain) -> None:
    """Count on from where the chain was whole."""
    store = transaction.access_records
    records, head = chain.records, chain.head
    while True:
        page = await store.following(chain.unit_id, records, _PAGE)
        before = records
        records, head = grown(records, head, by_number(page))
        if records == before or len(page) < _PAGE:
            break
    if records > chain.records:
        await store.set_prefix(chain.unit_id, records, head)


def _row(told: ToldRecord, record: AccessRecord) -> RecordRow:
    return RecordRow(
        unit_id=told.unit_id,
        number=record.number,
        sha256=record_hash(told.text),
        prior=record.prior,
        body=told.text,
        what=record.what,
        opening=record.opening,
        at=_moment(record),
        received_at=told.received_at,
    )


async def _known(transaction: Transaction, records: Sequence[AccessRecord]) -> Known:
    named = sorted({record.person for record in records if record.person is not None})
    cited = sorted({record.authority for record in records if record.authority is not None})
    store = transaction.access_records
    return Known(
        people=await store.people(named) if named else set(),
        authorities=await store.authorities(cited) if cited else set(),
    )


def entry_of(unit_id: str, record: AccessRecord, known: Known, now: datetime) -> Entry:
    """The entry that `record` of a unit makes; it names the person and the authority that the unit names if they are
    `known`.

    What the unit may have written freely enters only where it is one of REASONS, or a boot's id.
    """
    common: dict[str, Any] = {
        "at": now,
        "actor": UNIT,
        "unit": unit_id,
        "unit_at": _moment(record),
        "authority": record.authority if record.authority in known.authorities else None,
        "record": record.number,
    }
    person = record.person if record.person in known.people else None
    access: dict[str, Any] = {"opening": record.opening, "modality": record.modality, "person": person}
    reason = record.reason if record.reason in REASONS | {""} else _OTHER
    match record.what:
        case "started":
            return UnitStarted(
                **common,
                boot=record.boot_id if not record.boot_id or _BOOT.fullmatch(record.boot_id) else _OTHER,
                reason=reason,
            )
        case "opened":
            return ModalityOpened(**common, **access, mandate=record.mandate)
        case "closed":
            return ModalityClosed(**common, **access, reason=reason, open_s=record.open_s or 0)
        case "refused":
            return OpeningRefused(**common, **access, mandate=record.mandate, rule=reason)


def _moment(record: AccessRecord) -> datetime:
    return _EPOCH + timedelta(milliseconds=record.at_ms)
