"""Which rules can not be kept together, in words with the turns and people concerned. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from fleet.rota.rules.spans import Span
from fleet.rota.rules.words import listed, said_span
from fleet.rota.solver.demands import Demand
from fleet.rota.solver.facts import Facts
from fleet.rota.solver.model import Broken, Taken
from protocols.rota.findings import Finding
from protocols.rota.solving import MAX_CONFLICTS, MAX_SENTENCE


def conflicts(facts: Facts, taken: Taken, broken: Broken, breaches: Sequence[Finding], *, proven: bool) -> list[str]:
    """A sentence for each rule that `taken` does not keep, by time; none if it keeps all. Where it is `proven` that no
    rota breaks less, each says why nobody helps."""
    said = broken.lacking and "break"  # who takes a turn too long for them is said by turn
    found = [
        *_gaps(facts, taken, broken),
        *_lacking(facts, taken, broken),
        *_short(facts, taken, broken),
        *(_Conflict(one.starts_at, one.sentence, "nobody else could take it") for one in breaches if one.rule != said),
    ]
    found.sort(key=lambda one: one.at)
    sentences = [f"{one.what}: {one.why}" if proven else f"{one.what}, as far as the search has come" for one in found]
    if len(sentences) > MAX_CONFLICTS:
        sentences = [*sentences[: MAX_CONFLICTS - 1], f"and {len(sentences) - MAX_CONFLICTS + 1} more"]
    return [one[:MAX_SENTENCE] for one in sentences]


_PLURALS = {"is": "are", "has": "have", "lacks": "lack"}


class _Conflict(NamedTuple):
    at: datetime
    what: str
    why: str


def _gaps(facts: Facts, taken: Taken, broken: Broken) -> Iterator[_Conflict]:
    for i in sorted(broken.gaps):
        slot = facts.problem.slots[i]
        who = (member.person for member in facts.problem.members)
        yield _conflict(f"nobody can be {slot.position}", slot.parts, facts, _reasons(facts, taken, who, [i]))


def _lacking(facts: Facts, taken: Taken, broken: Broken) -> Iterator[_Conflict]:
    for i in sorted(broken.lacking):
        slot, person = facts.problem.slots[i], taken[i]
        assert person is not None
        others = (member.person for member in facts.problem.members if member.person != person)
        what = f"{person}, who {facts.lacking[i][person]}, is the best there is as {slot.position}"
        yield _conflict(what, slot.parts, facts, _reasons(facts, taken, others, [i]))


def _short(facts: Facts, taken: Taken, broken: Broken) -> Iterator[_Conflict]:
    for d in sorted(broken.short):
        one = facts.demands[d]
        if not one.slots:
            yield _conflict(one.words, one.hours, facts, ["no turn that could be given to anybody is then"])
        else:
            yield _conflict(one.words, one.hours, facts, _reasons(facts, taken, _members(facts, one), one.slots))


def _members(facts: Facts, one: Demand) -> Iterable[str]:
    return (member.person for member in facts.problem.members if member.person in one.who)


def _conflict(what: str, hours: Sequence[Span], facts: Facts, reasons: Sequence[str]) -> _Conflict:
    span = Span(hours[0].starts_at, hours[-1].ends_at)
    times = f" (at {len(hours)} times)" if len(hours) > 1 else ""
    why = listed(reasons) if reasons else "the rota has no member who could"
    return _Conflict(span.starts_at, f"{what} {said_span(span, facts.problem.book.rota.zone)}{times}", why)


def _reasons(facts: Facts, taken: Taken, who: Iterable[str], slots: Sequence[int]) -> list[str]:
    """Why each of `who` takes none of `slots`, those with the same reasons together; those who have one are left
    out."""
    found: dict[tuple[str, ...], list[str]] = {}
    for person in who:
        if any(taken[i] == person for i in slots):
            continue
        whys = tuple(dict.fromkeys(_reason(facts, taken, person, i) for i in slots))
        found.setdefault(whys, []).append(person)
    return [
        f"{listed(people)} {' and '.join(whys if len(people) == 1 else map(_of_several, whys))}"
        for whys, people in found.items()
    ]


def _of_several(why: str) -> str:
    """A reason that is one person's, as several have it: `are on leave`."""
    verb, space, rest = why.partition(" ")
    return f"{_PLURALS.get(verb, verb)}{space}{rest}"


def _reason(facts: Facts, taken: Taken, person: str, place: int) -> str:
    problem = facts.problem
    slot = problem.slots[place]
    obstacle = facts.eligibility.obstacle(person, slot)
    if obstacle is not None:
        return obstacle
    if person in facts.lacking[place]:
        return facts.lacking[place][person]
    limits = facts.limits[person]
    if place in limits.alone:
        return "would work longer than 13 h without 11 h of rest"
    mine = {i for i, one in enumerate(taken) if one == person}
    for pair in facts.together:
        if place in pair and (other := set(pair) - {place}) <= mine:
            return f"is needed as {problem.slots[min(other)].position} then"
    for pair in limits.pairs:
        if place in pair and (other := set(pair) - {place}) <= mine:
            zone = problem.book.rota.zone
            return f"has to rest from the turn {said_span(problem.slots[min(other)].span, zone)}"
    if limits.rests or limits.hours:
        return "would have too little weekly rest or too many hours"
    return f"as {slot.position} would leave another rule unkept"
