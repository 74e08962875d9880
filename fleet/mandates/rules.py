"""Whether a mandate may be drafted, signed, cancelled. Pure.

What is refused says which rule refuses, whose decision it is, and what would make it possible.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from fleet.errors import Conflict, NotFound, RequestRefused
from fleet.openings.rules import NEEDED_KINDS, moment
from fleet.store.people import Person
from fleet.store.stored_authority import Authority
from fleet.store.stored_mandate import StoredMandate
from protocols.access_record import Modality
from protocols.api.units import UnitState
from protocols.deployments import FITTED_STATES, DeploymentState
from protocols.mandate import MandateKind
from protocols.people import APPROVING_ROLES, REQUESTING_ROLES
from protocols.words import duration

MAX_OPEN_DRAFTS = 16
"""How many drafts of one person may wait."""


LIKELY = timedelta(days=1000)
"""How far from now a time may be: years beyond are a slip of the pen."""


class Wanted(NamedTuple):
    """What decides whether a mandate may be: a draft's own, or that of one about to be signed."""

    kind: MandateKind
    unit_id: str
    modalities: Sequence[Modality]
    not_before: datetime
    not_after: datetime


def whole_utc(at: datetime, now: datetime) -> datetime:
    """`at` in UTC without parts of a second; raises RequestRefused when it is years away."""
    if not now - LIKELY < at < now + LIKELY:
        raise RequestRefused(
            "time-unlikely", f"a time is more than {LIKELY.days} days away from today", "write the year that is meant"
        )
    return at.astimezone(UTC).replace(microsecond=0)


def check_people(requester: Person, approver: Person | None, now: datetime) -> None:
    """Raise Conflict or NotFound unless these two can ask for a mandate and approve it."""
    if approver is None:
        raise NotFound("person-unknown", "there is no such approver", "list people: fleet person list")
    if approver.person_id == requester.person_id:
        raise Conflict(
            "same-person",
            f"{requester.person_id} asks for the mandate, and nobody approves their own (two people decide)",
            "name another supervisor or approver",
        )
    if requester.role not in REQUESTING_ROLES:
        raise Conflict(
            "role-may-not-sign",
            f"{requester.person_id} is {requester.role}: an engineer or a supervisor asks for a mandate",
            "ask one of them to draft it",
        )
    if approver.role not in APPROVING_ROLES:
        raise Conflict(
            "role-may-not-sign",
            f"{approver.person_id} is {approver.role}: a supervisor or an approver approves a mandate",
            "name one of them as approver",
        )
    if not approver.may_sign_in(now):
        raise Conflict(
            "not-in-force",
            f"the access of {approver.person_id} is not in force",
            "name another approver, or let administrators draft a new term: fleet person rekey",
        )


def check_unit(unit_id: str, state: UnitState | None) -> None:
    """Raise NotFound or Conflict unless units in this state can have mandates; None is an unknown unit."""
    if state is None:
        raise NotFound("unit-unknown", f"there is no unit {unit_id}", "list units to see their ids")
    if state == "revoked":
        raise Conflict("unit-revoked", f"{unit_id} was revoked: it opens nothing ever again", "use another unit")
    if state == "quarantined":
        raise Conflict(
            "unit-quarantined",
            f"{unit_id} is in quarantine: there may be two of it",
            "a supervisor has to find out and release it: fleet unit release",
        )


def check_on_bench(wanted: Wanted, deployment: tuple[str, DeploymentState] | None) -> None:
    """Raise Conflict when a bench mandate is for a unit that is fitted somewhere: `deployment` is the one that it is
    out for, and its state."""
    if wanted.kind == "bench" and deployment is not None and deployment[1] in FITTED_STATES:
        which, state = deployment
        raise Conflict(
            "unit-fitted",
            f"{wanted.unit_id} is fitted for {which}, which is {state}: a bench mandate is for a unit that is with us",
            "ask for a field mandate, which rests on an authority; or recover it first",
        )


def check_window(wanted: Wanted, now: datetime) -> None:
    """Raise Conflict when the window is over."""
    if wanted.not_after <= now:
        raise Conflict("after-mandate", f"its window ended at {moment(wanted.not_after)}", "draft it with a later end")


def check_authority(wanted: Wanted, authority: Authority | None, now: datetime) -> None:
    """Raise Conflict, NotFound or RequestRefused unless the mandate may rest on `authority`."""
    if wanted.kind == "bench":
        if authority is not None:
            raise RequestRefused(
                "bench-authority", "a bench mandate rests on no authority: the unit is with us", "leave it out"
            )
        return
    if authority is None:
        raise NotFound(
            "no-authority",
            f"a {wanted.kind} mandate rests on an authority, and there is no such",
            "an approver has to record it first: fleet authority record",
        )
    name = f"authority {authority.reference}"
    _check_state(name, authority, now)
    needed = NEEDED_KINDS[wanted.kind]
    if needed not in authority.kinds:
        raise Conflict(
            "authority-kind",
            f"{name} is to {', '.join(authority.kinds)}; a {wanted.kind} mandate needs one to {needed} (whoever "
            "authorises decides, fitting, using and getting kit back each for itself)",
            f"ask for an authority to {needed}, and let an approver record it",
        )
    if beyond := [one for one in wanted.modalities if one not in authority.modalities]:
        raise Conflict(
            "authority-modality",
            f"{name} covers {', '.join(authority.modalities) or 'nothing'}, not {', '.join(beyond)}",
            "leave out what is not authorised, or ask for an authority that covers it",
        )
    if wanted.not_before < authority.starts_at or wanted.not_after > authority.lapses_at:
        raise Conflict(
            "authority-window",
            f"{name} is in force from {moment(authority.starts_at)}, when the last approval it needed was given, to "
            f"{moment(authority.lapses_at)}; the mandate is from {moment(wanted.not_before)} to "
            f"{moment(wanted.not_after)}",
            "keep the mandate inside, or let an approver record the renewal",
        )


def _check_state(name: str, authority: Authority, now: datetime) -> None:
    state = authority.state(now)
    if state == "cancelled":
        raise Conflict("authority-cancelled", f"{authority.cancelled_by} cancelled {name}", _ANOTHER)
    if state == "ended":
        raise Conflict("after-authority", f"{name} {ended_words(authority)}", _ANOTHER)
    if state == "review-overdue":
        assert authority.next_review_at is not None, "the state says so"
        raise Conflict(
            "review-overdue",
            f"the review of {name} was due at {moment(authority.next_review_at)}",
            "an approver has to record that it was held: fleet authority review",
        )


def ended_words(authority: Authority) -> str:
    """When an authority ended by itself; of an urgent oral one, how long it was."""
    lasted = duration((authority.lapses_at - authority.starts_at).total_seconds())
    ended = f"lapsed {lasted} after it was given by word of mouth" if authority.urgent_oral else "ended"
    return f"{ended}, at {moment(authority.lapses_at)}"


def check_retrieval(wanted: Wanted, others: Sequence[StoredMandate], now: datetime) -> None:
    """Raise Conflict while `others`, the unit's mandates, hold one under which it is used: kit is got back after that
    was cancelled or has ended."""
    if wanted.kind != "retrieval":
        return
    for one in others:
        if one.kind == "field" and one.state(now) in {"live", "future"}:
            raise Conflict(
                "not-retrieval",
                f"mandate {one.mandate_id} still lets {wanted.unit_id} be used until {moment(one.not_after)}; a "
                "retrieval mandate is for getting kit back after that",
                f"cancel it first: fleet mandate cancel {one.mandate_id}",
            )


def check_draft_open(mandate: StoredMandate, now: datetime) -> None:
    """Raise Conflict unless the mandate still waits for signatures."""
    state = mandate.state(now)
    if state == "draft":
        return
    if state == "discarded":
        what = "was discarded" if mandate.discarded_at is not None else "was not signed in time"
        raise Conflict("draft-discarded", f"mandate {mandate.mandate_id} {what}", "draft it again: fleet mandate draft")
    raise Conflict(
        "mandate-recorded", f"both have signed mandate {mandate.mandate_id}: it is {state}", "to end it, cancel it"
    )


def check_cancel(mandate: StoredMandate, now: datetime) -> None:
    """Raise Conflict unless there is something to cancel."""
    state, name = mandate.state(now), f"mandate {mandate.mandate_id}"
    if state == "cancelled":
        assert mandate.cancelled_at is not None, "the state says so"
        said = f"{mandate.cancelled_by} cancelled {name} at {moment(mandate.cancelled_at)}"
        remedy = f"when its unit is back, say so: fleet mandate recovered {mandate.mandate_id} 'in the store'"
        raise Conflict("mandate-cancelled", said, remedy)
    if state == "ended":
        raise Conflict("mandate-ended", f"{name} ended at {moment(mandate.not_after)}", "nothing is left to cancel")
    if state in {"draft", "discarded"}:
        raise Conflict("mandate-draft", f"{name} is in force only when two people have signed it", "discard the draft")


def check_recovered(mandate: StoredMandate) -> None:
    """Raise Conflict unless the unit of a cancelled mandate is still out."""
    if mandate.cancelled_at is None:
        raise Conflict(
            "mandate-not-cancelled",
            f"mandate {mandate.mandate_id} was not cancelled",
            "only the unit of a cancelled mandate is waited for",
        )
    if mandate.recovered_at is not None:
        said = f"{mandate.recovered_by} said at {moment(mandate.recovered_at)} that it is back"
        raise Conflict("kit-recovered", said, "nothing is left to say")


def check_discard(mandate: StoredMandate, person: Person) -> None:
    """Raise Conflict unless the person may give up this draft: one of the two who are to sign it, or a supervisor."""
    if person.person_id not in {mandate.requester, mandate.approver} and person.role != "supervisor":
        raise Conflict(
            "not-yours",
            f"mandate {mandate.mandate_id} is for {mandate.requester} and {mandate.approver} to sign or to give up",
            "ask one of them, or a supervisor; unsigned it lapses by itself",
        )


_ANOTHER = "let an approver record an authority that is in force: fleet authority record"
