"""Whether the people of a visit are right for it: competent, there, rested. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from fleet.deployments.rules.answers import SUPERVISOR, listed, refused, warning
from fleet.deployments.rules.facts import PersonFacts, VisitFacts
from fleet.rota.rules.competence import said_requirement
from fleet.rota.rules.wall import midnight
from protocols.deployments import WORK_LEVEL, WORK_NEEDS, Blocker, Work
from protocols.rota.member import Competence
from protocols.rota.model import Requirement

ENDING = timedelta(days=30)
"""A competence that ends so soon after a visit warns †."""

NEVER = datetime.min.replace(tzinfo=UTC)
ALWAYS = datetime.max.replace(tzinfo=UTC)
_NO_YEAR = 9999
_DAY = timedelta(days=1)


def needed_for(work: Work) -> Requirement:
    """The competence that a work takes."""
    return Requirement(subject=WORK_NEEDS[work], level=WORK_LEVEL[work])


def competent_until(person: PersonFacts, needed: Requirement) -> datetime:
    """Until, and without, which instant the person has the competence; NEVER had, or ALWAYS."""
    return max((_until(one, person.zone) for one in person.competences if _meets(one, needed)), default=NEVER)


def lacking(needs: Iterable[Requirement], team: Iterable[PersonFacts], until: datetime) -> list[Requirement]:
    """The competences that none of `team` has until, and without, `until`."""
    people = list(team)
    return [one for one in needs if not any(competent_until(person, one) >= until for person in people)]


def people_findings(
    visit: VisitFacts, people: Mapping[str, PersonFacts], now: datetime, rota: str | None = None
) -> list[Blocker]:
    """What is wrong with the people of a visit, refusals first. A visit that is over has no findings. `rota` is the
    deployment's own: being on call there is no warning."""
    if visit.ends_at <= now:
        return []
    known = [people[one.person] for one in visit.people if one.person in people]
    found = [
        refused(
            "person-unknown",
            f"{one.person} is not in the people list",
            SUPERVISOR,
            f"send somebody else on {_when(visit)}",
        )
        for one in visit.people
        if one.person not in people
    ]
    for person in known:
        found += _not_there(visit, person)
    found += _not_competent(visit, known)
    for person in known:
        found += _to_mind(visit, person, rota)
    return sorted(found, key=lambda one: one.answer == "warning")


def is_free(visit: VisitFacts, person: PersonFacts) -> bool:
    """Whether the person is in their term, not absent, and on no other visit in all of the visit's time."""
    return not any(True for _ in _not_there(visit, person))


def needs_of(visit: VisitFacts) -> list[Requirement]:
    """The competences that a visit takes: of its works, and training for the kit."""
    works = [needed_for(work) for work in visit.works]
    return [*works, *(Requirement(subject=one) for one in sorted(set(visit.trainings)))]


def _not_there(visit: VisitFacts, person: PersonFacts) -> Iterator[Blocker]:
    who, other = person.person, f"send somebody else on {_when(visit)}"
    if visit.starts_at < person.term_from or visit.ends_at > person.term_until:
        yield refused(
            "term-ended",
            f"the term of {who} does not cover the visit on {_when(visit)}",
            "two administrators, who sign the people list",
            f"{other}, or let administrators draft a new term",
        )
    for absence in person.absences:
        if _overlap(visit, absence.starts_at, absence.ends_at):
            yield refused(
                "on-leave", f"{who} is {_absent(absence.kind)} on {_when(visit)}", SUPERVISOR, f"{other}, or move it"
            )
    for one in person.visits:
        if one.visit != visit.visit and _overlap(visit, one.starts_at, one.ends_at):
            yield refused(
                "double-booked",
                f"{who} is on a visit of {one.deployment} on {one.starts_at:%Y-%m-%d %H:%M} UTC",
                f"{SUPERVISOR}, or the lead of {one.deployment}",
                f"{other}, or move one of the two",
            )


def _not_competent(visit: VisitFacts, people: Sequence[PersonFacts]) -> Iterator[Blocker]:
    works = [needed_for(work) for work in visit.works]
    for needed in lacking(works, people, visit.ends_at):
        yield no_competence(needed, f"on the visit on {_when(visit)}")
    trainings = [Requirement(subject=one) for one in sorted(set(visit.trainings))]
    for needed in lacking(trainings, people, visit.ends_at):
        yield no_training(needed, f"on the visit on {_when(visit)}")
    soon = visit.ends_at + ENDING
    for needed in [*works, *trainings]:
        last = max((competent_until(person, needed) for person in people), default=NEVER)
        if visit.ends_at <= last <= soon:
            yield warning(
                "competence-ending",
                f"{said_requirement(needed)} of the visit on {_when(visit)} ends at {last:%Y-%m-%d %H:%M} UTC",
                SUPERVISOR,
                "have it renewed, and its new end entered",
            )


def no_competence(needed: Requirement, where: str) -> Blocker:
    """Nobody `where` has the competence that a work takes."""
    return refused(
        "work-competence",
        f"nobody {where} has {said_requirement(needed)}",
        SUPERVISOR,
        f"send somebody who has {said_requirement(needed)}, or have theirs entered",
    )


def no_training(needed: Requirement, where: str) -> Blocker:
    """Nobody `where` has the training for the kit."""
    return refused(
        "unit-training",
        f"nobody {where} has the training {needed.subject} for the kit",
        SUPERVISOR,
        "send somebody who was trained for it, or keep kit of another model",
    )


def _to_mind(visit: VisitFacts, person: PersonFacts, rota: str | None) -> Iterator[Blocker]:
    who = person.person
    elsewhere = sorted(
        {one.rota for one in person.on_call if one.rota != rota and _overlap(visit, one.starts_at, one.ends_at)}
    )
    if elsewhere:
        yield warning(
            "on-call-elsewhere",
            f"{who} is on call for {listed(elsewhere)} during the visit on {_when(visit)}",
            SUPERVISOR,
            "let somebody else take the shift, or send somebody else",
        )
    if person.rest_until is not None and visit.starts_at < person.rest_until:
        yield warning(
            "rest-owed",
            f"{who} is owed rest until {person.rest_until:%Y-%m-%d %H:%M} UTC, and the visit begins"
            f" on {_when(visit)} (reg. 10)",
            SUPERVISOR,
            "let it begin later, send somebody else, or plan compensatory rest",
        )


def _overlap(visit: VisitFacts, starts_at: datetime, ends_at: datetime) -> bool:
    return visit.starts_at < ends_at and starts_at < visit.ends_at


def _meets(one: Competence, needed: Requirement) -> bool:
    return one.subject == needed.subject and one.level >= needed.level


def _until(one: Competence, zone: str) -> datetime:
    if one.valid_until is None or one.valid_until.year >= _NO_YEAR:
        return ALWAYS
    return midnight(one.valid_until + _DAY, zone)


def _absent(kind: str) -> str:
    return "on a deployment away" if kind == "away" else "on leave"


def _when(visit: VisitFacts) -> str:
    return f"{visit.starts_at:%Y-%m-%d %H:%M} UTC"
