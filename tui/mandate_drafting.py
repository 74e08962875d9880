"""From what is typed into the draft of a mandate to the wish, or to what is missing and which rule refuses. Pure."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, get_args

from protocols.access_record import Modality
from protocols.api.authorities import AuthorityView
from protocols.api.mandates import NewMandate
from protocols.api.people import PersonView
from protocols.errors import InvalidMandate
from protocols.ids import UNIT_ID
from protocols.mandate import (
    MAX_MINUTES_PER_DAY,
    MAX_OPENINGS_PER_DAY,
    Allowance,
    Mandate,
    MandateKind,
    read_mandate,
)
from protocols.people import APPROVING_ROLES
from tui.authority_lines import Wish, uncovered
from tui.periods import PeriodUnclear, read_coming
from tui.words import safe

KINDS: tuple[MandateKind, ...] = get_args(MandateKind)
MODALITIES: tuple[Modality, ...] = get_args(Modality)
_PAIR = re.compile(r"([1-9][0-9]{0,2}) ?(?:min)? ?[x×* ] ?([1-9][0-9]?)", re.ASCII)
_MOST_PURPOSE = 80


class Typed(NamedTuple):
    """The texts of the fields; `allows` has one for each modality."""

    unit: str
    kind: str
    authority: str
    allows: dict[Modality, str]
    purpose: str
    starts: str
    ends: str
    approver: str


class Known(NamedTuple):
    """What the draft is judged by: who asks, what time it is, and what the controller has."""

    me: str
    now: datetime
    utc: bool
    authorities: Sequence[AuthorityView]
    people: Sequence[PersonView]


class Unfinished(Exception):
    """What is missing, or which rule refuses, in words."""


def draft_of(typed: Typed, known: Known) -> NewMandate:
    """The mandate that the fields describe; raises Unfinished with what the first that does not fit needs."""
    if UNIT_ID.fullmatch(typed.unit) is None:
        raise Unfinished("unit: its id, as unit-2k4m9xpw; enter looks for it")
    wish = wish_of(typed, known)
    if wish.starts_at is None or wish.ends_at is None:
        raise Unfinished("from and until: when it may be opened; +8h, 22:00, or a date")
    authority = authority_of(typed.authority, wish, known)
    if not wish.modalities:
        raise Unfinished("allows: at least one of video, audio, position, as 15 x 4")
    if not 1 <= len(typed.purpose) <= _MOST_PURPOSE or safe(typed.purpose) != typed.purpose:
        raise Unfinished("purpose: a few words, as aim and focus; not whom it concerns")
    new = NewMandate(
        kind=wish.kind,
        unit=typed.unit,
        authority=None if authority is None else authority.authority_id,
        allows=allowances(typed.allows),
        purpose=typed.purpose,
        not_before=wish.starts_at,
        not_after=wish.ends_at,
        approver=approver_of(typed.approver, known).person_id,
    )
    _check(new, None if authority is None else authority.reference, known)
    return new


def _check(new: NewMandate, reference: str | None, known: Known) -> None:
    """The rules that units themselves go by, over a line of this form."""
    if new.not_after <= known.now:
        raise Unfinished("until: the window is over already (after-mandate)")
    line = Mandate(
        v=1,
        mandate="M-" + "0" * 12,
        kind=new.kind,
        unit=new.unit,
        authority=reference,
        allows=new.allows,
        purpose=new.purpose,
        not_before=new.not_before,
        not_after=new.not_after,
        requester=known.me,
        approver=new.approver,
        salt="0" * 32,
    )
    try:
        read_mandate(line.text())
    except InvalidMandate as error:
        raise Unfinished(f"{error.detail} ({error.reason})") from error


def wish_of(typed: Typed, known: Known) -> Wish:
    """What the mandate would take of an authority; raises Unfinished."""
    found = [kind for kind in KINDS if typed.kind and kind.startswith(typed.kind.lower())]
    if len(found) != 1:
        raise Unfinished(f"kind: one of {', '.join(KINDS)}, or how it begins")
    modalities = [one.modality for one in allowances(typed.allows)]
    starts_at = _time("from", typed.starts, known, None)
    return Wish(found[0], modalities, starts_at, _time("until", typed.ends, known, starts_at))


def _time(name: str, text: str, known: Known, after: datetime | None) -> datetime | None:
    try:
        found = read_coming(text, known.now, utc=known.utc, after=after)
    except PeriodUnclear as error:
        raise Unfinished(f"{name}: {error}") from error
    far = timedelta(days=1000)
    if found is not None and not known.now - far < found < known.now + far:
        raise Unfinished(f"{name}: that is years away; write the year that is meant")
    return found


def allowances(texts: dict[Modality, str]) -> list[Allowance]:
    """What is allowed a day of each modality whose text is not empty; raises Unfinished."""
    found = []
    for modality in MODALITIES:
        text = " ".join(texts.get(modality, "").split())
        if not text:
            continue
        pair = _PAIR.fullmatch(text)
        minutes, openings = (int(pair[1]), int(pair[2])) if pair is not None else (0, 0)
        if not (1 <= minutes <= MAX_MINUTES_PER_DAY and 1 <= openings <= MAX_OPENINGS_PER_DAY):
            most = f"{MAX_MINUTES_PER_DAY} x {MAX_OPENINGS_PER_DAY}"
            raise Unfinished(f"{modality}: minutes x openings a day, as 15 x 4, at most {most}; empty for none")
        found.append(Allowance(modality=modality, minutes_per_day=minutes, openings_per_day=openings))
    return found


def authority_of(text: str, wish: Wish, known: Known) -> AuthorityView | None:
    """The authority that the text names, by reference or id, and that covers the wish; None for a bench mandate.

    Raises Unfinished."""
    if wish.kind == "bench":
        if text:
            raise Unfinished("authority: none; a bench mandate rests on no authority, the unit is with us")
        return None
    named = [one for one in known.authorities if text and text in {one.reference, one.authority_id}]
    if not named:
        nobody = "none is recorded that covers it: ask whoever authorises, an approver records it"
        offered = covering(wish, known)
        how = "enter chooses of those that cover it" if offered else nobody
        raise Unfinished(f"authority: {how}")
    why = [uncovered(one, wish, utc=known.utc) for one in named]
    if "" not in why:
        raise Unfinished(f"authority: {why[0]}")
    return named[why.index("")]


def covering(wish: Wish, known: Known) -> list[AuthorityView]:
    """The authorities that a mandate can rest on, the one that ends last first."""
    found = [one for one in known.authorities if not uncovered(one, wish, utc=known.utc)]
    return sorted(found, key=lambda one: one.ends_at, reverse=True)


def approvers(known: Known) -> list[PersonView]:
    """Who may approve what this person asks for."""
    return [
        one
        for one in known.people
        if one.role in APPROVING_ROLES
        and one.ended_at is None
        and one.valid_until > known.now
        and one.person_id != known.me
    ]


def approver_of(text: str, known: Known) -> PersonView:
    """The approver that the text names; raises Unfinished."""
    person = next((one for one in known.people if one.person_id == text.upper()), None)
    if text and text.upper() == known.me:
        raise Unfinished("approver: nobody approves their own mandate (same-person); name somebody else")
    if person is None:
        raise Unfinished("approver: who signs besides you; enter chooses of those who may")
    if person.role not in APPROVING_ROLES:
        who = " or ".join(sorted(APPROVING_ROLES))
        raise Unfinished(f"approver: {person.person_id} is {person.role}; {who} approves (role-may-not-sign)")
    if person not in approvers(known):
        raise Unfinished(f"approver: the access of {person.person_id} is not in force")
    return person
