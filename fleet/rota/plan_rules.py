"""What a plan may be, what it makes of a rota's book, and what it brings. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import msgspec
from msgspec import structs

from fleet.errors import Conflict, RequestRefused
from fleet.rota.rules.spans import Span
from fleet.rota.rules.turns import Turn, holder, turns
from protocols.api.rotas import PlanView
from protocols.rota.book import RotaBook
from protocols.rota.findings import Assessment
from protocols.rota.model import Assigned, Rota

TurnKey = tuple[str, datetime]
_INSTANT = timedelta(microseconds=1)


def check_turns(rota: Rota, period: Span, given: Sequence[Assigned]) -> list[Assigned]:
    """The turns of a plan by hand, in UTC and in order, without what only publishing says.

    Raises RequestRefused for one that is none of the rota's in `period`, is there twice, or is given to somebody who is
    no member.
    """
    known = _turns(rota, period)
    found: dict[TurnKey, Assigned] = {}
    for one in given:
        key = one.layer, one.starts_at.astimezone(UTC)
        said = f"{one.layer} {key[1]:%Y-%m-%d %H:%M} UTC"
        if key not in known:
            raise RequestRefused(
                "no-such-turn",
                f"no turn {said} of the rota has a part in the period",
                "name the layer and the instant at which its turn begins",
            )
        if key in found:
            raise RequestRefused("turn-twice", f"the turn {said} is in the plan twice", "name it once")
        if one.person is not None and one.person not in rota.members:
            raise RequestRefused(
                "not-a-member", f"{one.person} is no member of the rota", "add them to it, or take another"
            )
        found[key] = structs.replace(one, starts_at=key[1], published_at=None)
    return in_order(found.values())


def check_publishable(plan: PlanView, version: int, now: datetime) -> None:
    """Raise Conflict unless the plan may be published for a rota of that version at `now`."""
    if plan.state != "draft":
        raise Conflict("plan-not-draft", f"the plan is {_STATES[plan.state]}", "make another plan")
    if plan.based_on != version:
        raise Conflict(
            "rota-changed",
            f"the plan was made for version {plan.based_on} of the rota, and {version} is in force",
            "make another plan",
        )
    if plan.ends_at <= now:
        raise Conflict("plan-over", "the period of the plan is over", "make a plan for what is to come")


_STATES: Mapping[str, str] = {
    "solving": "still being solved",
    "failed": "none: the solver failed",
    "published": "published already",
    "discarded": "discarded",
    "draft": "a draft",
}


def to_give(rota: Rota, book: RotaBook, planned: Iterable[Assigned], now: datetime) -> list[Assigned]:
    """What of a plan holds from now on if it is published: its turns that have not begun. A turn whose person stays
    keeps since when that is known; the others have no `published_at`."""
    held = {(one.layer, one.starts_at): one for one in book.assigned}
    coming = [one for one in planned if one.starts_at > now]
    known = _turns(rota, Span(now, max((one.starts_at for one in coming), default=now) + _INSTANT))
    found: list[Assigned] = []
    for one in coming:
        turn = known.get((one.layer, one.starts_at))
        if turn is not None:
            person, known_at = holder(turn, held)
            found.append(structs.replace(one, published_at=known_at if person == one.person else None))
    return in_order(found)


def with_turns(book: RotaBook, given: Iterable[Assigned]) -> RotaBook:
    """The book with these turns in the place of those that begin when they do."""
    held = {(one.layer, one.starts_at): one for one in book.assigned}
    held |= {(one.layer, one.starts_at): one for one in given}
    return structs.replace(book, assigned=in_order(held.values()))


def who_changes(rota: Rota, book: RotaBook, given: Sequence[Assigned]) -> tuple[int, list[str]]:
    """How many of the turns get another person, and everybody who gets or loses one, by id."""
    held = {(one.layer, one.starts_at): one for one in book.assigned}
    if not given:
        return 0, []
    known = _turns(rota, Span(given[0].starts_at, given[-1].starts_at + _INSTANT))
    people: set[str] = set()
    changed = 0
    for one in given:
        before, _ = holder(known[one.layer, one.starts_at], held)
        if before != one.person:
            changed += 1
            people |= {person for person in (before, one.person) if person is not None}
    return changed, sorted(people)


def counts(found: Assessment) -> dict[str, int]:
    """How many findings there are of each answer that any has."""
    return dict(Counter(one.answer for one in found.findings))


def turns_sha256(given: Sequence[Assigned]) -> str:
    """Hexadecimal SHA-256 of the turns' JSON, as it is stored."""
    return sha256(msgspec.json.encode(given)).hexdigest()


def in_order(given: Iterable[Assigned]) -> list[Assigned]:
    """By when they begin, then by layer."""
    return sorted(given, key=lambda one: (one.starts_at, one.layer))


def _turns(rota: Rota, window: Span) -> dict[TurnKey, Turn]:
    return {
        (layer.layer, turn.span.starts_at): turn for layer in rota.layers for turn in turns(layer, rota.zone, window)
    }
