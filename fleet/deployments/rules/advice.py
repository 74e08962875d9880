"""What could be fielded for a kind of deployment in a time, with which kit and whom, and what lacks. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from fleet.deployments.rules.facts import AttendingFacts, PersonFacts, VisitFacts
from fleet.deployments.rules.matching import assigned, fits, said
from fleet.deployments.rules.people import competent_until, is_free, lacking, needed_for, people_findings
from fleet.deployments.rules.teams import best_team, most_teams
from fleet.rota.rules.competence import said_requirement
from protocols.api.advice import Advice, Available, Candidate
from protocols.deployments import KindTemplate, KitWanted, Work
from protocols.kit import ItemKind
from protocols.rota.model import Requirement

MOST = 12
"""More deployments at the same time are not counted †."""

_POSITIONS = ("primary", "secondary")


class AdviceItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item on the books that is neither lost nor disposed of. `why_not` is why it could not be had in all of the
    time, as a sentence: it can not go out (`fleet.kit.rules.standing.can_go_out`), or another deployment has it kept in
    a part of it; empty when it could. `training` is its model's, empty for none."""

    item: str
    kind: ItemKind
    model: str
    why_not: str = ""
    training: str = ""


class AdviceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked and what there is. `wants` are the template's, with what is counted and not labelled left out.
    `items` are all of the wanted kinds, those to be taken first first. `people` are all who may do the work
    (engineers and supervisors), their `on_call` and `visits` with a part in the time. `rota` is the one whose on-call
    would go, None for any."""

    template: KindTemplate
    starts_at: datetime
    until: datetime
    items: Sequence[AdviceItem]
    people: Sequence[PersonFacts]
    now: datetime
    rota: str | None = None


def advise(facts: AdviceFacts) -> Advice:
    """`possible`: distinct items fulfil all that is wanted, and among those who are free are as many people as the kind
    takes, who together can do all its work and were trained for the kit that would go. `team` is a smallest such set,
    those on call first. `at_most`: how many such deployments the kit and the people would do for at the same time, each
    with its own (training is counted for the first only), up to MOST; 0 when not `possible`. Kit that nobody free was
    trained for is chosen where there is no other: what is missing then is the training."""
    template = facts.template
    free = sorted((one for one in facts.people if _is_free(facts, one)), key=lambda one: _rank(facts, one))
    usable = [one for one in facts.items if not _why_not(facts, one, free)]
    untrained = [one for one in facts.items if not one.why_not and one not in usable]
    chosen = assigned(template.wants, [*usable, *untrained])
    kit = [_available(facts, wanted, items, free) for wanted, items in zip(template.wants, chosen, strict=True)]
    needs = _needs(facts, [code for items in chosen for code in items])
    masks = [_mask(one, needs, facts.until) for one in free]
    team = best_team(masks, (1 << len(needs)) - 1, template.people)
    missing = [*_missing_kit(kit), *_missing_people(facts, free, needs)]
    return Advice(
        kind=template.kind,
        starts_at=facts.starts_at,
        until=facts.until,
        possible=not missing,
        at_most=0 if missing else _at_most(facts, usable, free),
        kit=kit,
        people=[_candidate(facts, one) for one in sorted(facts.people, key=lambda one: _rank(facts, one))],
        team=[] if team is None else [free[i].person for i in team],
        missing=missing,
    )


def _visit(facts: AdviceFacts, person: PersonFacts, works: Sequence[Work]) -> VisitFacts:
    return VisitFacts(
        visit="",
        kind="fit",
        starts_at=facts.starts_at,
        ends_at=facts.until,
        people=[AttendingFacts(person=person.person)],
        works=works,
    )


def _is_free(facts: AdviceFacts, person: PersonFacts) -> bool:
    return is_free(_visit(facts, person, ()), person)


def _rank(facts: AdviceFacts, person: PersonFacts) -> tuple[int, bool, str]:
    """Those on call first, primary before secondary; of the others those first whose rest is not owed."""
    position = _position(facts, person)
    tired = person.rest_until is not None and facts.starts_at < person.rest_until
    return len(_POSITIONS) if position is None else _POSITIONS.index(position), tired, person.person


def _position(facts: AdviceFacts, person: PersonFacts) -> str | None:
    """What they have on the rota when it begins; of two the first."""
    held = {
        one.position
        for one in person.on_call
        if one.starts_at <= facts.starts_at < one.ends_at and facts.rota in {None, one.rota}
    }
    return next((one for one in _POSITIONS if one in held), None)


def _candidate(facts: AdviceFacts, person: PersonFacts) -> Candidate:
    works = [one for one in facts.template.works if competent_until(person, needed_for(one)) >= facts.until]
    position = _position(facts, person)
    rotas = {one.rota for one in person.on_call if one.position == position}
    own = facts.rota or (min(rotas) if position and len(rotas) == 1 else None)
    return Candidate(
        person=person.person,
        on_call=position,
        works=works,
        findings=people_findings(_visit(facts, person, works), {person.person: person}, facts.now, own),
        free=_is_free(facts, person),
    )


def _trained(training: str, people: Iterable[PersonFacts], until: datetime) -> bool:
    return not training or not lacking([Requirement(subject=training)], people, until)


def _why_not(facts: AdviceFacts, item: AdviceItem, free: Sequence[PersonFacts]) -> str:
    if item.why_not:
        return item.why_not
    if not _trained(item.training, free, facts.until):
        return f"nobody who is free has the training {item.training} for {item.item}"
    return ""


def _available(facts: AdviceFacts, wanted: KitWanted, items: Sequence[str], free: Sequence[PersonFacts]) -> Available:
    others = [one for one in facts.items if fits(wanted, one) and one.item not in items]
    held_back = [why for one in others if (why := _why_not(facts, one, free))]
    return Available(wanted=wanted, items=list(items), missing=wanted.count - len(items), held_back=held_back)


def _needs(facts: AdviceFacts, chosen: Sequence[str]) -> list[Requirement]:
    """The competences that the work takes, and training for the items that would go."""
    trainings = {one.training for one in facts.items if one.item in chosen and one.training}
    works = [needed_for(one) for one in facts.template.works]
    return [*works, *(Requirement(subject=one) for one in sorted(trainings))]


def _mask(person: PersonFacts, needs: Sequence[Requirement], until: datetime) -> int:
    return sum(1 << i for i, one in enumerate(needs) if competent_until(person, one) >= until)


def _missing_kit(kit: Sequence[Available]) -> list[str]:
    return [f"{one.missing} of {one.wanted.count} of {said(one.wanted)}" for one in kit if one.missing]


def _missing_people(facts: AdviceFacts, free: Sequence[PersonFacts], needs: Sequence[Requirement]) -> list[str]:
    lack = [f"somebody free who has {said_requirement(one)}" for one in lacking(needs, free, facts.until)]
    short = facts.template.people - len(free)
    if short > 0:
        lack.append(f"{short} more of {facts.template.people} people who are free")
    return lack


def _at_most(facts: AdviceFacts, usable: Sequence[AdviceItem], free: Sequence[PersonFacts]) -> int:
    works = [needed_for(one) for one in facts.template.works]
    masks = [_mask(one, works, facts.until) for one in free]
    sets = _kit_sets(facts.template.wants, usable, min(MOST, len(free)))
    return most_teams(masks, (1 << len(works)) - 1, facts.template.people, sets)


def _kit_sets(wants: Sequence[KitWanted], usable: Sequence[AdviceItem], most: int) -> int:
    """How often all that is wanted can be had at the same time; at most `most`."""
    found = 0
    while found < most and not any(_lack(wants, usable, found + 1)):
        found += 1
    return found


def _lack(wants: Sequence[KitWanted], usable: Sequence[AdviceItem], times: int) -> list[int]:
    every = [(one.kind, one.model, one.count * times) for one in wants]
    lack: list[int] = []
    for kind in {one.kind for one in wants}:
        have = [one.model for one in usable if one.kind == kind]
        lack.append(max(0, sum(count for of, _, count in every if of == kind) - len(have)))
        for model in {of_model for of, of_model, _ in every if of == kind and of_model is not None}:
            named = sum(count for of, of_model, count in every if of == kind and of_model == model)
            lack.append(max(0, named - have.count(model)))
    return lack
