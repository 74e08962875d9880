"""Each erasure that the database wrote down needs an entry of its own."""

from datetime import UTC, date, datetime

import msgspec

from fleet.entries.entry import CONTROLLER, encode
from fleet.entries.log import TextsErased
from fleet.keeping.untold import untold
from fleet.store.legal_holds import StoredErasure

AT = datetime(2026, 11, 22, tzinfo=UTC)
ENTRY = TextsErased(
    at=AT, actor=CONTROLLER, kept_from=date(2023, 11, 22), kinds=["a", "b"], texts=3, held=1, first=7, last=9
)


def erasure(number: int, texts: int = 3) -> StoredErasure:
    return StoredErasure(number, AT, datetime(2023, 11, 22, tzinfo=UTC), ["a", "b"], texts, 1, 7, 9)


def test_each_entry_tells_of_one_erasure() -> None:
    assert untold([erasure(1)], [encode(ENTRY)]) == []
    assert untold([erasure(1), erasure(2)], [encode(ENTRY)]) == [erasure(2)]
    assert untold([erasure(1), erasure(2)], [encode(ENTRY)] * 2) == []


def test_an_entry_that_says_something_else_or_nothing_tells_of_none() -> None:
    for other in (
        {"texts": 2},
        {"held": 0},
        {"kinds": ["a"]},
        {"first": 6},
        {"last": 8},
        {"kept_from": date(2023, 1, 1)},
    ):
        assert untold([erasure(1)], [encode(msgspec.structs.replace(ENTRY, **other))]) == [erasure(1)]
    assert untold([erasure(1)], [b"{}", b"", b'{"kinds":"\xff"}', b"\x00"]) == [erasure(1)]
