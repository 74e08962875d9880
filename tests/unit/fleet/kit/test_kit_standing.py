"""What an item's one word is, and whether it may go out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.kit.rules.codes import code_of, typed_code
from fleet.kit.rules.running import begun, step
from fleet.kit.rules.standing import STANDINGS, KitFacts, Reserved, can_go_out, standing_of, what_stops
from protocols.kit import DueMaintenance

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OVERDUE = DueMaintenance(
    rule="seals", what="check the seals", procedure="OP014", due_at=NOW, counter=None, left=None, standing="overdue"
)


def reserved(starts: timedelta, deployment: str = "DEP-7") -> Reserved:
    return Reserved(deployment=deployment, starts_at=NOW + starts, ends_at=NOW + starts + 3 * DAY)


def item(**changes: Any) -> KitFacts:
    facts: dict[str, Any] = {"condition": "good", "service": "in-service", "custodian": "SU-01", "place": "STORE-1"}
    return KitFacts(item="K-0042", **(facts | changes))


OUT: dict[str, Any] = {"place": None, "custodian": "TO-12", "deployment": "DEP-3"}


@pytest.mark.parametrize(
    ("facts", "standing", "rules"),
    [
        (item(), "available", []),
        (item(condition="worn"), "available", []),
        (item(reserved=[reserved(25 * HOUR)]), "available", []),
        (item(reserved=[reserved(24 * HOUR)]), "reserved", ["kit-reserved"]),
        (item(reserved=[reserved(-HOUR)]), "reserved", ["kit-reserved"]),
        (item(reserved=[reserved(-4 * DAY)]), "available", []),
        (item(**OUT), "out", ["kit-out"]),
        (item(**OUT, expected_back_at=NOW + HOUR), "out", ["kit-out"]),
        (item(**OUT, expected_back_at=NOW), "overdue", ["kit-overdue"]),
        (item(expected_back_at=NOW), "available", []),
        (item(condition="damaged"), "unserviced", ["kit-damaged"]),
        (item(due=[OVERDUE]), "unserviced", ["kit-unserviced"]),
        (item(**OUT, expected_back_at=NOW, due=[OVERDUE]), "unserviced", ["kit-unserviced", "kit-overdue"]),
        (item(service="quarantined", due=[OVERDUE]), "quarantined", ["kit-quarantined", "kit-unserviced"]),
        (item(service="in-repair", condition="damaged"), "in-repair", ["kit-in-repair", "kit-damaged"]),
        (item(service="in-repair", condition="failed"), "failed", ["kit-in-repair", "kit-failed"]),
        (item(service="lost", condition="failed"), "gone", ["kit-gone", "kit-failed"]),
        (item(service="disposed"), "gone", ["kit-gone"]),
    ],
)
def test_the_worst_word_holds_and_each_reason_is_named(facts: KitFacts, standing: str, rules: list[str]) -> None:
    assert standing_of(facts, NOW) == standing
    found = what_stops(facts, NOW)
    assert [one.rule for one in found] == rules
    assert all(one.answer == "refused" and one.whose and one.remedy and "K-0042" in one.sentence for one in found)
    assert can_go_out(facts, NOW) == (found[0].sentence if found else "")


def test_what_is_kept_for_a_deployment_goes_out_for_that_one() -> None:
    kept = item(reserved=[reserved(-HOUR)])
    assert can_go_out(kept, NOW, deployment="DEP-7") == ""
    assert can_go_out(kept, NOW, deployment="DEP-8") == "K-0042 is kept for DEP-7 now"
    next_door = item(reserved=[reserved(30 * HOUR, "DEP-9")])
    assert can_go_out(next_door, NOW, deployment="DEP-7", until=NOW + 30 * HOUR) == ""
    assert can_go_out(next_door, NOW, deployment="DEP-7", until=NOW + 31 * HOUR)
    soon = item(reserved=[reserved(30 * HOUR)])
    assert can_go_out(soon, NOW, until=NOW + 29 * HOUR) == ""
    assert can_go_out(soon, NOW, until=NOW + 31 * HOUR) == "K-0042 is kept for DEP-7 from 2026-03-02 15:00 UTC"


def test_the_reason_says_who_has_it_and_since_when_it_is_late() -> None:
    assert can_go_out(item(**OUT), NOW) == "K-0042 is out with TO-12 for DEP-3"
    late = "K-0042 is out with TO-12 for DEP-3, and should have been back at 2026-03-01 09:00 UTC"
    assert can_go_out(item(**OUT, expected_back_at=NOW), NOW) == late
    assert can_go_out(item(due=[OVERDUE]), NOW) == "maintenance of K-0042 is overdue: check the seals (OP014)"


@given(
    st.builds(
        item,
        condition=st.sampled_from(["good", "worn", "damaged", "failed"]),
        service=st.sampled_from(["in-service", "quarantined", "in-repair", "lost", "disposed"]),
        place=st.sampled_from([None, "STORE-1"]),
        expected_back_at=st.sampled_from([None, NOW - DAY, NOW + DAY]),
        due=st.sampled_from([[], [OVERDUE]]),
        reserved=st.sampled_from([[], [reserved(-HOUR)], [reserved(2 * DAY)]]),
    )
)
def test_only_what_is_available_can_go_out(facts: KitFacts) -> None:
    standing = standing_of(facts, NOW)
    assert (standing == "available") == (can_go_out(facts, NOW) == "")
    assert standing in STANDINGS


@pytest.mark.parametrize("typed", ["K-0042", "k-42", "K42", " 0042\r", "42", "k-000042"])
def test_a_code_is_known_however_it_is_typed(typed: str) -> None:
    assert typed_code(typed) == "K-0042"
    assert code_of(123456) == typed_code("123456") == "K-123456"


@pytest.mark.parametrize("typed", ["", "K", "K-", "K-0", "0000", "K-1234567", "X-0042", "K--42", "K-0042 K-0043", "٤٢"])
def test_what_is_no_code_is_none(typed: str) -> None:
    assert typed_code(typed) is None


def test_a_reboot_counts_what_ran_since_and_a_gap_does_not() -> None:
    first = begun(100, NOW)
    same = step(first, 400, NOW + HOUR)
    assert (same.total_s, same.uptime_s) == (400, 400)
    assert step(same, 400, NOW + HOUR) == same
    rebooted = step(same, 30, NOW + 5 * HOUR)
    assert (rebooted.total_s, rebooted.uptime_s) == (430, 30)


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(-(10**6), 10**6)), max_size=30))
def test_running_never_shrinks_and_never_exceeds_what_was_told(reports: list[tuple[int, int]]) -> None:
    running = begun(0, NOW)
    for uptime_s, offset_s in reports:
        after = step(running, uptime_s, NOW + timedelta(seconds=offset_s))
        assert 0 <= after.total_s - running.total_s <= uptime_s
        running = after
