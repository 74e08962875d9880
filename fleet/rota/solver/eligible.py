"""Who may take a turn, and in words why somebody may not. Pure."""

from datetime import datetime
from functools import cached_property

from fleet.rota.rules.competence import competent_until
from fleet.rota.rules.spans import Span, common, merged
from fleet.rota.rules.wall import local_date
from fleet.rota.rules.words import day
from fleet.rota.solver.problem import Problem, Slot
from protocols.rota.member import Member
from protocols.rota.model import Requirement


class Eligibility:
    """Answers for one problem, each person's obstacles gathered once."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem

    @cached_property
    def _obstacles(self) -> dict[str, list[tuple[str, list[Span]]]]:
        return {member.person: self._of(member) for member in self._problem.members}

    def _of(self, member: Member) -> list[tuple[str, list[Span]]]:
        absent = self._problem.absences(member.person)
        before = [span for span in absent["term"] if span.starts_at < member.valid_from]
        after = [span for span in absent["term"] if span.starts_at >= member.valid_from]
        found = [
            ("is on leave", absent["leave"]),
            ("is away", absent["away"]),
            (f"has a term in the people list that begins on {self._date(member.valid_from)}", before),
            (f"has a term in the people list that ends on {self._date(member.valid_until)}", after),
        ]
        for rota in dict.fromkeys(one.rota for one in member.elsewhere):
            busy = [Span(one.starts_at, one.ends_at) for one in member.elsewhere if one.rota == rota]
            found.append((f"is on call on {rota}", busy))
        for position in dict.fromkeys(one.position for one in self._problem.present):
            has = [one.span for one in self._problem.present if (one.person, one.position) == (member.person, position)]
            found.append((f"has {position} then", has))
        return [(why, merged(when)) for why, when in found]

    def _date(self, at: datetime) -> str:
        on = local_date(at, self._problem.book.rota.zone)
        return f"{day(on)} {on.year}"

    def obstacle(self, person: str, slot: Slot) -> str | None:
        """Why somebody can not take a turn, whatever else holds: `is on leave`; None when they can."""
        return next((why for why, spans in self._obstacles[person] if slot.meets(spans)), None)

    def lacking(self, person: str, slot: Slot) -> Requirement | None:
        """What everybody on call needs and somebody does not have throughout a turn; None when there is nothing."""
        zone, member = self._problem.book.rota.zone, self._problem.by_person[person]
        hours = common(slot.parts, self._problem.cover)
        if not hours:
            return None
        each = [one for one in self._problem.book.rota.requirements if one.who == "each"]
        return next((one for one in each if competent_until(member, one, zone) < hours[-1].ends_at), None)
