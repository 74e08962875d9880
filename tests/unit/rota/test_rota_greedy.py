"""Filling by the longest rested: what it looks at, and that it looks at nothing else."""

from msgspec import structs

from fleet.rota.solver.greedy import greedy
from protocols.rota.member import Busy
from protocols.rota.model import Assigned
from tests.support.rota_books import FOUR, absence, book, change, layer, local, member, rota

WEEKS = ("2026-02-02T09:00", "2026-02-09T09:00", "2026-02-16T09:00", "2026-02-23T09:00")
AS_OF = local("2026-01-01T00:00")
ONE_LAYER = rota([layer(order=())])


def taken(assigned: list[Assigned]) -> list[str | None]:
    return [one.person for one in assigned]


def test_turns_go_round_in_the_order_of_the_rota() -> None:
    found = greedy(book(ONE_LAYER, starts_at=local(WEEKS[0]), as_of=AS_OF))
    assert [one.starts_at for one in found] == [local(week) for week in WEEKS]
    assert taken(found) == list(FOUR)


def test_who_was_on_call_last_comes_last() -> None:
    before = [Assigned(layer="primary-weeks", starts_at=local("2026-01-26T09:00"), person=FOUR[0])]
    given = book(ONE_LAYER, starts_at=local(WEEKS[0]), as_of=AS_OF, known_from=AS_OF, assigned=before)
    assert taken(greedy(given)) == [*FOUR[1:], FOUR[0]]


def test_nobody_on_leave_or_busy_elsewhere_is_taken() -> None:
    members = [member(person) for person in FOUR]
    members[0] = member(FOUR[0], absences=[absence(local("2026-02-08T12:00"), local("2026-02-09T12:00"))])
    busy = Busy(rota="other", starts_at=local("2026-02-03T00:00"), ends_at=local("2026-02-04T00:00"))
    members[1] = structs.replace(members[1], elsewhere=[busy])
    found = taken(greedy(book(ONE_LAYER, starts_at=local(WEEKS[0]), as_of=AS_OF, members=members)))
    assert found == [FOUR[2], FOUR[1], FOUR[0], FOUR[3]]


def test_a_turn_stays_empty_where_nobody_is_free() -> None:
    away = absence(local("2026-02-10T00:00"), local("2026-02-11T00:00"))
    members = [member(person, absences=[away]) for person in FOUR]
    found = taken(greedy(book(ONE_LAYER, starts_at=local(WEEKS[0]), as_of=AS_OF, members=members)))
    assert found == [FOUR[0], None, FOUR[1], FOUR[2]]


def test_nobody_is_in_both_positions_and_what_is_fixed_or_changed_stays() -> None:
    of = rota([layer(order=()), layer("secondary-weeks", position="secondary", order=())])
    fixed = [Assigned(layer="secondary-weeks", starts_at=local(WEEKS[0]), person=FOUR[0], fixed=True)]
    swap = change(
        "swap", FOUR[1], local("2026-02-11T09:00"), local("2026-02-12T09:00"), position="secondary", name="c-2"
    )
    found = greedy(book(of, starts_at=local(WEEKS[0]), as_of=AS_OF, assigned=fixed, changes=[swap]))
    assert fixed[0] in found
    for primary, secondary in zip(found[::2], found[1::2], strict=True):
        assert primary.person != secondary.person
    assert [found[0].person, found[2].person] == [FOUR[1], FOUR[2]], (
        "who has the other place, if only for a day, has not"
    )
