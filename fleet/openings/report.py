"""The report: who opened what, when, under which authority, and was it inside the mandate.

It is made from entries in the tree only. Making it is an entry, with the SHA-256 of the file that was handed out.
"""

import asyncio
from datetime import datetime
from hashlib import sha256
from typing import Literal, NamedTuple

import msgspec

from fleet.clock import Clock
from fleet.entries.access import MandateRecorded
from fleet.entries.log import LogScope, ReportMade
from fleet.log.disagreements import telling_damage
from fleet.log.key import LogKey
from fleet.log.policies import policy_in_force
from fleet.openings.facts import OPENING_KINDS, PAPER_KINDS, read_facts
from fleet.openings.openings import Opening
from fleet.openings.reading import read_openings
from fleet.openings.reconciliation import beginning
from fleet.openings.report_csv import as_csv
from fleet.openings.report_form import Report, Standing
from fleet.openings.report_pdf import as_pdf
from fleet.store.people import Person
from fleet.store.store import Store, Transaction
from protocols.api.log import OpeningsPage, OpeningView
from protocols.errors import InvalidCheckpoint, InvalidNote
from protocols.tlog.checkpoint import read_checkpoint
from protocols.tlog.note import read_note

MAX_OPENINGS = 500
FileForm = Literal["csv", "pdf"]


class ReportFile(NamedTuple):
    """A report as a file."""

    name: str
    content: bytes


class OpeningReports:
    """Reports for those who may read the log. Every method raises StoreUnavailable, and LogDamaged, after the alarm,
    when an entry that the report needs is not what was entered."""

    def __init__(self, store: Store, clock: Clock, key: LogKey) -> None:
        self._store = store
        self._clock = clock
        self._key = key
        self._printing = asyncio.Lock()

    async def page(self, scope: LogScope, person: Person) -> OpeningsPage:
        """The openings of which an entry is in `scope`, newest first, at most 500 ids."""
        now = self._clock()
        async with telling_damage(self._store, self._clock), self._store.transaction() as transaction:
            found = await _openings(transaction, scope, now)
            await transaction.log.append(_made(scope, "screen", len(found.openings), None, person, now))
        return found

    async def file(self, scope: LogScope, form: FileForm, person: Person) -> ReportFile:
        """The same as a file, with what the log's tree was when it was made."""
        now = self._clock()
        async with telling_damage(self._store, self._clock), self._store.transaction() as transaction:
            standing = await _standing(transaction, self._key)
            found = await _openings(transaction, scope, now)
        report = Report(
            scope=scope, page=found, standing=standing, made_at=now, made_by=person.person_id, maker=person.name
        )
        async with self._printing:  # one at a time: a long one takes a processor for seconds
            content = await asyncio.to_thread(as_csv if form == "csv" else as_pdf, report)
        entry = _made(scope, form, len(found.openings), sha256(content).hexdigest(), person, now)
        async with self._store.transaction() as transaction:
            await transaction.log.append(entry)
        return ReportFile(f"openings-{now:%Y%m%dT%H%M%SZ}.{form}", content)


def _made(
    scope: LogScope,
    form: Literal["screen", "csv", "pdf"],
    found: int,
    digest: str | None,
    person: Person,
    now: datetime,
) -> ReportMade:
    return ReportMade(at=now, actor=person.person_id, scope=scope, form=form, found=found, sha256=digest)


async def _openings(transaction: Transaction, scope: LogScope, now: datetime) -> OpeningsPage:
    kinds = [kind for kind in OPENING_KINDS if kind.startswith(scope.kind or "")]
    ids, is_all = await transaction.log_openings.find(kinds, scope, MAX_OPENINGS)
    asked = set(ids)
    judged = await read_openings(transaction, asked, now)
    shown = [one for one in judged if one.opening in asked and scope.unit in {None, one.unit}]
    labels = await transaction.log_openings.labels(sorted({one.unit for one in shown}))
    purposes = await _purposes(transaction, shown)
    if transaction.log_openings.damage is not None:
        raise transaction.log_openings.damage
    reports = await transaction.error_reports.that_begin([beginning(one) for one in shown])
    views = []
    for one in shown:
        report = next((reports[key] for key in reversed(reports) if key.startswith(beginning(one))), None)
        views.append(_view(one, labels.get(one.unit, ""), purposes.get(one.mandate or ""), report))
    return OpeningsPage(openings=views, is_all=is_all)


async def _purposes(transaction: Transaction, shown: list[Opening]) -> dict[str, str]:
    """Purposes by mandate, where they are not erased."""
    indexes = sorted({index for one in shown for index in one.entries})
    texts = await transaction.log_openings.purposes(indexes)
    bodies = await transaction.log_openings.at(PAPER_KINDS, list(texts))
    facts, _ = read_facts(bodies)
    return {fact.entry.mandate: texts[fact.index] for fact in facts if isinstance(fact.entry, MandateRecorded)}


def _view(one: Opening, label: str, purpose: str | None, report: str | None) -> OpeningView:
    return OpeningView(
        opening=one.opening,
        unit=one.unit,
        label=label,
        modality=one.modality,
        person=one.person,
        mandate=one.mandate,
        authority=one.authority,
        granted_at=one.granted_at,
        opened_at=one.opened_at,
        unit_opened_at=one.unit_opened_at,
        closed_at=one.closed_at,
        close_reason=one.close_reason,
        open_s=one.open_s,
        verdict=one.verdict,
        faults=[finding.sentence for finding in (*one.faults, *one.doubts)],
        report=report,
        entries=list(one.entries),
        purpose=purpose,
    )


async def _standing(transaction: Transaction, key: LogKey) -> Standing:
    """The tree as it is, with the newest checkpoint that is cosigned, or else the newest."""
    tree = transaction.log_tree
    size = await tree.size()
    standing = Standing(origin=key.verifier.name, size=size)
    stored = await tree.newest_cosigned() or await tree.newest_checkpoint()
    if stored is None:
        return standing
    policy = await policy_in_force(transaction, key)
    try:
        checkpoint = read_checkpoint(read_note(stored.note).body)
    except (InvalidNote, InvalidCheckpoint) as error:
        return msgspec.structs.replace(standing, remark=f"the newest checkpoint can not be read: {error.detail}")
    signed = msgspec.structs.replace(standing, checkpoint_size=checkpoint.size, root=checkpoint.root.hex())
    try:
        cosigned = policy.check(stored.note).cosigned
    except InvalidCheckpoint as error:
        return msgspec.structs.replace(signed, remark=f"not believed by the log policy in force: {error.detail}")
    return msgspec.structs.replace(signed, cosigned=cosigned)
