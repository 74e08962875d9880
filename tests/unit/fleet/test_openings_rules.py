"""What makes an opening one outside its mandate, case by case: each changes one thing of a story that is inside."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from fleet.entries.entry import Entry
from fleet.openings.facts import KINDS, read_facts
from fleet.openings.openings import Opening, Told, openings_of
from protocols.access_record import Modality
from tests.support.opening_entries import (
    APPROVER,
    AT,
    AUTHORITY,
    MANDATE,
    UNIT,
    after,
    allows,
    authority,
    authority_cancelled,
    closed,
    lease,
    logged,
    mandate,
    mandate_cancelled,
    media,
    opened,
    refused,
    reviewed,
    shifted,
    story,
    whole,
)

LATER = AT + timedelta(days=3)
S = timedelta(seconds=1)


def judged(entries: Sequence[Entry], now: datetime = LATER, told: Told | None = None) -> Opening:
    """The one opening that `entries` tell of."""
    (found,) = openings_of(logged(entries), now, told or Told())
    return found


def words(opening: Opening) -> tuple[list[str], list[str]]:
    return [one.word for one in opening.faults], [one.word for one in opening.doubts]


def said(opening: Opening, word: str) -> str:
    return next(one.sentence for one in opening.faults if one.word == word)


def test_what_is_inside_its_mandate() -> None:
    found = judged(story())
    assert (found.verdict, words(found)) == ("inside", ([], []))
    assert (found.key, found.person, found.mandate, found.authority) == (
        (UNIT, "open-1", "video"),
        "TO-12",
        MANDATE,
        AUTHORITY,
    )
    assert (found.granted_at, found.opened_at, found.unit_opened_at, found.closed_at) == (
        AT,
        after(2),
        after(1),
        after(31),
    )
    assert (found.open_s, found.close_reason, found.entries, found.records) == (
        30,
        "expiry",
        (*range(100, 106),),
        (7, 8),
    )


@dataclass
class Case:
    """The story with other papers, or more of them."""

    name: str
    faults: list[str]
    sentence: str = ""
    of_mandate: dict[str, Any] = field(default_factory=dict)
    of_authority: dict[str, Any] = field(default_factory=dict)
    more: list[Entry] = field(default_factory=list)
    of_modality: Modality = "video"


START = after(1)
END = after(31)
CASES = [
    Case("opened as it begins", [], of_mandate={"starts_at": START}),
    Case(
        "opened before it begins", ["before-mandate"], "opened 1 s before mandate m-1 began", {"starts_at": START + S}
    ),
    Case("closed as it ends", [], of_mandate={"ends_at": END}),
    Case("a second longer is rounding", [], of_mandate={"ends_at": END - S}),
    Case(
        "left running", ["past-mandate"], "left running for 9 s after mandate m-1 had ended", {"ends_at": END - 9 * S}
    ),
    Case("opened as it ends", ["after-mandate"], "opened 0 s after mandate m-1 had ended", {"ends_at": START}),
    Case("cancelled after", [], more=[mandate_cancelled(END)]),
    Case("cancelled as it opened", ["mandate-cancelled"], "opened 0 s after mandate", more=[mandate_cancelled(START)]),
    Case(
        "left running after a cancellation",
        ["mandate-cancelled-running"],
        "left running for 10 s after mandate m-1 was cancelled (2026-07-10 12:00:21 UTC)",
        more=[mandate_cancelled(END - 10 * S), mandate_cancelled(END)],
    ),
    Case("another mandate cancelled", [], more=[mandate_cancelled(START, "m-2")]),
    Case("another unit's mandate", ["other-unit"], "is for unit unit-wxyz6789", {"unit": "unit-wxyz6789"}),
    Case("another modality's", ["modality-not-covered"], "covers audio, not video", {"allows": allows("audio")}),
    Case("one person's", ["same-person"], "AP-03 both asked for mandate m-1", {"requester": APPROVER}),
    Case("recorded later", ["mandate-late"], "recorded 59 s after the opening", {"at": after(60)}),
    Case("under no authority", ["no-authority"], "authority of this mandate", {"authority": None}),
    Case("under an unknown one", ["no-authority"], "knows no authority X-9", {"authority": "X-9"}),
    Case("under another of that reference", ["no-authority"], "knows no authority AUTH", {"authority_id": "A-9"}),
    Case("on the bench no authority is needed", [], of_mandate={"authority": None, "mandate_kind": "bench"}),
    Case("getting kit back is position only", ["modality-not-covered"], "position only", {"mandate_kind": "retrieval"}),
    Case("authority takes effect", [], of_authority={"starts_at": START}),
    Case("before it takes effect", ["before-authority"], "opened 1 s before authority", {}, {"starts_at": START + S}),
    Case("oral authority lapsed", ["after-authority"], "opened 1 s after authority", {}, {"ends_at": START - S}),
    Case("lapsed meanwhile", ["past-authority"], "left running for 20 s", {}, {"ends_at": END - 20 * S}),
    Case("listening authorised only", ["authority-modality"], "covers audio, not video", {}, {"modalities": ["audio"]}),
    Case("authorised to fit only", ["authority-kind"], "is to install", {}, {"authority_kinds": ["install"]}),
    Case(
        "getting kit back is authorised apart",
        ["authority-kind"],
        "a retrieval mandate needs one to retrieve",
        {"mandate_kind": "retrieval", "allows": allows("position")},
        {"authority_kinds": ["use"], "modalities": ["position"]},
        of_modality="position",
    ),
    Case("review due later", [], of_authority={"review_at": START + S}),
    Case("review due", ["review-overdue"], "review of authority AUTH-26/7 was due", {}, {"review_at": START}),
    Case("recorded after the opening", ["no-authority"], "was recorded 1 s after", {}, {"at": START + S}),
    Case("authority cancelled before", ["authority-cancelled"], "opened 1 s after", more=[authority_cancelled(AT)]),
    Case(
        "left running after the authority's cancellation",
        ["authority-cancelled-running"],
        "left running for 21 s after authority AUTH-26/7 was cancelled",
        more=[authority_cancelled(after(10))],
    ),
    Case("another authority cancelled", [], more=[authority_cancelled(AT, "X-9")]),
]


def _of(entry: Any, modality: Modality) -> Any:
    named = {"modalities": [modality]} if hasattr(entry, "modalities") else {"modality": modality}
    return msgspec.structs.replace(entry, **named)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_papers(case: Case) -> None:
    told: list[Any] = [_of(one, case.of_modality) for one in whole()]
    found = judged([authority(**case.of_authority), mandate(**case.of_mandate), *told, *case.more])
    assert words(found) == (case.faults, [])
    assert found.verdict == ("outside" if case.faults else "inside")
    assert all(case.sentence in said(found, word) for word in case.faults), found.faults


@pytest.mark.parametrize(
    ("entries", "now", "told", "expected"),
    [
        ([opened(), closed()], LATER, {}, (["unit-only"], [])),
        ([lease(modalities=["audio"]), opened(), closed()], LATER, {}, (["unit-only"], [])),
        ([lease(unit="unit-wxyz6789"), opened(), closed()], LATER, {}, (["unit-only"], [])),
        ([lease(), media()], after(10), {}, ([], ["record-missing", "not-closed"])),
        ([lease(), media()], after(3602), {}, (["controller-only"], ["not-closed"])),
        ([lease(), media()], after(10), {UNIT: after(2)}, ([], ["record-missing", "not-closed"])),
        ([lease(), media()], after(10), {UNIT: after(3)}, (["controller-only"], ["not-closed"])),
        ([lease(), media(), opened()], after(10), {}, ([], ["not-closed"])),
        ([lease(), media(), closed()], LATER, {}, ([], [])),
        ([lease()], LATER, {}, ([], ["not-opened"])),
        ([lease()], LATER, {UNIT: after(60)}, ([], ["not-opened"])),
        ([lease()], LATER, {UNIT: after(61)}, ([], [])),
        ([lease(), refused()], LATER, {}, ([], [])),
        ([lease(carried=True), refused()], LATER, {UNIT: after(60)}, ([], ["not-opened"])),
        ([lease(carried=True), refused()], LATER, {UNIT: after(61)}, ([], [])),
        ([lease(mandate="m-9"), opened(mandate="m-9"), closed()], LATER, {}, (["no-mandate"], [])),
        ([lease(), opened(mandate="m-9"), closed()], LATER, {}, (["mandate-differs"], [])),
        ([opened(mandate=None), closed()], LATER, {}, (["unit-only", "no-mandate"], [])),
    ],
)
def test_sides_that_say_different_things(
    entries: Sequence[Entry], now: datetime, told: dict[str, datetime], expected: tuple[list[str], list[str]]
) -> None:
    found = openings_of(logged([authority(), mandate(), *entries]), now, Told(told))
    assert words(next(one for one in found if one.modality == "video" and one.unit == UNIT)) == expected


def test_a_unit_whose_entries_are_on_their_way_into_the_tree_is_waited_for() -> None:
    told = Told({UNIT: LATER}, frozenset({UNIT}))
    assert words(judged([authority(), mandate(), lease(), media()], LATER, told))[0] == []


def test_a_refusal_is_said_and_an_unknown_refusal_is_no_opening() -> None:
    never_open = judged([authority(), mandate(), lease(), refused()])
    assert (never_open.close_reason, never_open.verdict) == ("refused: budget-used", "refused")
    assert openings_of(logged([mandate(), refused(opening=None)]), LATER, Told()) == []


@pytest.mark.parametrize(
    ("renewals", "open_s", "faults"),
    [([], 60, []), ([], 61, []), ([], 62, ["over-lease"]), ([50], 111, []), ([50], 112, ["over-lease"])],
)
def test_how_long_leases_allow(renewals: list[int], open_s: int, faults: list[str]) -> None:
    leases = [lease(at=after(at), expires_at=after(at + 60)) for at in (0, *renewals)]
    entries = [authority(), mandate(), *leases, opened(), closed(open_s=open_s, unit_at=after(1 + open_s))]
    assert words(judged(entries)) == (faults, [])


MIN = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (timedelta(), ([], [])),
        (5 * MIN - S, ([], [])),
        (-5 * MIN, ([], [])),
        (6 * MIN, ([], ["clock-apart"])),
        (-6 * MIN, ([], ["clock-apart"])),
    ],
)
def test_clocks_that_differ_by_five_minutes_are_tolerated(
    ahead: timedelta, expected: tuple[list[str], list[str]]
) -> None:
    """Within the tolerance the controller's clock decides: the mandate began just before its lease."""
    papers = [authority(), mandate(starts_at=AT, ends_at=after(33))]
    entries = [opened(unit_at=after(1) + ahead), closed(unit_at=after(31) + ahead)]
    found = judged([*papers, lease(), media(), *entries])
    assert words(found) == expected
    assert all("300 s are tolerated" in doubt.sentence for doubt in found.doubts)


def test_an_opening_long_after_its_lease_is_outside() -> None:
    late = after(60) + 10 * MIN
    entries = [lease(), opened(unit_at=late, at=late + S), closed(unit_at=late + 30 * S, at=late + 40 * S)]
    assert words(judged([authority(), mandate(), *entries])) == (["after-lease"], [])


@pytest.mark.parametrize("year", [1970, 2026, 9999])
def test_whatever_times_a_unit_writes_there_is_a_verdict(year: int) -> None:
    """A unit that has been broken into writes what it likes; the watch over all the others has to go on."""
    when = datetime(year, 12, 31, 23, 59, tzinfo=UTC)
    longest = (1 << 32) - 1
    twice = [opened(unit_at=datetime(1970, 1, 1, tzinfo=UTC)), closed(unit_at=when), closed(unit_at=when, record=9)]
    for entries in (
        [opened(unit_at=when), closed(unit_at=when, open_s=longest)],
        [closed(unit_at=when, open_s=longest)],
        twice,
        [lease(), *twice],
        [lease(), opened(unit_at=when), closed(unit_at=when, open_s=longest)],
    ):
        assert judged([authority(), mandate(), *entries]).verdict == "outside"


def test_a_still_open_one_was_left_running_at_least_until_its_last_lease() -> None:
    entries = [authority(), mandate(), lease(), opened(), lease(at=after(50), expires_at=after(110))]
    found = judged([*entries, mandate_cancelled(after(30))])
    assert "left running for at least 20 s" in said(found, "mandate-cancelled-running")


def test_a_days_budget_is_passed_by_the_opening_that_passes_it() -> None:
    entries = [authority(), mandate(allows=allows(minutes=1))]
    for number in range(4):
        entries += whole(f"open-{number}", timedelta(minutes=number))
    found = {one.opening: words(one)[0] for one in openings_of(logged(entries), LATER, Told())}
    assert found == {
        "open-0": [],
        "open-1": [],
        "open-2": ["over-minutes"],
        "open-3": ["over-openings", "over-minutes"],
    }


def test_days_are_those_of_london_and_modalities_have_their_own_budgets() -> None:
    """23:00 UTC is midnight in a London summer: two openings on each side of it are one a day."""
    to_midnight = timedelta(hours=11)
    papers = [authority(), mandate(allows=allows(openings=1), ends_at=AT + timedelta(hours=20))]
    entries = [*papers, *whole("before", to_midnight - MIN), *whole("after", to_midnight)]
    audio: list[Any] = [lease(modalities=["audio"]), *(one for one in whole()[1:])]
    entries += [audio[0], *(msgspec.structs.replace(one, modality="audio") for one in audio[1:])]
    assert {one.verdict for one in openings_of(logged(entries), LATER, Told())} == {"inside"}
    entries += whole("again", to_midnight + MIN)
    outside = [one.opening for one in openings_of(logged(entries), LATER, Told()) if one.faults]
    assert outside == ["again"]


def test_minutes_over_midnight_count_on_both_days() -> None:
    papers = [authority(), mandate(allows=allows(minutes=1), ends_at=AT + timedelta(hours=20))]
    over = [lease(expires_at=after(200)), opened(), closed(open_s=150, unit_at=after(151))]
    found = judged([*papers, *(shifted(one, opening="open-1", by=timedelta(hours=11) - 76 * S) for one in over)])
    assert [one.sentence.split(" more")[0] + one.sentence[-10:] for one in found.faults] == [
        "15 s2026-07-10",
        "15 s2026-07-11",
    ]


def test_an_authority_as_it_was_recorded_by_then() -> None:
    """A review moves the next one on; what was opened before it is judged by what stood then."""
    first = authority(review_at=after(100))
    second = reviewed(after(90), after(9000))
    again = whole("open-2", 200 * S)
    found = openings_of(logged([first, second, mandate(), *whole(), *again]), LATER, Told())
    assert {one.verdict for one in found} == {"inside"}
    assert [words(one)[0] for one in openings_of(logged([first, mandate(), *again]), LATER, Told())] == [
        ["review-overdue"]
    ]


@pytest.mark.parametrize(
    ("entries", "faults"),
    [
        ([mandate(), *whole(), authority()], ["authority-recorded-later"]),
        ([authority(), *whole(), mandate()], ["mandate-recorded-later"]),
        ([authority(), lease(), mandate(), *whole()[1:]], ["mandate-recorded-later"]),
        ([authority(), *whole(), mandate(at=after(60))], ["mandate-late"]),
        ([*whole(), authority(), mandate()], ["mandate-recorded-later", "authority-recorded-later"]),
        ([authority(modalities=["audio"]), mandate(), *whole(), authority()], ["authority-modality"]),
        ([authority(review_at=START), mandate(), *whole(), reviewed(AT - S, None)], ["review-overdue"]),
        ([authority(), mandate(), *whole(), mandate_cancelled(AT - S)], ["mandate-cancelled"]),
        ([authority(), mandate(), *whole(), authority_cancelled(AT - S)], ["authority-cancelled"]),
    ],
)
def test_papers_that_came_into_the_log_after_the_opening_do_not_allow_it(
    entries: Sequence[Entry], faults: list[str]
) -> None:
    """Whatever time they say: an operator can backdate them, and not their place. Cancellations count all the same."""
    found = judged(entries)
    assert (words(found)[0], found.verdict) == (faults, "outside")
    assert all("entry 10" in said(found, word) for word in faults if word.endswith("-later"))


def test_a_review_between_two_leases_counts_for_the_second() -> None:
    renewal = lease(at=after(50), expires_at=after(110))
    review = reviewed(after(30), None)
    entries = [authority(review_at=after(40)), mandate(), lease(), media(), opened(), review, renewal, closed()]
    assert judged(entries).verdict == "inside"


def test_entries_of_another_form_are_named() -> None:
    facts, unreadable = read_facts([(4, b'{"kind":"media.began"}'), (9, b'{"kind":"person.added"}'), (11, b"\xff")])
    assert (facts, unreadable) == ([], [4, 9, 11])
    assert len(KINDS) == 10
