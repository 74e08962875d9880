"""What stands beside an entry follows from its body alone."""

import msgspec
import pytest

from fleet.entries.columns import Columns, columns_of, differing
from fleet.entries.entry import encode
from tests.support.opening_entries import AUTHORITY, OPENING, UNIT, authority, mandate, opened


def test_columns_are_what_the_body_says() -> None:
    entry = opened(person="TO-44", deployment="DEP-1")
    assert columns_of(encode(entry)) == Columns(
        "modality.opened", UNIT, "unit", entry.at, AUTHORITY, "DEP-1", "TO-44", OPENING
    )
    assert columns_of(encode(authority()))[1:2] + columns_of(encode(authority()))[6:] == (None, None, None)


@pytest.mark.parametrize("name", Columns._fields)
def test_each_column_that_says_something_else_is_named(name: str) -> None:
    body = encode(opened())
    columns = columns_of(body)
    fields = columns._asdict()
    assert differing(columns, body) == []
    for other in (None, "else", columns.at.replace(year=2020)):
        changed = Columns(**(fields | {name: other}))
        assert differing(changed, body) == ([] if other == fields[name] else [name])


def test_bodies_of_the_first_schemas_had_no_columns_for_persons() -> None:
    old = b'{"v":1,"dpa":"life","kind":"person.ended","at":"2026-01-02T03:04:05Z","actor":"AD-1","person":"X"}'
    assert columns_of(old).person is None
    fields = msgspec.json.decode(old) | {"authority": None}
    assert columns_of(msgspec.json.encode(fields)).person == "X"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"kind":"x"}', b'{"kind":1,"at":2,"actor":3}', b"\xff", b"[" * 9999]
)
def test_what_is_no_entry_has_no_columns(body: bytes) -> None:
    with pytest.raises(ValueError, match="can not be read"):
        columns_of(body)


def test_a_mandates_requester_is_not_the_person_beside_it() -> None:
    assert columns_of(encode(mandate())).person is None
