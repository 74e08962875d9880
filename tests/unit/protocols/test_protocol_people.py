from datetime import UTC, datetime
from random import Random
from typing import get_args

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocols.people import (
    PERMISSIONS,
    SIGNING_ROLES,
    ListedPerson,
    PeopleList,
    Permission,
    Role,
    may,
    people_hash,
    roles_with,
)

ROLES: tuple[Role, ...] = get_args(Role)
GRANTS: tuple[Permission, ...] = get_args(Permission)
CHANGING: set[Permission] = {
    "invite-unit",
    "decide-join",
    "command-unit",
    "change-settings",
    "acknowledge-event",
    "manage-people",
    "revoke-unit",
    "release-unit",
    "answer-error-report",
    "close-error-report",
    "manage-retention",
    "record-authority",
    "draft-mandate",
    "cancel-mandate",
    "check-unit",
    "serve-rota",
    "manage-rota",
    "work-deployment",
    "authorise-deployment",
    "manage-deployments",
    "keep-kit",
    "manage-kit",
    "manage-alarms",
    "sign-release",
    "manage-releases",
}

people = st.builds(
    ListedPerson,
    person_id=st.from_regex(r"\A[A-Z]{2}-[0-9]{2,6}\Z"),
    role=st.sampled_from(ROLES),
    key=st.from_regex(r"\Assh-ed25519 [A-Za-z0-9+/]{10}\Z"),
    valid_from=st.just(datetime(2026, 1, 1, tzinfo=UTC)),
    valid_until=st.just(datetime(2027, 1, 1, tzinfo=UTC)),
)

ENGINEER = ListedPerson(
    person_id="TO-12",
    role="engineer",
    key="ssh-ed25519 AAAA",
    valid_from=datetime(2026, 1, 1, tzinfo=UTC),
    valid_until=datetime(2027, 1, 1, tzinfo=UTC),
)


def test_the_table_is_whole_and_grants_only_what_exists() -> None:
    assert set(PERMISSIONS) == set(ROLES)
    assert set().union(*PERMISSIONS.values()) == set(GRANTS)
    for role in ROLES:
        for permission in GRANTS:
            assert may(role, permission) == (permission in PERMISSIONS[role]) == (role in roles_with(permission))


def test_an_inspector_sees_everything_and_changes_nothing() -> None:
    assert PERMISSIONS["inspector"] == set(GRANTS) - CHANGING


def test_an_administrator_keeps_people_and_neither_commands_units_nor_signs() -> None:
    assert PERMISSIONS["administrator"] & CHANGING == {"manage-people", "manage-retention", "sign-release"}
    assert "administrator" not in SIGNING_ROLES
    assert not may("administrator", "command-unit")
    assert not may("administrator", "decide-join")


def test_only_an_administrator_manages_people() -> None:
    assert roles_with("manage-people") == ["administrator"]


def test_an_approver_decides_and_neither_asks_nor_looks() -> None:
    assert PERMISSIONS["approver"] & CHANGING == {
        "close-error-report",
        "record-authority",
        "cancel-mandate",
        "serve-rota",
        "authorise-deployment",
    }


def test_everybody_sees_the_fleet_and_who_is_who() -> None:
    assert roles_with("see-fleet") == list(ROLES)
    assert roles_with("see-people") == list(ROLES)


def test_an_unknown_role_or_permission_grants_nothing() -> None:
    assert not may("engineer", "open-camera")  # type: ignore[arg-type]  # what is not in the table is denied
    with pytest.raises(KeyError):
        may("root", "see-fleet")  # type: ignore[arg-type]  # a role that does not exist can not be asked about


@given(st.lists(people, max_size=6), st.randoms())
@example([ENGINEER, msgspec.structs.replace(ENGINEER, role="supervisor")], Random(1))
def test_the_text_is_the_same_whatever_the_order(listed: list[ListedPerson], random: Random) -> None:
    shuffled = list(listed)
    random.shuffle(shuffled)
    text = PeopleList(version=1, people=listed).text()
    assert PeopleList(version=1, people=shuffled).text() == text
    assert PeopleList(version=1, people=listed[::-1]).text() == text


@given(st.lists(people, max_size=6))
def test_the_text_reads_back_to_the_same_people_and_the_same_text(listed: list[ListedPerson]) -> None:
    text = PeopleList(version=7, people=listed).text()
    read = msgspec.json.decode(text, type=PeopleList)
    assert sorted(read.people, key=repr) == sorted(listed, key=repr)
    assert read.text() == text
    assert len(people_hash(text)) == 32


@given(st.lists(people, min_size=1, max_size=4))
def test_a_different_list_has_a_different_hash(listed: list[ListedPerson]) -> None:
    whole = PeopleList(version=1, people=listed).text()
    assert people_hash(whole) != people_hash(PeopleList(version=2, people=listed).text())
    assert people_hash(whole) != people_hash(PeopleList(version=1, people=listed[1:]).text())


def test_an_unknown_field_in_a_people_list_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.json.decode('{"version":1,"people":[],"note":"x"}', type=PeopleList)


def test_an_engineer_revokes_and_only_a_supervisor_releases() -> None:
    assert roles_with("revoke-unit") == ["engineer", "supervisor"]
    assert roles_with("release-unit") == ["supervisor"]
