"""A rota's book is read and written alike, and one that no rule could judge is refused with what to do."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from protocols.errors import InvalidRota
from protocols.rota.book import MAX_PERIOD_DAYS, RotaBook
from protocols.rota.member import (
    Busy,
    CompensatoryRest,
    Competence,
    OptOut,
    Regulation21,
    Wish,
    WorkDone,
    WorkingDay,
    WorkingTerms,
)
from protocols.rota.model import Assigned, Requirement, RotaPolicy
from protocols.rota.reading import (
    MAX_BOOK_BYTES,
    MAX_KNOWN_DAYS,
    MAX_PARTS,
    check_book,
    check_rota,
    read_book,
    write_book,
)
from tests.support.rota_books import (
    FOUR,
    absence,
    book,
    call_out,
    change,
    layer,
    local,
    member,
    office_hours,
    rota,
    weekdays,
)

AT, LATER = local("2026-02-10T09:00"), local("2026-02-10T12:00")
DAY = timedelta(days=1)
FULL = replace(
    book(
        rota([layer(restrictions=[weekdays([0, 4], "17:30", "08:00")]), layer("nights", ends="2026-06-01T09:00")]),
        known_from=local("2025-10-01T00:00"),
        members=[
            member(
                person,
                hours=office_hours(),
                competences=[
                    Competence(subject="electrical", level=3, evidence="BTEC L3", valid_until=date(2027, 1, 31))
                ],
                absences=[absence(AT, LATER)],
            )
            for person in FOUR
        ],
        assigned=[Assigned(layer="nights", starts_at=AT, person=None, published_at=AT, fixed=True)],
        changes=[change("swap", "TO-12", AT, LATER)],
        call_outs=[call_out("TO-12", AT, None)],
    ),
    bank_holidays=[date(2026, 4, 3)],
    work_done=[WorkDone(work="w-1", person="TO-11", starts_at=AT, ends_at=LATER, break_min=20)],
    rests=[CompensatoryRest(rest="r-1", person="TO-11", starts_at=AT, ends_at=LATER)],
)


def refused(attempt: Callable[[], object]) -> str:
    """The reason for which it is refused; what is said is whole sentences short enough to show."""
    with pytest.raises(InvalidRota) as error:
        attempt()
    assert str(error.value) == error.value.detail
    assert len(error.value.detail) <= 300
    return error.value.reason


def of_rota(**fields: Any) -> str:
    """The reason against a rota with other fields."""
    return refused(lambda: check_rota(replace(rota(), **fields)))


def of_book(whole: RotaBook = FULL, **fields: Any) -> str:
    """The reason against a book with other fields."""
    return refused(lambda: check_book(replace(whole, **fields)))


def of_member(**fields: Any) -> str:
    """The reason against a book in which one person has other fields."""
    return of_book(members=[replace(member("TO-11"), **fields), *map(member, FOUR[1:])])


def test_a_book_that_is_written_and_read_is_the_same() -> None:
    written = write_book(FULL)
    assert read_book(written) == FULL
    assert write_book(read_book(written)) == written
    assert written.startswith(b'{\n  "rota": {\n    "rota": "technical",\n')
    assert written.endswith(b"\n}\n")


@given(
    st.integers(-5000, 5000),
    st.integers(1, MAX_PERIOD_DAYS),
    st.integers(0, MAX_KNOWN_DAYS),
    st.text("abc -é☎", max_size=9),
)
def test_periods_and_names_come_back_as_they_were(day: int, days: int, known: int, name: str) -> None:
    starts_at = AT + day * DAY
    whole = replace(
        book(replace(rota(), name=f"x{name}"), starts_at=starts_at, ends_at=starts_at + days * DAY),
        known_from=starts_at - known * DAY,
    )
    assert read_book(write_book(whole)) == whole


def test_instants_with_an_offset_are_read_as_utc() -> None:
    as_typed = write_book(FULL).replace(b"2026-02-10T09:00:00Z", b"2026-02-10T10:00:00+01:00")
    assert b"+01:00" in as_typed
    found = read_book(as_typed)
    assert found == FULL
    assert found.changes[0].starts_at.tzinfo is UTC
    assert write_book(found) == write_book(FULL)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b"[" * 100_000, b'{"rota": 1}', b'{"rota": "\\ud800"}'])
def test_what_is_no_book_is_refused(data: bytes) -> None:
    assert refused(lambda: read_book(data)) == "unreadable"


def test_a_file_that_is_too_large_is_not_decoded() -> None:
    written = write_book(FULL)
    padded = written + b" " * (MAX_BOOK_BYTES - len(written))
    assert read_book(padded) == FULL
    assert refused(lambda: read_book(padded + b" ")) == "too-large"


@pytest.mark.parametrize("field", ["surprise", "Rota"])
def test_a_field_that_is_not_known_is_refused_with_its_name(field: str) -> None:
    fields = msgspec.json.decode(write_book(FULL))
    fields[field] = 1
    with pytest.raises(InvalidRota, match=field):
        read_book(msgspec.json.encode(fields))


@given(st.binary(max_size=40), st.integers(0, 3000))
def test_a_damaged_file_is_read_or_refused(damage: bytes, at: int) -> None:
    written = write_book(FULL)
    try:
        found = read_book(written[:at] + damage + written[at + len(damage) :])
    except InvalidRota as error:
        assert error.detail  # noqa: PT017 - it is read or refused, and nothing else
    else:
        check_book(found)


@pytest.mark.parametrize(
    "zone", ["Europe/Londen", "Europe", "right/Europe/London", "localtime", "/etc/passwd", "GMT+25"]
)
def test_a_zone_has_to_be_in_the_database(zone: str) -> None:
    assert of_rota(zone=zone) == "zone-unknown"
    assert of_member(absences=[absence(AT, LATER, zone=zone)]) == "zone-unknown"


def test_a_rota_whose_layers_mean_nothing_is_refused() -> None:
    assert of_rota(layers=[layer("a"), layer("a", position="secondary")]) == "layer-twice"
    assert of_rota(layers=[layer(ends="2026-01-05T09:00")]) == "layer-ends-early"
    assert of_rota(layers=[layer(order=["TO-11", "TO-99"])]) == "not-a-member"
    assert of_rota(members=[*FOUR, FOUR[0]]) == "member-twice"
    assert of_rota(positions=["primary", "primary"]) == "position-twice"
    twice = [Requirement(subject="electrical", level=3), Requirement(subject="electrical", level=4)]
    assert of_rota(requirements=twice) == "requirement-twice"
    check_rota(replace(rota(), requirements=[twice[0], replace(twice[1], who="each")]))
    check_rota(replace(rota(), layers=[layer(order=["TO-11", "TO-12", "TO-11"])]))


@pytest.mark.parametrize(
    "policy",
    [
        RotaPolicy(handover_from=time(9), handover_until=time(9)),
        RotaPolicy(away_from=time(8), away_until=time(8)),
        RotaPolicy(away_from=time(23, 30), away_until=time(0, 30), away_break_min=60),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused(policy: RotaPolicy) -> None:
    assert of_rota(policy=policy) == "policy-unusable"


def test_hours_of_handover_may_go_over_midnight() -> None:
    check_rota(replace(rota(), policy=RotaPolicy(handover_from=time(19), handover_until=time(7))))


@pytest.mark.parametrize("year", [1, 1899, 3000, 9999])
def test_times_from_which_no_sum_could_be_made_are_refused(year: int) -> None:
    far = datetime(year, 1, 1, tzinfo=UTC)
    assert of_rota(layers=[layer(starts=f"{year:04}-01-01T09:00")]) == "out-of-years"
    assert of_book(as_of=far) == "out-of-years"
    assert of_book(bank_holidays=[far.date()]) == "out-of-years"
    assert of_member(valid_until=far) == "out-of-years"
    competence = Competence(subject="electrical", valid_until=far.date())
    assert of_member(terms=WorkingTerms(competences=[competence])) == "out-of-years"
    assert of_member(absences=[absence(AT, far)]) == "out-of-years"


def test_a_book_has_a_period_with_what_is_known_before_it() -> None:
    assert of_book(ends_at=FULL.starts_at) == "period-unusable"
    assert of_book(ends_at=FULL.starts_at + MAX_PERIOD_DAYS * DAY + timedelta(seconds=1)) == "period-unusable"
    assert of_book(known_from=FULL.starts_at + timedelta(seconds=1)) == "known-from-unusable"
    assert of_book(known_from=FULL.starts_at - MAX_KNOWN_DAYS * DAY - timedelta(seconds=1)) == "known-from-unusable"
    check_book(replace(FULL, ends_at=FULL.starts_at + MAX_PERIOD_DAYS * DAY))


def test_work_without_bound_is_refused() -> None:
    hourly = [layer(f"hours-{n}", every=1, unit="hours") for n in range(3)]
    year = local("2027-02-02T00:00")
    check_book(book(rota(hourly), ends_at=year))
    assert MAX_PARTS > 3 * 365 * 24
    assert of_book(book(rota([*hourly, *map(_again, hourly)]), ends_at=year)) == "too-much-work"
    often = [weekdays(range(7), f"{hour:02}:00", f"{hour:02}:30") for hour in range(21)]
    many = [layer(f"weeks-{n}", restrictions=often) for n in range(6)]
    assert of_book(book(rota(many), ends_at=year)) == "too-much-work"


def _again(of: Any) -> Any:
    return replace(of, layer=f"{of.layer}-again")


def test_who_is_named_has_to_be_in_the_book() -> None:
    stranger = "TO-99"
    assert of_book(members=FULL.members[1:]) == "person-unknown"
    assert of_book(members=[*FULL.members, FULL.members[0]]) == "member-twice"
    assert of_book(assigned=[Assigned(layer="nights", starts_at=AT, person=stranger)]) == "person-unknown"
    assert of_book(changes=[change("swap", stranger, AT, LATER)]) == "person-unknown"
    assert of_book(call_outs=[call_out(stranger, AT, LATER)]) == "person-unknown"
    assert of_book(work_done=[replace(FULL.work_done[0], person=stranger)]) == "person-unknown"
    assert of_book(rests=[replace(FULL.rests[0], person=stranger)]) == "person-unknown"
    assert of_book(assigned=[Assigned(layer="days", starts_at=AT, person="TO-11")]) == "layer-unknown"


def test_what_ends_before_it_starts_is_refused() -> None:
    assert of_book(changes=[change("swap", "TO-11", LATER, AT)]) == "ends-before-start"
    assert of_book(call_outs=[call_out("TO-11", LATER, AT)]) == "ends-before-start"
    assert of_book(call_outs=[call_out("TO-11", AT, AT)]) == "ends-before-start"
    assert of_book(work_done=[replace(FULL.work_done[0], ends_at=AT)]) == "ends-before-start"
    assert of_book(rests=[replace(FULL.rests[0], ends_at=AT)]) == "ends-before-start"
    assert of_member(absences=[absence(LATER, AT)]) == "ends-before-start"
    assert of_member(wishes=[Wish(wish="w-1", wants="off", starts_at=LATER, ends_at=AT)]) == "ends-before-start"
    assert of_member(elsewhere=[Busy(rota="another", starts_at=LATER, ends_at=AT)]) == "ends-before-start"
    claim = Regulation21(reason="24/7 presence", since=date(2026, 2, 2), until=date(2026, 2, 1))
    assert of_member(terms=WorkingTerms(regulation_21=claim)) == "ends-before-start"
    agreed = OptOut(signed_on=date(2026, 1, 1), since=date(2026, 2, 2), until=date(2026, 2, 1))
    assert of_member(terms=WorkingTerms(opt_outs=[agreed])) == "ends-before-start"
    short = WorkingDay(weekday=0, from_time=time(23, 45), until_time=time(0, 15), break_min=30)
    assert of_member(terms=WorkingTerms(hours=[short])) == "break-too-long"


def test_a_record_is_there_once() -> None:
    assert of_book(assigned=FULL.assigned * 2) == "record-twice"
    assert of_book(changes=FULL.changes * 2) == "record-twice"
    assert of_book(call_outs=FULL.call_outs * 2) == "record-twice"
    assert of_book(work_done=FULL.work_done * 2) == "record-twice"
    assert of_book(rests=FULL.rests * 2) == "record-twice"
    assert of_member(absences=[absence(AT, LATER)] * 2) == "record-twice"


def test_both_halves_of_a_swap_may_bear_one_name() -> None:
    halves = [change("swap", "TO-12", AT, LATER), change("swap", "TO-11", AT + 7 * DAY, LATER + 7 * DAY)]
    check_book(replace(FULL, changes=halves))
