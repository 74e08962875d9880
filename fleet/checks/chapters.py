"""What a check writes down as it goes: its first pictures, who watches, how it ended and what it found."""

from datetime import datetime

import msgspec

from fleet.checks.permits import Check
from fleet.checks.session import Ended
from fleet.entries.access import CheckJudged, MediaBegan, ViewerJoined
from fleet.entries.entry import HashedText
from fleet.mandates.refusing import note_refusal
from fleet.readiness.judging import judge, passed
from fleet.readiness.limits import Limits
from fleet.readiness.observed import Observed
from fleet.store.checks import NewOpening, Way
from fleet.store.store import Transaction
from protocols.access_record import Modality
from protocols.api.checks import Verdict


class Judgement(msgspec.Struct, frozen=True):
    """What a person makes of a check."""

    verdict: Verdict
    by: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a check ended, and when, for what is written of it; `live_at` None when nothing ever came."""

    ended: Ended
    authority: str | None
    live_at: datetime | None
    closed_at: datetime
    observed: Observed | None
    limits: Limits
    judgement: Judgement | None


async def media_began(
    transaction: Transaction, check: Check, modality: Modality, authority: str | None, now: datetime
) -> None:
    """The first picture or sound has come, and goes to whoever watches; or the position, which is kept."""
    await transaction.log.append(
        MediaBegan(
            at=now,
            actor=check.person_id,
            unit=check.unit_id,
            authority=authority,
            opening=check.opening,
            modality=modality,
        )
    )
    await transaction.checks.set_live(check.opening, now)
    transaction.changed.units.add(check.unit_id)


async def viewer_joined(
    transaction: Transaction,
    check: Check,
    viewer_id: str,
    person_id: str,
    way: Way,
    authority: str | None,
    now: datetime,
    *,
    is_new: bool,
) -> None:
    """Somebody watches; `is_new`: another person, or the same by another way."""
    await transaction.checks.add_viewer(check.opening, viewer_id, person_id, way, now)
    if is_new:
        entry = ViewerJoined(
            at=now, actor=person_id, unit=check.unit_id, authority=authority, opening=check.opening, way=way
        )
        await transaction.log.append(entry)
    transaction.changed.units.add(check.unit_id)


async def refused(transaction: Transaction, check: Check, controller: str, ended: Ended, now: datetime) -> None:
    """There never was a lease: the refusal is an entry, and the check a row."""
    entry_id = await note_refusal(
        transaction, check.unit_id, check.mandate_id, check.modalities, ended.reason, check.person_id, now
    )
    await transaction.checks.add(
        NewOpening(
            opening=check.opening,
            unit_id=check.unit_id,
            mandate_id=check.mandate_id,
            modalities=check.modalities,
            person_id=check.person_id,
            controller=controller,
            begun_at=check.begun_at,
            state="refused",
            reason=ended.reason,
            detail=ended.detail,
            entry_id=entry_id,
            closed_at=now,
        )
    )


async def ended(transaction: Transaction, check: Check, controller: str, outcome: Outcome, now: datetime) -> None:
    """It is over: state and reason, the numbers it found, and what the person who closed it makes of it."""
    if await transaction.checks.one(check.opening) is None:
        await refused(transaction, check, controller, outcome.ended, now)
    else:
        end = outcome.ended
        await transaction.checks.close(check.opening, end.state, end.reason, end.detail, outcome.closed_at)
        found = await _readiness(transaction, check, outcome)
        if outcome.judgement is not None:
            await judged(transaction, check.opening, check.unit_id, outcome.judgement, found, outcome.authority, now)
    transaction.changed.units.add(check.unit_id)


async def judged(
    transaction: Transaction,
    opening: str,
    unit_id: str,
    judgement: Judgement,
    found: bool | None,
    authority: str | None,
    now: datetime,
) -> None:
    """A person says what they make of a check; `found` is what its measures say."""
    verdict = judgement.verdict
    await transaction.checks.judge(opening, verdict.result)
    entry = CheckJudged(
        at=now,
        actor=judgement.by,
        unit=unit_id,
        authority=authority,
        opening=opening,
        result=verdict.result,
        passed=found,
        note=HashedText(verdict.note) if verdict.note else None,
    )
    await transaction.log.append(entry)
    transaction.changed.units.add(unit_id)


async def _readiness(transaction: Transaction, check: Check, outcome: Outcome) -> bool | None:
    observed = outcome.observed
    if observed is None or outcome.live_at is None:
        return None
    for supply_mv in await transaction.checks.supplies_mv(check.unit_id, outcome.live_at, outcome.closed_at):
        observed.supply(supply_mv)
    measures = judge(observed, outcome.limits)
    found = passed(measures)
    await transaction.checks.add_readiness(check.opening, check.unit_id, measures, found, outcome.closed_at)
    return found
