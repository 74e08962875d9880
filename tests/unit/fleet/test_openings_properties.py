"""Whatever order entries come in, and whatever else is in the log, an opening has one verdict."""

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.entries.entry import Entry
from fleet.openings.facts import Logged
from fleet.openings.openings import Told, openings_of
from tests.support.opening_entries import (
    AT,
    UNIT,
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
    whole,
)

OTHER = {"unit": "unit-wxyz6789", "opening": "open-9", "mandate": "m-9", "authority": "X-9"}
SECONDS = st.integers(-400, 400)
WHEN = SECONDS.map(lambda seconds: AT + timedelta(seconds=seconds))
NOW = AT + timedelta(days=1)


@st.composite
def entries(draw: st.DrawFn) -> list[Entry]:
    """Papers and openings with times moved about, and pieces missing."""
    found: list[Entry] = [
        authority(
            starts_at=draw(WHEN), review_at=draw(st.none() | WHEN), modalities=draw(st.sampled_from([["video"], []]))
        ),
        mandate(starts_at=draw(WHEN), ends_at=draw(WHEN), allows=allows(minutes=draw(st.integers(1, 2)))),
        mandate_cancelled(draw(WHEN)),
        reviewed(draw(WHEN), draw(st.none() | WHEN)),
        authority_cancelled(draw(WHEN)),
        lease(at=draw(WHEN), expires_at=draw(WHEN)),
        media(at=draw(WHEN)),
        opened(at=draw(WHEN), unit_at=draw(st.none() | WHEN)),
        closed(at=draw(WHEN), unit_at=draw(st.none() | WHEN), open_s=draw(st.integers(0, 400))),
        refused(),
        *whole("open-2", timedelta(seconds=draw(SECONDS))),
    ]
    return [one for one in found if draw(st.integers(0, 5))]


def _unrelated(number: int) -> Entry:
    made: list[Any] = [
        authority(authority=OTHER["authority"], authority_id="A-9"),
        mandate(**{name: OTHER[name] for name in ("unit", "mandate", "authority")}, authority_id="A-9"),
        mandate_cancelled(AT, OTHER["mandate"]),
        authority_cancelled(AT, "A-9"),
        lease(**OTHER),
        media(**{name: OTHER[name] for name in ("unit", "opening")}),
        opened(**OTHER),
        closed(**{name: OTHER[name] for name in ("unit", "opening")}),
        refused(opening="open-9", unit=OTHER["unit"]),
    ]
    one: Entry = made[number]
    return one


@given(entries(), st.randoms(use_true_random=False), st.booleans())
@settings(max_examples=60)
def test_the_order_of_arrival_does_not_matter(found: list[Entry], chance: Any, twice: bool) -> None:
    facts: list[Logged[Any]] = logged(found)
    shuffled = [*facts, *facts] if twice else list(facts)
    chance.shuffle(shuffled)
    assert openings_of(shuffled, NOW, Told()) == openings_of(facts, NOW, Told())


@given(entries(), st.integers(0, 8))
@settings(max_examples=60)
def test_an_entry_about_something_else_changes_nothing(found: list[Entry], number: int) -> None:
    facts: list[Logged[Any]] = logged(found)
    more = facts + logged([_unrelated(number)], first=5000)
    ours = [one for one in openings_of(more, NOW, Told()) if one.unit == UNIT]
    assert ours == openings_of(facts, NOW, Told())


@given(entries())
@settings(max_examples=60)
def test_a_verdict_is_what_its_findings_say(found: list[Entry]) -> None:
    for opening in openings_of(logged(found), NOW, Told()):
        expected = "outside" if opening.faults else "unknown" if opening.doubts else "inside"
        assert opening.verdict == expected
        assert all(one.sentence and len(one.sentence) <= 200 for one in (*opening.faults, *opening.doubts))
        assert set(opening.entries) <= set(range(100, 100 + len(found)))
