"""What of a rota waits for somebody, and the rules of changes by hand that need no controller."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest

from fleet.errors import Conflict
from fleet.rota import change_rules, duty_rules
from fleet.rota.change_rules import Roster
from fleet.rota.cover_ahead import gaps_ahead
from fleet.rota.oncall import Holding, holding, signers
from fleet.rota.rules.spans import Span
from fleet.store.rota_changes import StoredChange
from protocols.people import Role
from protocols.rota.book import RotaBook
from protocols.rota.member import Competence, Member
from protocols.rota.model import Assigned, Shift
from tests.support.rota_books import FAR_OFF, LONG_AGO, absence, change, layer, local, member, rota

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = local("2026-02-09T09:00")
# By the order TO-12 has the primary from MONDAY, and TO-13 the secondary.
TECHNICAL = rota()


def stored(**changes: Any) -> StoredChange:
    """TO-11 is to take over the Monday's primary from TO-12."""
    fields: dict[str, Any] = {
        "change_id": "S-000000000001",
        "rota_id": "technical",
        "kind": "take-over",
        "state": "asked",
        "position": "primary",
        "person_id": "TO-11",
        "starts_at": MONDAY,
        "ends_at": MONDAY + DAY,
        "gives": "TO-12",
        "back_position": None,
        "back_starts_at": None,
        "back_ends_at": None,
        "reason": "",
        "asked_by": "TO-11",
        "asked_at": MONDAY - 9 * DAY,
    }
    return StoredChange(**{**fields, **changes})


SWAP = stored(kind="swap", back_position="secondary", back_starts_at=MONDAY - 7 * DAY, back_ends_at=MONDAY - 6 * DAY)


def test_both_halves_of_a_swap_have_one_id_and_each_their_giver() -> None:
    there, back = SWAP.halves(LONG_AGO)
    assert (there.person, there.gives, there.position) == ("TO-11", "TO-12", "primary")
    assert (back.person, back.gives, back.position) == ("TO-12", "TO-11", "secondary")
    assert there.change == back.change
    assert (SWAP.begins_at, SWAP.over_at) == (MONDAY - 7 * DAY, MONDAY + DAY)
    said = change_rules.said_change(SWAP, "Europe/London")
    assert said.startswith("TO-11 has primary, which TO-12 gives, from Mon 9 Feb 2026 09:00 GMT until Tue 10 Feb 2026")
    assert "; TO-12 has secondary, which TO-11 gives, from Mon 2 Feb" in said


@pytest.mark.parametrize(
    ("asked_by", "state", "waits"),
    [
        ("TO-11", "asked", "TO-12"),
        ("TO-12", "asked", "TO-11"),
        ("TO-11", "agreed", "supervisor"),
        ("TO-11", "approved", ""),
        ("TO-11", "lapsed", ""),
    ],
)
def test_whose_word_is_missing(asked_by: str, state: Any, waits: str) -> None:
    assert change_rules.waits_for(stored(asked_by=asked_by, state=state)) == waits


def test_a_change_stands_above_what_was_decided_before_it_but_never_a_swap_above_an_override() -> None:
    now = MONDAY - DAY
    others = [
        change("take-over", "TO-13", MONDAY, MONDAY + HOUR, decided_at=now - DAY, name="earlier"),
        change("take-over", "TO-13", MONDAY, MONDAY + HOUR, decided_at=now + DAY, name="later"),
        change("override", "TO-13", MONDAY, MONDAY + HOUR, decided_at=now - DAY, name="override"),
        change("swap", "TO-13", MONDAY + DAY, MONDAY + 2 * DAY, name="after"),
        change("swap", "TO-13", MONDAY, MONDAY + DAY, position="secondary", name="beside"),
        change("take-over", "TO-11", MONDAY, MONDAY + DAY, name=stored().change_id),
    ]
    assert change_rules.stands_above(stored(), others, now) == ["earlier"]
    decided = stored(kind="override", gives=None, state="approved", decided_at=now)
    assert change_rules.stands_above(decided, others, now) == ["earlier", "later", "override"]
    assert change_rules.stands_above(stored(state="refused"), others, now) == []
    assert change_rules.stands_above(SWAP, others, now) == ["earlier"]


def test_who_gives_a_time_has_to_have_all_of_it() -> None:
    roster = Roster(TECHNICAL, [], [])
    change_rules.check_gives(roster, stored())
    change_rules.check_gives(roster, stored(ends_at=MONDAY + 7 * DAY))
    with pytest.raises(Conflict):
        change_rules.check_gives(roster, stored(ends_at=MONDAY + 7 * DAY + timedelta(seconds=1)))
    taken = roster.with_changes([change("take-over", "TO-13", MONDAY + HOUR, MONDAY + 2 * HOUR)])
    with pytest.raises(Conflict):
        change_rules.check_gives(taken, stored())
    change_rules.check_gives(taken, stored(starts_at=MONDAY + HOUR, ends_at=MONDAY + 2 * HOUR, gives="TO-13"))
    above = roster.with_changes([change("override", "TO-12", MONDAY, MONDAY + HOUR)])
    change_rules.check_gives(above, stored())
    with pytest.raises(Conflict):
        change_rules.check_effect(above, stored().halves(MONDAY - DAY))


def shift(person: str, from_h: int, until_h: int) -> Shift:
    return Shift(
        starts_at=MONDAY + from_h * HOUR,
        ends_at=MONDAY + until_h * HOUR,
        position="primary",
        person=person,
        source="layer",
        about="primary-weeks",
    )


def test_a_holding_goes_on_through_whatever_turns_its_person_has_one_after_the_other() -> None:
    shifts = [shift("TO-11", -5, 2), shift("TO-11", 2, 9), shift("TO-11", 10, 11), shift("TO-12", 11, 12)]
    known = MONDAY + 50 * HOUR
    assert holding(shifts, "primary", MONDAY, known) == (Holding("TO-11", MONDAY + 9 * HOUR, "TO-11"), False)
    at = MONDAY + 9 * HOUR
    assert holding(shifts, "primary", at, known) == (Holding(None, MONDAY + 10 * HOUR, "TO-11"), False)
    assert holding(shifts, "primary", MONDAY + 12 * HOUR, known) == (Holding(None, None, None), False)
    assert holding(shifts, "secondary", MONDAY, known) == (Holding(None, None, None), False)
    assert holding(shifts, "primary", MONDAY, MONDAY + 9 * HOUR) == (Holding("TO-11", None, None), True)
    assert holding(shifts, "primary", MONDAY + 11 * HOUR, known)[0] == Holding("TO-12", MONDAY + 12 * HOUR, None)


def book(*members: Member, **changes: Any) -> RotaBook:
    fields: dict[str, Any] = {
        "rota": TECHNICAL,
        "starts_at": MONDAY,
        "ends_at": MONDAY + 14 * DAY,
        "known_from": MONDAY - 28 * DAY,
        "as_of": MONDAY,
        "members": list(members) or [member(f"TO-1{number}") for number in range(1, 5)],
    }
    return RotaBook(**{**fields, **changes})


def test_signers_are_there_and_need_each_other() -> None:
    roles: dict[str, Role] = {"TO-11": "engineer", "TO-12": "engineer", "SU-01": "supervisor", "AP-01": "approver"}
    people = [member(person, role=role) for person, role in roles.items()]

    def able(*on_call: str, **changes: Any) -> list[str]:
        return signers(book(*people, **changes), set(on_call), MONDAY)

    assert able("TO-11", "SU-01") == ["SU-01", "TO-11"]
    assert able("TO-11", "TO-12") == able("AP-01") == able() == []
    assert able("SU-01", "AP-01") == ["AP-01", "SU-01"]
    ill = member("SU-01", absences=[absence(MONDAY - DAY, MONDAY + DAY)])
    assert signers(book(people[0], ill), {"TO-11", "SU-01"}, MONDAY) == []


def test_a_gap_whose_beginning_is_not_known_keeps_its_key() -> None:
    nobody = msgspec.structs.replace(TECHNICAL, layers=[layer(order=[])], positions=["primary"], signers=False)
    keys = set()
    for hours in (0, 1, 200):
        later = timedelta(hours=hours)
        (gap,) = gaps_ahead(
            book(
                rota=nobody,
                starts_at=MONDAY + later,
                known_from=MONDAY + later - 28 * DAY,
                as_of=MONDAY + later,
                ends_at=MONDAY + later + 14 * DAY,
            )
        )
        keys.add(gap.key)
    assert keys == {"cover:primary:before"}
    given = [Assigned(layer="primary-weeks", starts_at=MONDAY - 7 * DAY, person="TO-11")]
    keys = {gap.key for gap in gaps_ahead(book(rota=nobody, assigned=given))}
    assert keys == {"cover:primary:20260209T090000Z"}


def test_competences_that_end_soon_or_ended_lately_are_told_unless_renewed() -> None:
    now = datetime(2026, 2, 9, 12, tzinfo=UTC)

    def told(*held: Competence) -> list[str]:
        return [one.sentence for one in duty_rules.competences_ending(TECHNICAL, "TO-11", held, now)]

    def driving(until: date | None, **changes: Any) -> Competence:
        return Competence(**{"subject": "driving-licence", "valid_until": until, **changes})

    assert told(driving(date(2026, 3, 11))) == [
        "TO-11's driving-licence ends with 11 Mar 2026: record it anew when it was renewed"
    ]
    assert told(driving(date(2026, 3, 12))) == told(driving(None)) == told(driving(date(2026, 1, 9))) == []
    assert " ended with 10 Jan 2026" in told(driving(date(2026, 1, 10)))[0]
    soon = driving(date(2026, 2, 20), level=3)
    assert told(soon, driving(None, level=4)) == told(soon, driving(date(2026, 9, 1), level=3)) == []
    assert len(told(soon, driving(None, level=2))) == 1
    assert len(told(soon, driving(None, level=3, subject="electrical"))) == 1
    (duty,) = duty_rules.competences_ending(TECHNICAL, "TO-11", [soon], now)
    assert duty.due_at == local("2026-02-21T00:00")


def test_turns_have_to_be_published_where_nobody_has_them_else() -> None:
    def told(until: datetime | None, **changes: Any) -> str:
        found = duty_rules.rota_ends(msgspec.structs.replace(TECHNICAL, **changes), until, MONDAY)
        return "" if found is None else found.sentence

    assert told(MONDAY + 28 * DAY) == told(None) == ""
    assert told(MONDAY + 28 * DAY - HOUR).startswith("turns are published until")
    assert told(MONDAY).startswith("turns were published until Mon 9 Feb 2026 09:00 GMT only")
    assert told(None, layers=[layer(order=[])]) == "no turns are published: plan and publish some"


def test_the_length_of_rest_is_said_in_hours_and_minutes() -> None:
    owed = partial(duty_rules.rest_owed, TECHNICAL, "TO-11", now=MONDAY)
    said = [owed(minutes, may_plan=True).sentence for minutes in (5, 120, 670)]
    assert [one.partition("owed ")[2].partition(" of")[0] for one in said] == ["0 h 5 min", "2 h", "11 h 10 min"]
    assert owed(5, may_plan=True).sentence.endswith("rest: plan it")
    assert owed(5, may_plan=False).sentence.endswith("rest: a supervisor plans it")


def test_the_period_around_a_change_reaches_as_far_as_what_it_can_bring() -> None:
    home = change_rules.period_around(SWAP, TECHNICAL)
    assert home == Span(MONDAY - 22 * DAY, MONDAY + 16 * DAY)
    work = change_rules.period_around(SWAP, msgspec.structs.replace(TECHNICAL, standby="workplace"))
    assert work.ends_at - SWAP.over_at >= timedelta(weeks=26)
    assert work.ends_at < FAR_OFF
