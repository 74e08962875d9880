"""What somebody may see of a rota who may not see others' working time. Pure."""

from collections.abc import Iterable

from msgspec import structs

from protocols.people import Role, may
from protocols.rota.book import RotaBook
from protocols.rota.findings import WORKING_TIME_RULES, Assessment, Finding, Quality, QualityPart
from protocols.rota.load import Load
from protocols.rota.member import Absence, Member, WorkingTerms

_OF_WORK = frozenset({*WORKING_TIME_RULES, "reference-period"})
_UNSEEN = {
    "law": "others' working time is not shown to you",
    "fairness": "others' ordinary hours, shares and debts are not shown to you",
    "wishes": "others' wishes are not shown to you",
}
"""By part of the score, of what it knows nothing."""


def book_for(book: RotaBook, person_id: str, role: Role) -> RotaBook:
    """The book as this person may have it: whole for those who may see working time. Of others it keeps who they are,
    their competences, and when they are absent, and why only where that is a deployment away. It keeps no debts, nor
    one's own: sick leave makes shares smaller, so that they would tell which absence was sick leave."""
    if may(role, "see-working-time"):
        return book
    return structs.replace(
        book,
        members=[_own(one) if one.person == person_id else _discreet(one) for one in book.members],
        call_outs=[one for one in book.call_outs if one.person == person_id],
        work_done=[one for one in book.work_done if one.person == person_id],
        rests=[one for one in book.rests if one.person == person_id],
    )


def assessment_for(found: Assessment, person_id: str, role: Role) -> Assessment:
    """What the rules say of a book of `book_for`, without what they say of others' working time: it would be of work
    that the book leaves out. The score's parts say what they know nothing of."""
    if may(role, "see-working-time"):
        return found
    return structs.replace(
        found,
        findings=findings_for(found.findings, person_id, role),
        people=[one for one in found.people if one.person == person_id],
        quality=_as_far_as_seen(found.quality),
    )


def _as_far_as_seen(quality: Quality) -> Quality:
    return structs.replace(quality, parts=[_with_unseen(one) for one in quality.parts])


def _with_unseen(part: QualityPart) -> QualityPart:
    unseen = _UNSEEN.get(part.name)
    return part if unseen is None else structs.replace(part, sentence=f"{part.sentence}; {unseen}")


def findings_for(findings: Iterable[Finding], person_id: str, role: Role) -> list[Finding]:
    """Findings without those about others' working time, for those who may not see it."""
    if may(role, "see-working-time"):
        return list(findings)
    return [one for one in findings if not _of_others_work(one, person_id)]


def _of_others_work(finding: Finding, person_id: str) -> bool:
    return finding.rule in _OF_WORK and person_id not in finding.persons


def _own(member: Member) -> Member:
    return structs.replace(member, debt=Load())


def _discreet(member: Member) -> Member:
    terms = WorkingTerms(competences=member.terms.competences)
    absences = [_without_kind(one) for one in member.absences]
    return structs.replace(member, terms=terms, absences=absences, wishes=[], debt=Load())


def _without_kind(absence: Absence) -> Absence:
    kind = absence.kind if absence.kind == "away" else "other"
    return structs.replace(absence, kind=kind, reference="")
