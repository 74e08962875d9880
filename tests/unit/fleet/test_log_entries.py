"""What an entry of the deployment log says, and what it never says."""

import hashlib
import inspect
from datetime import UTC, datetime

import msgspec
import pytest

from fleet.entries import people_and_units
from fleet.entries.entry import Entry, HashedText, encode, kind_of, texts_of
from fleet.entries.people_and_units import UnitLabelled

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
KINDS = [
    kind
    for _, kind in inspect.getmembers(people_and_units, inspect.isclass)
    if issubclass(kind, Entry) and kind is not Entry
]


def test_free_text_enters_as_a_salted_hash_and_can_be_proven() -> None:
    entry = UnitLabelled(at=NOW, actor="TO-12", unit="unit-abcdefgh", label=HashedText("van kit"))
    body = encode(entry)
    ((field, hashed),) = texts_of(entry)
    assert field == "label"
    assert b"van kit" not in body
    assert msgspec.json.decode(body)["label"] == {"sha256": hashlib.sha256(hashed.salt + b"van kit").hexdigest()}


def test_the_same_text_hashes_differently_each_time() -> None:
    assert HashedText("van kit").sha256 != HashedText("van kit").sha256


def test_an_entry_begins_with_its_version_and_kind_of_processing() -> None:
    entry = UnitLabelled(at=NOW, actor="TO-12", unit="unit-abcdefgh", label=HashedText(""))
    assert encode(entry).startswith(b'{"v":1,"dpa":"alteration","kind":"unit.labelled","at":"2026-11-21T03:00:00Z"')


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_has_a_name_of_its_own_and_no_place_for_a_subject(kind: type[Entry]) -> None:
    tag = str(kind.__struct_config__.tag)
    assert [str(other.__struct_config__.tag) for other in KINDS].count(tag) == 1
    assert not {"address", "latitude", "longitude", "subject", "name"} & set(kind.__struct_fields__)


def test_the_kind_is_the_tag() -> None:
    assert kind_of(UnitLabelled(at=NOW, actor="TO-12", label=HashedText(""))) == "unit.labelled"
