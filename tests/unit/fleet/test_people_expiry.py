"""Who is told about when their access ends."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from fleet.people.expiry import warning_due
from fleet.store.people import Person
from protocols.people import Role

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
ADA = Person(
    person_id="AD-01",
    name="Ada",
    role="administrator",
    public_key="ssh-ed25519 AAAA",
    key_fingerprint="SHA256:x",
    valid_from=NOW - timedelta(days=300),
    valid_until=NOW + timedelta(days=60),
)


def told(person: Person, now: datetime) -> str | None:
    event = warning_due(person, now)
    return None if event is None or event.repeat_key is None else event.repeat_key.rpartition(":")[2]


@pytest.mark.parametrize(
    ("left", "days"),
    [
        (timedelta(days=31), None),
        (timedelta(days=30, seconds=1), None),
        (timedelta(days=30), "30"),
        (timedelta(days=7, seconds=1), "30"),
        (timedelta(days=7), "7"),
        (timedelta(seconds=1), "7"),
        (timedelta(0), None),
        (timedelta(days=-3), None),
    ],
)
def test_the_end_is_told_thirty_and_seven_days_before(left: timedelta, days: str | None) -> None:
    assert told(ADA, ADA.valid_until - left) == days


@pytest.mark.parametrize(
    ("role", "says"),
    [("administrator", True), ("engineer", True), ("supervisor", True), ("approver", True), ("inspector", False)],
)
def test_it_is_told_of_those_who_sign(role: Role, *, says: bool) -> None:
    person = msgspec.structs.replace(ADA, role=role)
    assert (told(person, person.valid_until - timedelta(days=1)) is not None) == says


def test_another_term_is_told_of_again_and_an_ended_access_never() -> None:
    at = ADA.valid_until - timedelta(days=1)
    longer = msgspec.structs.replace(ADA, valid_until=ADA.valid_until + timedelta(hours=1))
    one, other = warning_due(ADA, at), warning_due(longer, at)
    assert one is not None
    assert other is not None
    assert one.repeat_key != other.repeat_key
    assert "fleet person rekey AD-01" in one.summary
    assert len(one.summary) <= 200
    assert warning_due(msgspec.structs.replace(ADA, ended_at=at), at) is None
