"""What is amiss with the cover of a rota from now on, as the controller's database knows it: less than a whole book, so
that it can be asked every minute."""

from datetime import UTC, datetime, timedelta

from msgspec import structs

from fleet.rota.books import asking, turns_and_changes
from fleet.rota.rules.cover import cover_findings
from fleet.rota.rules.schedule import shifts_of
from fleet.rota.rules.spans import Span
from fleet.rota.rules.wall import instant
from fleet.rota.rules.words import key_time
from fleet.store.rotas import StoredRota
from fleet.store.store import Transaction
from protocols.rota.book import RotaBook
from protocols.rota.findings import Finding, RuleName
from protocols.rota.member import Member, WorkingTerms

AHEAD = timedelta(days=14)
"""How far ahead gaps are looked for."""
_TO_ITS_END = timedelta(days=35)
"""How much further the end of a gap is looked for."""
BEHIND = timedelta(days=28)
"""How far back the beginning of a gap is looked for."""
GAPS: frozenset[RuleName] = frozenset({"cover", "signers", "leave", "away", "term"})
"""Rules whose faults are gaps in cover: nobody has a position, those who have it are not there, or may not sign."""


async def cover_book(transaction: Transaction, stored: StoredRota, now: datetime) -> RotaBook | None:
    """A book of the rota from `now` until later than AHEAD, and of what is known BEHIND it, without call-outs, work
    and wishes; None where the rota has ended or is still to begin by then. Raises RequestRefused for too much."""
    if stored.ended_at is not None:
        return None
    rota = asking(stored)
    at = now.astimezone(UTC).replace(microsecond=0)
    began = min((instant(layer.starts, rota.zone) for layer in rota.layers), default=at)
    window = Span(max(at - BEHIND, began), at + AHEAD + _TO_ITS_END)
    if window.starts_at >= at + AHEAD:
        return None
    assigned, changes = await turns_and_changes(transaction, rota, window)
    people = {*rota.members, *(one.person for one in assigned if one.person is not None)}
    people |= {person for one in changes for person in (one.person, one.gives) if person is not None}
    terms = await transaction.rota_books.terms_of_people(people)
    absences = await transaction.rota_books.absences(people, *window)
    working = await transaction.rota_books.working_terms(people)
    members = [
        Member(
            person=person,
            role=term.role,
            valid_from=term.valid_from,
            valid_until=term.valid_until,
            terms=working.get(person, WorkingTerms()),
            absences=absences.get(person, []),
        )
        for person, term in terms.items()
    ]
    return RotaBook(
        rota=rota,
        starts_at=max(at, window.starts_at),
        ends_at=window.ends_at,
        known_from=window.starts_at,
        as_of=at,
        members=members,
        assigned=assigned,
        changes=changes,
    )


def gaps_ahead(book: RotaBook) -> list[Finding]:
    """Where the book's rota has a gap in cover that begins by AHEAD of its `as_of`, by time; pure. The key of one that
    began before anything is known stays the same as time goes on."""
    found = cover_findings(book, shifts_of(book))
    edge, last = f":{key_time(book.known_from)}", book.as_of + AHEAD
    gaps = (one for one in found if one.rule in GAPS and one.answer == "fault")
    return [_steady(one, edge) for one in gaps if one.starts_at < last]


def _steady(finding: Finding, edge: str) -> Finding:
    if not finding.key.endswith(edge):
        return finding
    return structs.replace(finding, key=f"{finding.key.removesuffix(edge)}:before")
