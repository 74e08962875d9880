"""Whether a mandate lets a modality be opened at a moment: asked before every lease, first or renewed.

What `may_open` says holds until its transaction ends: nobody cancels the mandate or its authority meanwhile. Minutes
and openings per day are the unit's to count.
"""

from datetime import datetime
from typing import Literal, NamedTuple

from fleet.mandates.rules import ended_words
from fleet.openings.rules import NEEDED_KINDS, moment
from fleet.store.store import Transaction
from fleet.store.stored_authority import Authority
from fleet.store.stored_mandate import StoredMandate
from protocols.access_record import Modality
from protocols.errors import InvalidMandate
from protocols.mandate import Mandate, SignedMandate, mandate_hash

EndsBy = Literal["after-mandate", "after-authority", "review-overdue"]


class Standing(NamedTuple):
    """A mandate that may be opened now. No lease inside it may last longer than `until`: the mandate, its authority or
    the time for the next review of that ends then, as `ends_by` says. `signed` is what the unit has to be sent;
    `review_at` is when the authority's next review is due, None when none is."""

    mandate_id: str
    unit_id: str
    mandate: Mandate
    signed: SignedMandate
    authority_id: str | None
    authority: str | None
    until: datetime
    ends_by: EndsBy
    review_at: datetime | None


class Obstacle(NamedTuple):
    """Why not: `rule` is one of `protocols.access_record.REASONS`, `sentence` says which rule and whose it is,
    `remedy` what would make it possible."""

    rule: str
    sentence: str
    remedy: str


async def may_open(transaction: Transaction, mandate_id: str, modality: Modality, at: datetime) -> Standing | Obstacle:
    """The mandate if `modality` may be opened under it at `at`, else what stands in the way."""
    found, authority = await kept(transaction, mandate_id)
    if found is None:
        return Obstacle("no-mandate", f"there is no mandate {mandate_id}", _DRAFT)
    return standing(found, authority, modality, at)


async def kept(transaction: Transaction, mandate_id: str) -> tuple[StoredMandate | None, Authority | None]:
    """A mandate and what it rests on, which nobody changes until the transaction ends. Whoever locks its unit too does
    so after this: authority, mandates, unit is the order of whoever cancels; else each would wait for the other."""
    before = await transaction.mandates.one(mandate_id)
    rests_on = None if before is None else before.authority_id
    authority = None if rests_on is None else await transaction.authorities.kept(rests_on)
    return await transaction.mandates.kept(mandate_id), authority


async def openable(
    transaction: Transaction, unit_id: str, modality: Modality, at: datetime
) -> list[Standing | Obstacle]:
    """What can be said now, and may change at any time, of each mandate of the unit that is neither cancelled nor
    ended; those that may be opened first, of these the one that stands longest first."""
    found = await transaction.mandates.not_over_of(unit_id, at)
    rest_on = {one.authority_id for one in found if one.authority_id is not None}
    authorities = {name: await transaction.authorities.one(name) for name in rest_on}
    judged = [standing(one, authorities.get(one.authority_id or ""), modality, at) for one in found]
    standing_ones = [one for one in judged if isinstance(one, Standing)]
    standing_ones.sort(key=lambda one: one.until, reverse=True)
    return [*standing_ones, *(one for one in judged if isinstance(one, Obstacle))]


def standing(
    found: StoredMandate, authority: Authority | None, modality: Modality, at: datetime
) -> Standing | Obstacle:
    """The rule behind `may_open`. Pure."""
    obstacle = _mandate_in_the_way(found, at)
    if obstacle is not None:
        return obstacle
    name = f"mandate {found.mandate_id}"
    try:
        line = found.line
    except InvalidMandate as error:
        return Obstacle(error.reason, f"{name} can not be used: {error.detail}", _DRAFT)
    if line is None or mandate_hash(found.text) != found.sha256:
        return Obstacle("mandate-unreadable", f"the line of {name} is not the one that was signed", _DRAFT)
    if line.allowance(modality) is None:
        said = f"{name} covers {', '.join(line.modalities)}, not {modality}"
        return Obstacle("modality-not-covered", said, _DRAFT)
    ends: list[tuple[datetime, EndsBy]] = [(found.not_after, "after-mandate")]
    review_at = None
    if line.kind != "bench":
        obstacle = _authority_in_the_way(line, authority, modality, at)
        if obstacle is not None:
            return obstacle
        assert authority is not None, "its absence is an obstacle"
        ends.append((authority.lapses_at, "after-authority"))
        review_at = authority.next_review_at
        if review_at is not None:
            ends.append((review_at, "review-overdue"))
    until, ends_by = min(ends, key=lambda one: one[0])
    return Standing(
        mandate_id=found.mandate_id,
        unit_id=found.unit_id,
        mandate=line,
        signed=found.signed,
        authority_id=found.authority_id,
        authority=found.authority,
        until=until,
        ends_by=ends_by,
        review_at=review_at,
    )


def _mandate_in_the_way(found: StoredMandate, at: datetime) -> Obstacle | None:
    name = f"mandate {found.mandate_id}"
    if found.unit_state != "active":
        said = f"unit {found.unit_id} is {found.unit_state}: it opens nothing"
        return Obstacle("revoked", said, "use another unit; one in quarantine can be released: fleet unit release")
    if found.recorded_at is None:
        return Obstacle("no-mandate", f"{name} is not signed by two people", "let requester and approver sign it")
    if found.cancelled_at is not None:
        said = f"{found.cancelled_by} cancelled {name} at {moment(found.cancelled_at)}"
        return Obstacle("mandate-cancelled", said, _DRAFT)
    if at < found.not_before:
        return Obstacle("before-mandate", f"{name} begins at {moment(found.not_before)}", "wait until then")
    if at >= found.not_after:
        return Obstacle("after-mandate", f"{name} ended at {moment(found.not_after)}", _DRAFT)
    return None


def _authority_in_the_way(
    line: Mandate, authority: Authority | None, modality: Modality, at: datetime
) -> Obstacle | None:
    if authority is None or authority.reference != line.authority:
        return Obstacle("no-authority", f"authority {line.authority} is not recorded", "an approver has to record it")
    name = f"authority {authority.reference}"
    state = authority.state(at)
    if state == "cancelled":
        return Obstacle("authority-cancelled", f"{authority.cancelled_by} cancelled {name}", _RECORD)
    if state == "future":
        return Obstacle("before-authority", f"{name} takes effect at {moment(authority.starts_at)}", "wait until then")
    if state == "ended":
        return Obstacle("after-authority", f"{name} {ended_words(authority)}", _RECORD)
    if state == "review-overdue":
        assert authority.next_review_at is not None, "the state says so"
        said = f"the review of {name} was due at {moment(authority.next_review_at)}"
        return Obstacle("review-overdue", said, "an approver has to record that it was held: fleet authority review")
    if NEEDED_KINDS[line.kind] not in authority.kinds or modality not in authority.modalities:
        covered = f"is to {', '.join(authority.kinds)} with {', '.join(authority.modalities) or 'no modality'}"
        return Obstacle("no-authority", f"{name} {covered}", _RECORD)
    return None


_DRAFT = "draft another mandate and let two people sign it: fleet mandate draft"
_RECORD = "an approver has to record an authority that is in force: fleet authority record"
