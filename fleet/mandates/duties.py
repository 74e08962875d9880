"""What waits for somebody: signatures, statements, reviews, endings, kit that is still out."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from fleet.clock import Clock
from fleet.openings.rules import moment
from fleet.store.people import Person
from fleet.store.store import Store
from fleet.store.stored_authority import Authority
from fleet.store.stored_mandate import StoredMandate
from protocols.api.duties import Duty

AHEAD = timedelta(days=7)
"""How long before a review is due or an authority ends it is told. † policy"""

MAX_OF_EACH = 100
MAX_DUTIES = 200


class Duties:
    """Duties of authorities and mandates. Raises StoreUnavailable."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def of(self, person: Person) -> list[Duty]:
        """What waits for this person's signature, and for anybody; alarms first, then by their time; at most 200."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            drafts = await transaction.mandates.waiting_for(person.person_id, now, MAX_OF_EACH)
            out = await transaction.mandates.not_recovered(MAX_OF_EACH)
            authorities = await transaction.authorities.needing_somebody(now, now + AHEAD, MAX_OF_EACH)
        found = [to_sign(one) for one in drafts] + [kit_out(one) for one in out]
        found += [duty for one in authorities for duty in of_authority(one, now)]
        return most_urgent(found)


def most_urgent(duties: Iterable[Duty]) -> list[Duty]:
    """Alarms first, then by their time; at most 200. Pure."""
    return sorted(duties, key=lambda duty: (not duty.is_alarm, duty.due_at, duty.about))[:MAX_DUTIES]


def to_sign(draft: StoredMandate) -> Duty:
    """A signature that is missing. Pure."""
    return Duty(
        kind="sign",
        about=draft.mandate_id,
        name=draft.unit_label,
        unit=draft.unit_id,
        sentence=f"mandate {draft.mandate_id}, asked for by {draft.requester}, waits for your signature",
        due_at=draft.expires_at,
        is_alarm=False,
    )


def kit_out(cancelled: StoredMandate) -> Duty:
    """A unit that is to be brought back. Pure."""
    assert cancelled.cancelled_at is not None, "only those are asked for"
    return Duty(
        kind="kit-out",
        about=cancelled.mandate_id,
        name=cancelled.unit_label,
        unit=cancelled.unit_id,
        sentence=f"{cancelled.cancelled_by} cancelled mandate {cancelled.mandate_id}, and its unit is not back yet",
        due_at=cancelled.cancelled_at,
        is_alarm=True,
    )


def of_authority(authority: Authority, now: datetime) -> Iterator[Duty]:
    """What an authority needs within a week, or needed already. Pure."""

    def duty(kind: str, sentence: str, due_at: datetime, *, is_alarm: bool) -> Duty:
        return Duty(
            kind=kind,  # type: ignore[arg-type] # one of the words below
            about=authority.authority_id,
            name=authority.reference,
            unit=None,
            sentence=sentence,
            due_at=due_at,
            is_alarm=is_alarm,
        )

    name = f"authority {authority.reference}"
    stated_by, review_at, ends_at = authority.statement_due_at, authority.next_review_at, authority.lapses_at
    if stated_by is not None and authority.statement_at is None:
        late = now >= stated_by
        was = "was" if late else "is"
        said = f"the written statement of {name}, given by word of mouth, {was} due at {moment(stated_by)}"
        yield duty("statement-overdue" if late else "statement-due", said, stated_by, is_alarm=late)
    if now >= ends_at:
        return
    if review_at is not None and review_at <= now + AHEAD:
        late = now >= review_at
        said = f"the review of {name} {'was' if late else 'is'} due at {moment(review_at)}"
        said += ", and nothing opens under it until it is held" if late else ""
        yield duty("review-overdue" if late else "review-due", said, review_at, is_alarm=late)
    if ends_at <= now + AHEAD and authority.renewed_by is None and not authority.urgent_oral:
        yield duty("authority-ending", f"{name} ends at {moment(ends_at)}", ends_at, is_alarm=False)
