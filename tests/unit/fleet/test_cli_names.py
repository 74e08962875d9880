"""What typed names stand for, and what options may be."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.cli.names import the_one
from fleet.cli.options import Form, ShortLine, WholeNumber, span
from fleet.errors import Conflict, NotFound

UNITS = {"unit-aaaa2222": "van kit 1", "unit-aaab3333": "van kit 2", "unit-bbbb4444": "van kit 2", "unit-cccc5555": ""}
IDS = st.text("abc-", min_size=1, max_size=6)


def one(typed: str) -> str:
    return the_one("unit", typed, UNITS, "fleet unit list")


@pytest.mark.parametrize(
    ("typed", "unit_id"),
    [
        ("unit-aaaa2222", "unit-aaaa2222"),
        ("unit-b", "unit-bbbb4444"),
        ("UNIT-B", "unit-bbbb4444"),
        ("van kit 1", "unit-aaaa2222"),
        (" Van Kit 1", "unit-aaaa2222"),
    ],
)
def test_an_id_its_beginning_and_a_label_name_a_unit(typed: str, unit_id: str) -> None:
    assert one(typed) == unit_id


def test_what_names_several_is_refused_with_their_names() -> None:
    with pytest.raises(Conflict) as refused:
        one("van kit 2")
    assert refused.value.problem.message == (
        "'van kit 2' may be unit-aaab3333 (van kit 2) or unit-bbbb4444 (van kit 2)"
    )
    many = {f"unit-{number:08}": "" for number in range(12)}
    with pytest.raises(Conflict) as refused:
        the_one("unit", "unit", many, "fleet unit list")
    assert refused.value.problem.message.endswith("or 7 more")


@pytest.mark.parametrize("typed", ["", " ", "nit-a", "van kit", "unit-d"])
def test_what_names_nothing_is_refused(typed: str) -> None:
    with pytest.raises(NotFound) as refused:
        one(typed)
    assert "fleet unit list" in refused.value.problem.remedy


@given(st.dictionaries(IDS, IDS | st.just(""), min_size=1), st.data())
def test_a_whole_id_always_names_itself_and_an_answer_is_always_known(
    labels: dict[str, str], data: st.DataObject
) -> None:
    whole = data.draw(st.sampled_from(sorted(labels)))
    assert the_one("unit", whole, labels, "") == whole
    typed = data.draw(IDS)
    try:
        found = the_one("unit", typed, labels, "")
    except (NotFound, Conflict):
        return
    assert found.startswith(typed) or labels[found] == typed


@pytest.mark.parametrize(("text", "length"), [("30min", timedelta(minutes=30)), ("2h", timedelta(hours=2))])
def test_a_length_of_time(text: str, length: timedelta) -> None:
    assert span(text) == length


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (WholeNumber(1, 5), [None, 1, 5], [0, 6, -1]),
        (ShortLine(1, 3), [None, "a", "abc", "äöü"], ["", "abcd", "a\n", "a\x1b", "\u202e"]),
    ],
)
def test_kinds_of_options(kind: WholeNumber | ShortLine | Form, good: list[object], bad: list[object]) -> None:
    for value in good:
        kind(None, value)
    for value in bad:
        with pytest.raises(ValueError, match=kind.words):
            kind(None, value)
